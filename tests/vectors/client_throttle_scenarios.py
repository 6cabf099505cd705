"""What the client throttle must do, in words: a scenario a vector."""

from collections.abc import Iterable, Mapping
from typing import Any

import reference_client_throttle as reference
from permit_steps import (
    PermitReplay,
    acquire,
    foreign,
    hold,
    look,
    reconfigure,
    repeat,
    settle,
    tries,
)
from scenario import MS, TEN_YEARS, S, Step, Vector, envelope

BOOK = "Site Reliability Engineering, chapter 21"


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    options = {"seed": 1, **options}
    made = reference.make_options(options)
    if not reference.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or _usual_origins(made)
    for origin in used:
        _Replay(name, made, origin).run(steps)
    return envelope(name, source, note, options, used, steps)


def _usual_origins(options: reference.Options) -> list[int]:
    """As README.md says."""
    bucket = options.bucket_ns
    places = [TEN_YEARS - TEN_YEARS % bucket + place * bucket for place in range(16)]
    return [0, *places, 2**62 - 2**62 % bucket]


class _Replay(PermitReplay):
    def __init__(self, name: str, options: reference.Options, origin: int) -> None:
        self.options = options
        super().__init__(name, origin)

    def make(self) -> reference.ClientThrottle:
        return reference.ClientThrottle(self.options)

    def ask(self, policy: Any, step: Step, at: int) -> reference.Call | str:
        answer: reference.Call | str = policy.acquire(at, step.get("priority", "normal"))
        return answer


def vectors() -> list[Vector]:
    return [*shares(), *counting(), *windows(), *options()]


# So that each call of a scenario is admitted until the scenario says otherwise.
OPEN = {"max_rejection": 0.0}


def shares() -> list[Vector]:
    return [
        vector(
            "200 asked for and 50 accepted",
            f"{BOOK}; scenario 24",
            OPEN,
            [
                tries(50, "S", at=0),
                tries(150, "F", at=0),
                look(at=0, requests=200, accepts=50, rejection_rate=0),
                reconfigure(max_rejection=1.0),
                look(at=0, rejection_rate=100 / 201),
            ],
        ),
        vector(
            "the formula of failsafe-go is k = 1 / ratio",
            "failsafe-go, adaptivethrottler; scenario 24",
            {**OPEN, "k": 1.1111, "sheddable_k": 1.0},
            [
                tries(90, "S", at=0),
                tries(30, "F", at=0),
                reconfigure(max_rejection=0.9),
                look(at=0, requests=120, accepts=90, rejection_rate=20.001 / 121),
            ],
            note="There only calls that were let through count. Here refused ones do too.",
        ),
        vector(
            "the largest share that is refused",
            "failsafe-go, adaptivethrottler; scenario 24",
            OPEN,
            [
                tries(10, "S", at=0),
                tries(990, "F", at=0),
                reconfigure(max_rejection=0.8),
                look(at=0, rejection_rate=0.8),
                tries(100, "F", at=0),
                look(at=0, rejection_rate=0.8, total_throttled_normal=79),
            ],
        ),
        vector(
            "95 of 100 are enough",
            "failsafe-go, adaptivethrottler; scenario 24",
            {},
            [
                tries(95, "S", at=0),
                tries(5, "F", at=0),
                tries(90, "F", at=0),
                look(at=0, requests=190, accepts=95, rejection_rate=0, total_throttled_normal=0),
                tries(40, "F", at=0),
                look(at=0, requests=230, accepts=95),
            ],
        ),
        vector(
            "too few calls decide nothing",
            "failsafe-go, adaptivethrottler; scenario 24",
            {"min_calls": 10},
            [
                tries(9, "F", at=0),
                look(at=0, requests=9, rejection_rate=0),
                tries(1, "F", at=0),
                look(at=0, requests=10, rejection_rate=0.9, total_throttled_normal=0),
                tries(20, "F", at=0),
            ],
        ),
        vector(
            "what matters least is refused first",
            "Spillway",
            {**OPEN, "k": 2.0, "critical_k": 4.0, "sheddable_k": 1.25},
            [
                tries(60, "S", at=0),
                tries(40, "F", at=0),
                reconfigure(max_rejection=1.0),
                tries(30, "I", at=0, priority="sheddable"),
                tries(30, "I", at=0),
                look(at=0, total_throttled_normal=0, total_throttled_critical=0),
                tries(100, "F", at=0, priority="critical"),
                tries(30, "I", at=0),
                tries(40, "F", at=0, priority="critical"),
                look(at=0, total_throttled_critical=0),
            ],
        ),
    ]


def counting() -> list[Vector]:
    return [
        vector(
            "calls that hang count from their beginning",
            "zeromicro/go-zero#5011",
            {},
            [
                tries(20, "S", at=0),
                hold(21, at=S),
                look(at=S, requests=41, accepts=20, rejection_rate=1 / 42),
                tries(20, "S", at=S),
            ],
            note="go-zero counted calls when they ended.",
        ),
        vector(
            "refused calls count as asked for",
            BOOK,
            {"min_calls": 1},
            [
                tries(100, "F", at=0),
                look(at=0, requests=100, accepts=0, rejection_rate=0.9),
            ],
        ),
        vector(
            "an ignored call is as if it had not been asked for",
            "Spillway",
            {},
            [
                acquire("a", at=0),
                look(at=0, requests=1),
                settle("a", "I", at=S),
                look(at=S, requests=0, accepts=0, total_ignored=1),
                tries(50, "I", at=S),
                look(at=S, requests=0, total_admitted=51),
            ],
        ),
        vector(
            "an accepted call counts where it was asked for",
            "Spillway",
            {"window_ns": 12 * S},
            [
                acquire("a", at=0),
                acquire("b", at=5 * S),
                settle("a", "S", at=11 * S),
                look(at=11 * S, requests=2, accepts=1),
                look(at=12 * S, requests=1, accepts=0),
                settle("b", "S", at=16 * S + 999 * MS),
                look(at=16 * S + 999 * MS, requests=1, accepts=1),
                look(at=17 * S, requests=0, accepts=0),
            ],
        ),
        vector(
            "a call that ends after it has left the window is stale",
            "Spillway",
            {"window_ns": 12 * S},
            [
                acquire("a", at=0),
                acquire("b", at=0),
                acquire("c", at=0),
                settle("a", "S", at=12 * S, expect="stale"),
                settle("b", "I", at=13 * S, expect="stale"),
                settle("c", "F", at=60 * S, expect="stale"),
                look(at=60 * S, total_stale=3, total_accepted=0, total_failed=0),
            ],
        ),
        vector(
            "foreign permits and those that were settled change nothing",
            "Spillway",
            {},
            [
                acquire("a", at=0),
                foreign("f", at=0),
                settle("f", "S", at=0, expect="misused"),
                settle("a", "S", at=0),
                settle("a", "S", at=0, expect="misused"),
                settle("a", "I", at=0, expect="misused"),
                look(at=0, requests=1, accepts=1, total_misused=3, total_accepted=1),
            ],
        ),
    ]


def windows() -> list[Vector]:
    return [
        vector(
            "calls leave the window a bucket at a time",
            "Spillway",
            {**OPEN, "window_ns": 12 * S},
            [
                repeat(24, S // 2, tries(1, "S", at=0), tries(1, "F", at=0)),
                look(at=11 * S + 999 * MS, requests=48, accepts=24),
                look(at=12 * S, requests=44, accepts=22),
                look(at=22 * S + 999 * MS, requests=4, accepts=2),
                look(at=23 * S, requests=0, accepts=0),
            ],
        ),
        vector(
            "an outage is forgotten with its window",
            BOOK,
            {"window_ns": 12 * S},
            [
                tries(120, "F", at=0, every_ns=100 * MS),
                look(at=12 * S - 1, rejection_rate=0.9),
                tries(240, "S", at=12 * S, every_ns=100 * MS),
                look(at=36 * S, rejection_rate=0),
            ],
        ),
        vector(
            "a clock that steps back clears nothing and counts in the newest bucket",
            "Spillway",
            {"window_ns": 12 * S},
            [
                tries(30, "F", at=20 * S),
                tries(10, "F", at=0),
                look(at=0, requests=40, rejection_rate=0.9),
                look(at=31 * S + 999 * MS, requests=40),
                look(at=32 * S, requests=0),
                acquire("a", at=40 * S),
                settle("a", "S", at=39 * S),
                look(at=40 * S, requests=1, accepts=1),
            ],
        ),
        vector(
            "times before 0 read as 0",
            "Spillway",
            {"window_ns": 12 * S},
            [
                tries(5, "S", at=-100 * S),
                look(at=-S, requests=5, accepts=5),
                look(at=12 * S - 1, requests=5),
                look(at=12 * S, requests=0),
            ],
            origins=[0],
        ),
    ]


def options() -> list[Vector]:
    return [
        vector(
            "a dry run refuses nobody",
            "Spillway",
            {"dry_run": True},
            [
                tries(40, "F", at=0),
                look(at=0, requests=40, total_throttled_normal=0, rejection_rate=0.9),
                reconfigure(dry_run=False),
                tries(20, "F", at=0),
            ],
        ),
        vector(
            "options change and the window stays",
            "Spillway",
            {**OPEN, "k": 4.0},
            [
                tries(30, "S", at=0),
                tries(60, "F", at=0),
                reconfigure(max_rejection=1.0),
                look(at=0, rejection_rate=0),
                reconfigure(k=2.0),
                look(at=0, requests=90, rejection_rate=30 / 91),
                reconfigure(k=1.0, sheddable_k=1.0),
                look(at=0, rejection_rate=60 / 91),
                reconfigure(min_calls=91),
                look(at=0, rejection_rate=0),
                reconfigure(window_ns=S, expect="error"),
                reconfigure(seed=2, expect="error"),
                reconfigure(k=0.5, expect="error"),
                reconfigure(k=5.0, expect="error"),
                reconfigure(sheddable_k=3.0, expect="error"),
                look(at=0, rejection_rate=0),
            ],
        ),
    ]
