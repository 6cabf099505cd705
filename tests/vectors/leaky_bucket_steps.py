"""A scenario of the leaky bucket, and what the reference says to it. The steps are those of the
token bucket."""

from collections.abc import Iterable, Mapping
from typing import Any

from reference_leaky_bucket import SCHEMA, LeakyBucket, make_options
from scenario import Step, Vector, envelope
from token_bucket_steps import BucketReplay, usual_origins


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    made = make_options(options)
    if not SCHEMA.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or usual_origins(made.rate)
    for origin in used:
        BucketReplay(name, LeakyBucket(made), origin).run(steps)
    return envelope(name, source, note, dict(options), used, steps)
