"""What the token bucket must do, in words: a scenario a vector."""

import token_bucket_changes
import token_bucket_peers
import token_bucket_reserving
import token_bucket_taking
import token_bucket_warm_up
from scenario import Vector


def vectors() -> list[Vector]:
    return [
        *token_bucket_taking.vectors(),
        *token_bucket_reserving.vectors(),
        *token_bucket_changes.vectors(),
        *token_bucket_peers.vectors(),
        *token_bucket_warm_up.vectors(),
    ]
