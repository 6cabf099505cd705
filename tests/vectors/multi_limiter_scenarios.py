"""What the multi limiter must do, in words: a scenario a vector."""

import token_bucket_steps as bucket
from multi_limiter_steps import ask, change, leaky_bucket, look, member, token_bucket, vector
from scenario import MS, TEN_YEARS, S, Vector

SECOND = token_bucket(rate=10.0, burst=2)
MINUTE = leaky_bucket(rate=1.0, capacity=5)
NEVER = bucket.NEVER


def vectors() -> list[Vector]:
    return [*taking(), *members()]


def taking() -> list[Vector]:
    return [
        vector(
            "All or none",
            "bucket4j, several bandwidths of one bucket",
            [SECOND, MINUTE],
            [
                ask(2, at=0, remaining=0, limit=2, reset_after_ns=200 * MS),
                ask(1, at=0, expect="exhausted", retry_after_ns=100 * MS, remaining=0, limit=2),
                ask(2, at=200 * MS, remaining=0),
                member(1, bucket.look(at=200 * MS, level=4)),
                ask(2, at=400 * MS, expect="exhausted", refuser=1, remaining=1, limit=5,
                    retry_after_ns=600 * MS),
                member(0, bucket.look(at=400 * MS, tokens=2)),
                ask(1, at=400 * MS, remaining=0, limit=5, next_after_ns=600 * MS),
                ask(1, at=S - 1, expect="exhausted", refuser=1, retry_after_ns=1),
                ask(1, at=S),
                look(at=S, total_admitted=4, total_refused=3, total_dry_run=0,
                     total_given_back=0),
                member(0, bucket.look(at=S, tokens=1, total_admitted=4, total_refused=0)),
                member(1, bucket.look(at=S, level=5, total_admitted=4, total_refused=0)),
            ],
        ),
        vector(
            "More than a member ever gives",
            "Spillway",
            [MINUTE, SECOND],
            [
                ask(3, at=0, expect="exceeds_member", refuser=1, remaining=2, limit=2,
                    retry_after_ns=NEVER),
                ask(6, at=0, expect="exceeds_member", refuser=0, retry_after_ns=NEVER),
                ask(2, at=0),
                ask(2, at=0, expect="exhausted", refuser=1, retry_after_ns=200 * MS),
                ask(2, at=200 * MS),
                ask(2, at=200 * MS, expect="exhausted", refuser=0, retry_after_ns=800 * MS),
                ask(3, at=200 * MS, expect="exhausted", refuser=0, retry_after_ns=NEVER),
            ],
            note="The first that refuses says why; whether waiting helps, all of them.",
        ),
        vector(
            "Nothing is taken where nothing is asked for, nor of a count that cannot be",
            "Spillway",
            [SECOND, MINUTE],
            [
                ask(0, at=0, remaining=2, limit=2, reset_after_ns=0),
                ask(-1, at=0, expect="misuse"),
                look(at=0, total_admitted=0, total_refused=0),
                ask(2, at=0),
                ask(0, at=0, remaining=0),
                member(1, bucket.look(at=0, level=2)),
            ],
        ),
        vector(
            "A dry run takes what is there and refuses nothing",
            "Spillway",
            [SECOND, MINUTE],
            [
                ask(2, at=0),
                ask(1, at=0),
                ask(9, at=0),
                look(at=0, total_admitted=1, total_refused=0, total_dry_run=2),
                member(1, bucket.look(at=0, level=2)),
                change(at=0, dry_run=False),
                ask(1, at=0, expect="exhausted"),
            ],
            dry_run=True,
        ),
        vector(
            "Without counting nothing is counted, but by the members",
            "Spillway",
            [SECOND, MINUTE],
            [
                ask(1, at=0, times=2),
                ask(1, at=0, expect="exhausted"),
                look(at=0, total_admitted=0, total_refused=0),
                member(0, bucket.look(at=0, total_admitted=2)),
            ],
            counted=False,
        ),
        vector(
            "Exact polling through three limits",
            "golang.org/x/time/rate in float arithmetic refuses some (scenario 22)",
            [SECOND, token_bucket(rate=10.0), leaky_bucket(rate=10.0)],
            [ask(1, at=0, every=100 * MS, times=2000), look(at=200 * S, total_admitted=2000)],
            origins=[0, TEN_YEARS],
        ),
    ]  # fmt: skip


def members() -> list[Vector]:
    return [
        vector(
            "A member is used by others too",
            "Spillway",
            [SECOND, MINUTE],
            [
                member(0, bucket.take(1, at=0)),
                ask(1, at=0),
                ask(1, at=0, expect="exhausted"),
                member(1, bucket.take(1, at=0), bucket.take(3, at=0)),
                ask(1, at=100 * MS, expect="exhausted", refuser=1, retry_after_ns=900 * MS),
                member(0, bucket.look(at=100 * MS, tokens=1)),
            ],
        ),
        vector(
            "A member that only tries out lets all calls pass",
            "Spillway",
            [token_bucket(rate=10.0, burst=1, dry_run=True), MINUTE],
            [
                ask(1, at=0),
                ask(2, at=0),
                ask(1, at=0),
                member(0, bucket.look(at=0, tokens=0, total_admitted=1, total_dry_run=2)),
                ask(2, at=0, expect="exhausted", refuser=1, retry_after_ns=S),
                member(0, bucket.look(at=0, total_dry_run=2)),
            ],
        ),
        vector(
            "A member is changed in between",
            "Spillway",
            [SECOND, MINUTE],
            [
                ask(2, at=0),
                member(0, bucket.change(at=0, inheritance="additive", rate=1.0, burst=10)),
                ask(3, at=0),
                ask(1, at=0, expect="exhausted", refuser=1, retry_after_ns=S),
                member(1, bucket.change(at=0, rate=2.0, capacity=20)),
                ask(5, at=0),
                ask(1, at=0, expect="exhausted", refuser=0, retry_after_ns=S, limit=10),
                ask(1, at=S),
            ],
        ),
        vector(
            "Time begins with the first call of any of them",
            "Spillway",
            [token_bucket(rate=1.0, burst=2, initial_tokens=0),
             token_bucket(rate=2.0, burst=2, initial_tokens=0)],
            [
                ask(1, at=S, expect="exhausted", retry_after_ns=S),
                member(1, bucket.look(at=1500 * MS, tokens=1)),
                ask(1, at=2 * S),
                ask(1, at=2 * S, expect="exhausted", retry_after_ns=S),
            ],
            note="Though the first member refuses alone, the second begins to fill.",
        ),
        vector(
            "Calls of what is free at once, of buckets that make wait",
            "Spillway",
            [leaky_bucket(rate=10.0, capacity=6, free=2), SECOND],
            [
                ask(3, at=0, expect="exceeds_member", limit=6, retry_after_ns=NEVER),
                ask(2, at=0, remaining=0, limit=2),
                ask(1, at=0, expect="exhausted", remaining=4, limit=6, retry_after_ns=100 * MS),
                member(0, bucket.reserve("A", 4, at=0, delay_ns=400 * MS)),
                ask(1, at=100 * MS, expect="exhausted", retry_after_ns=400 * MS),
                ask(1, at=500 * MS),
            ],
        ),
        vector(
            "Stale timestamps mint nothing",
            "golang #71360 and others (scenario 6)",
            [token_bucket(rate=1.0, burst=3), leaky_bucket(rate=1.0, capacity=2)],
            [
                ask(1, at=10 * S),
                ask(1, at=0, expect="exhausted", retry_after_ns=10 * S, refuser=0),
                ask(1, at=10 * S),
                *(ask(1, at=at, expect="exhausted", refuser=at // (10 * S))
                  for _ in range(9) for at in (0, 10 * S)),
                member(0, bucket.look(at=10 * S, tokens=1)),
            ],
        ),
    ]  # fmt: skip
