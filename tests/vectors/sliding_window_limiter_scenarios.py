"""What the sliding window limiter must do, in words: a scenario a vector."""

from collections.abc import Iterable, Mapping
from typing import Any

from reference_sliding_window_limiter import SCHEMA, SlidingWindowLimiter, make_options
from scenario import MS, TEN_YEARS, S, Step, Vector, envelope, ns
from token_bucket_steps import NEVER, BucketReplay, look, take

TWO_A_SECOND = {"limit": 2, "per_ns": S}
THREE_A_SECOND = {"limit": 3, "per_ns": S}
USUAL_ORIGINS = [0, TEN_YEARS, 2**62 - 150 * MS, 2**62 + 1]


# ---- steps beside those of the token bucket


def reset(at: int) -> Step:
    return {"reset": True, "at": at}


class _Replay(BucketReplay):
    def _reset(self, step: Step, at: int) -> None:
        self.bucket.reset()


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    made = make_options(options)
    if not SCHEMA.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or USUAL_ORIGINS
    for origin in used:
        _Replay(name, SlidingWindowLimiter(made), origin).run(steps)
    return envelope(name, source, note, dict(options), used, steps)


def vectors() -> list[Vector]:
    return [*peers(), *windows(), *clocks(), *several(), *counted(), *resets()]


def peers() -> list[Vector]:
    return [
        vector(
            "limits: no second helping at the boundary of a fixed window",
            "limits, FixedWindowRateLimiter",
            {"limit": 100, "per_ns": 60 * S},
            [
                take(1, at=ns(59.9), times=100),
                take(1, at=60 * S, expect="exhausted", retry_after_ns=ns(59.9)),
                take(1, at=ns(119.9) - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=ns(119.9), times=100),
            ],
            note="There 200 pass within 0.1 s: a new window begins with the minute.",
        ),
        vector(
            "ratelimit: twice as many at the boundary",
            "tomasbasham/ratelimit, issue 31",
            {"limit": 10, "per_ns": S},
            [
                take(1, at=0),
                take(1, at=ns(0.999), times=9),
                take(1, at=1 * S),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=ns(0.999)),
                take(1, at=ns(1.999), times=9),
            ],
            note="There the period begins with the first call, and 19 pass between 0.999 and 1 s.",
        ),
        vector(
            "aiolimiter: a burst and what flows in beside it",
            "aiolimiter, issue 200",
            {"limit": 10, "per_ns": S},
            [
                take(1, at=0, times=10),
                take(1, at=100 * MS, every=100 * MS, times=9, expect="exhausted"),
                take(1, at=1 * S, times=9),
                take(1, at=1 * S, remaining=0),
            ],
            note="A leaky bucket lets one pass each 100 ms: 19 in the first second.",
        ),
        vector(
            "PyrateLimiter: nobody waits longer than they must",
            "PyrateLimiter, buffer_ms = 50",
            {"limit": 5, "per_ns": S},
            [
                take(1, at=0, every=100 * MS, times=5),
                take(1, at=500 * MS, expect="exhausted", retry_after_ns=500 * MS),
                take(1, at=1 * S),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=ns(1.1)),
            ],
            note="There 50 ms are added to each wait.",
        ),
        vector(
            "limits: a call that one window refuses takes nothing from the others",
            "limits, several limits hit one after the other",
            {"limit": 5, "per_ns": 10 * S, "second_limit": 1, "second_per_ns": S},
            [
                take(1, at=0, remaining=0, next_after_ns=1 * S),
                take(1, at=0, times=100, expect="exhausted", retry_after_ns=1 * S),
                take(1, at=1 * S, every=1 * S, times=4),
                take(1, at=5 * S, expect="exhausted", retry_after_ns=5 * S),
                look(at=5 * S, in_window=5, total_admitted=5, total_refused=101),
                take(1, at=10 * S),
            ],
            note="There each refused call has taken a place of the limits before.",
        ),
    ]


def windows() -> list[Vector]:
    return [
        vector(
            "what is said of each decision",
            "own",
            THREE_A_SECOND,
            [
                take(0, at=0, remaining=3, limit=3, reset_after_ns=0, next_after_ns=0),
                take(1, at=0, remaining=2, limit=3, reset_after_ns=S, next_after_ns=S),
                take(1, at=100 * MS, remaining=1, reset_after_ns=S, next_after_ns=900 * MS),
                take(1, at=400 * MS, remaining=0, reset_after_ns=S, next_after_ns=600 * MS),
                take(
                    1,
                    at=500 * MS,
                    expect="exhausted",
                    remaining=0,
                    limit=3,
                    reset_after_ns=900 * MS,
                    retry_after_ns=500 * MS,
                    next_after_ns=500 * MS,
                ),
                take(0, at=1 * S, remaining=1, reset_after_ns=400 * MS, next_after_ns=100 * MS),
                take(1, at=ns(1.1), remaining=1, reset_after_ns=S, next_after_ns=300 * MS),
                take(0, at=ns(1.4), remaining=2, reset_after_ns=700 * MS, next_after_ns=700 * MS),
                take(0, at=ns(2.1), remaining=3, reset_after_ns=0, next_after_ns=0),
            ],
        ),
        vector(
            "the window is half open: what is as old as it has left it",
            "own",
            {"limit": 1, "per_ns": 10},
            [
                take(1, at=0),
                take(1, at=9, expect="exhausted", retry_after_ns=1),
                take(1, at=10),
                take(1, at=19, expect="exhausted"),
                take(1, at=20),
            ],
        ),
        vector(
            "a call takes one",
            "own",
            THREE_A_SECOND,
            [
                take(2, at=0, expect="exceeds_one", remaining=3, retry_after_ns=NEVER),
                take(3, at=0, expect="exceeds_one"),
                take(-1, at=0, expect="misuse"),
                take(0, at=0, remaining=3),
                look(at=0, in_window=0, total_admitted=0, total_refused=2),
                take(1, at=0, remaining=2),
            ],
        ),
        vector(
            "a nanosecond is a window too",
            "own",
            {"limit": 1, "per_ns": 1},
            [
                take(1, at=0, every=1, times=1000),
                take(1, at=999, expect="exhausted", retry_after_ns=1),
                take(1, at=1000),
            ],
        ),
        *(
            vector(
                f"at each {limit}th part of the window one is admitted, lap after lap",
                "own",
                {"limit": limit, "per_ns": limit * MS},
                [
                    take(1, at=0, every=MS, times=200),
                    take(1, at=200 * MS - 1, expect="exhausted", retry_after_ns=1),
                    take(1, at=200 * MS, every=MS, times=200),
                    look(at=399 * MS, in_window=limit, total_admitted=400),
                ],
            )
            for limit in (2, 3, 7)
        ),
    ]


def clocks() -> list[Vector]:
    alternating = [
        take(1, at=at, expect="exhausted", remaining=0) for _ in range(49) for at in (10 * S, 0)
    ]
    return [
        vector(
            "clocks that disagree mint nothing",
            "own (scenario 6, for a window)",
            TWO_A_SECOND,
            [
                take(1, at=10 * S),
                take(1, at=0),
                *alternating,
                take(1, at=0, times=450, expect="exhausted"),
                take(1, at=10 * S, times=450, expect="exhausted", retry_after_ns=S),
                look(at=0, in_window=2, total_admitted=2, total_refused=998),
                take(1, at=11 * S, times=2),
            ],
        ),
        vector(
            "a late call is recorded at the newest time",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=5 * S),
                take(1, at=1 * S, reset_after_ns=5 * S),
                take(1, at=ns(5.999), expect="exhausted", retry_after_ns=1 * MS),
                take(1, at=6 * S, times=2),
            ],
        ),
        vector(
            "a time before zero reads as zero",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=-5 * S),
                take(1, at=0),
                take(1, at=-1, expect="exhausted", retry_after_ns=1 * S),
                look(at=-S, in_window=2, time_to_empty_ns=1 * S),
                take(1, at=1 * S),
            ],
            origins=[0],
        ),
        vector(
            "what does not end before time does never comes back",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=0),
                take(1, at=0, remaining=0),
                take(1, at=S - 1, expect="exhausted", retry_after_ns=NEVER),
            ],
            origins=[2**63 - S],
        ),
    ]


def several() -> list[Vector]:
    three = {
        "limit": 2, "per_ns": S,
        "second_limit": 4, "second_per_ns": 10 * S,
        "third_limit": 5, "third_per_ns": 60 * S,
    }  # fmt: skip
    return [
        vector(
            "three windows over one log",
            "own",
            three,
            [
                take(1, at=0, remaining=1, limit=2, reset_after_ns=1 * S),
                take(1, at=0, remaining=0, next_after_ns=1 * S),
                take(1, at=0, expect="exhausted", retry_after_ns=1 * S),
                take(1, at=1 * S),
                take(1, at=1 * S, remaining=0, next_after_ns=9 * S, reset_after_ns=59 * S),
                take(1, at=2 * S, expect="exhausted", retry_after_ns=8 * S),
                take(1, at=10 * S, remaining=0, next_after_ns=50 * S),
                take(1, at=10 * S, expect="exhausted", retry_after_ns=50 * S),
                look(at=10 * S, in_window=1, limit=2, time_to_empty_ns=60 * S, total_admitted=5),
                take(1, at=60 * S, times=2),
                take(1, at=60 * S, expect="exhausted", retry_after_ns=1 * S),
                take(1, at=61 * S, times=2),
            ],
        ),
        vector(
            "the same limit in two windows: the longer one holds",
            "own",
            {"limit": 2, "per_ns": S, "third_limit": 2, "third_per_ns": 3 * S},
            [
                take(1, at=0, times=2),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=2 * S),
                take(1, at=3 * S, times=2),
            ],
        ),
        vector(
            "a window that never binds",
            "own",
            {"limit": 9, "per_ns": S, "second_limit": 2, "second_per_ns": 5 * S},
            [
                take(1, at=0),
                take(1, at=0, limit=2, remaining=0, reset_after_ns=5 * S),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=4 * S),
                look(at=1 * S, in_window=0, limit=9, time_to_empty_ns=4 * S),
            ],
        ),
    ]


def counted() -> list[Vector]:
    return [
        vector(
            "a dry run refuses nothing and takes what is there",
            "own",
            TWO_A_SECOND | {"dry_run": True},
            [
                take(1, at=0, times=2),
                take(1, at=0, remaining=0),
                take(2, at=0),
                look(at=0, in_window=2, total_admitted=2, total_refused=0, total_dry_run=2),
                take(1, at=1 * S, remaining=1),
            ],
        ),
        vector(
            "what is not counted",
            "own",
            TWO_A_SECOND | {"counted": False},
            [
                take(1, at=0, times=2),
                take(1, at=0, times=3, expect="exhausted"),
                look(at=0, in_window=2, total_admitted=2, total_refused=0, total_dry_run=0),
            ],
        ),
    ]


def resets() -> list[Vector]:
    return [
        vector(
            "a reset forgets what was admitted",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=0, times=2),
                take(1, at=0, expect="exhausted"),
                reset(at=0),
                look(at=0, in_window=0, limit=2, time_to_empty_ns=0, total_admitted=2),
                take(0, at=0, remaining=2, reset_after_ns=0),
                take(1, at=1, times=2),
                take(1, at=S, expect="exhausted", retry_after_ns=1),
                take(1, at=S + 1, times=2),
            ],
        ),
        vector(
            "after a reset at the same nanosecond one is added",
            "own",
            {"limit": 1, "per_ns": 10},
            [
                take(1, at=0, reset_after_ns=10),
                reset(at=0),
                take(1, at=0, reset_after_ns=11),
                reset(at=0),
                take(1, at=0, reset_after_ns=12),
                take(1, at=5, expect="exhausted", retry_after_ns=7),
            ],
            note="So that no slot of the log holds the same word again: see the memory orders.",
        ),
        vector(
            "a reset after a clock that ran ahead begins time again",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=1000 * S, times=2),
                take(1, at=0, expect="exhausted", retry_after_ns=1001 * S),
                reset(at=0),
                take(1, at=0),
                take(1, at=0, reset_after_ns=1 * S),
                take(1, at=0, expect="exhausted"),
                take(1, at=1 * S, times=2),
            ],
        ),
        vector(
            "a reset forgives no clock that is a little late",
            "own",
            TWO_A_SECOND,
            [
                take(1, at=1 * S),
                reset(at=1 * S),
                take(1, at=0, reset_after_ns=2 * S),
            ],
        ),
    ]
