"""Clocks that go back, times at the ends of what a word can hold, and numbers that wrap."""

from typing import Any

from circuit_breaker_steps import acquire, calls, event, events, look, manual, settle, vector
from scenario import MS, S, Vector

TRIPS_AT_ONCE: dict[str, Any] = {"min_calls": 1, "open_for_ns": 5 * S}
END = 2**63 - 1


def vectors() -> list[Vector]:
    return [*backwards(), *ends(), *wraps()]


def backwards() -> list[Vector]:
    return [
        vector(
            "A late outcome is counted in the newest bucket",
            "Spillway",
            {"window_ns": 5 * S, "buckets": 5, "min_calls": 100},
            [
                calls("SF", at=0),
                calls("S", at=4 * S),
                calls("S", at=2 * S),
                calls("F", at=2 * S),
                look(at=4 * S, successes=3, failures=2),
                look(at=2 * S, successes=3, failures=2),
                look(at=5 * S, successes=2, failures=1),
                look(at=7 * S - 1, successes=2, failures=1),
                look(at=7 * S, successes=2, failures=0),
                look(at=9 * S, successes=0, failures=0),
            ],
            note="Each class has its own newest bucket: the late success joins the one of 4 s.",
        ),
        vector(
            "A late failure does not bring back what was counted before a close",
            "Spillway",
            {"window_ns": 2 * S, "buckets": 2, "min_calls": 4, "open_for_ns": 2 * S},
            [
                calls("FFFF", at=10 * S),
                calls("S", at=13 * S),
                look(at=13 * S, state="closed", generation=3),
                acquire("late", at=13 * S, expect="admitted"),
                settle("late", "F", at=10 * S, expect="counted"),
                look(at=10 * S, state="closed", failures=1),
                look(at=14 * S, state="closed", failures=1),
                calls("FFF", at=10 * S),
                look(at=10 * S, state="open", since_ns=13 * S, time_to_half_open_ns=7 * S),
            ],
            note="Nothing happens in a state before it began: the late calls count at 13 s.",
        ),
        vector(
            "A clock that steps back does not shorten the open time",
            "Spillway",
            TRIPS_AT_ONCE,
            [
                calls("F", at=100 * S),
                acquire("a", at=99 * S, expect="open", retry_after_ns=6 * S),
                look(at=50 * S, state="open", time_to_half_open_ns=55 * S),
                acquire("a", at=105 * S - 1, expect="open", retry_after_ns=1),
                acquire("probe", at=105 * S),
                acquire("b", at=90 * S, expect="half_open", retry_after_ns=5 * S),
                settle("probe", "S", at=90 * S),
                look(at=90 * S, state="closed", since_ns=90 * S),
            ],
        ),
        vector(
            "A call that ends before it starts took no time",
            "Spillway",
            {"min_calls": 100, "slow_call_ns": 1},
            [
                acquire("a", at=100 * S),
                settle("a", "S", at=0),
                look(at=0, successes=1, slow_successes=0),
            ],
        ),
        vector(
            "A lease does not come back with the clock",
            "Spillway",
            TRIPS_AT_ONCE | {"probe_lease_ns": 10 * S},
            [
                calls("F", at=0),
                acquire("hung", at=100 * S),
                acquire("a", at=60 * S, expect="half_open", retry_after_ns=5 * S),
                acquire("a", at=110 * S - 1, expect="half_open", retry_after_ns=1),
                acquire("a", at=110 * S),
                settle("hung", "S", at=110 * S, expect="stale"),
            ],
        ),
        vector(
            "A clock that jumps ten years ahead",
            "Spillway",
            {"min_calls": 3, "open_for_ns": 5 * S},
            [
                calls("FF", at=0),
                calls("F", at=3650 * 86_400 * S),
                look(at=3650 * 86_400 * S, state="closed", failures=1, total_failures=3),
                calls("FF", at=3650 * 86_400 * S),
                look(at=3650 * 86_400 * S, state="open"),
                acquire("probe", at=7300 * 86_400 * S),
            ],
        ),
    ]


def ends() -> list[Vector]:
    return [
        vector(
            "A time before 0 is 0",
            "Spillway",
            TRIPS_AT_ONCE | {"slow_call_ns": 10},
            [
                acquire("a", at=-1000),
                settle("a", "S", at=10),
                look(at=-5, successes=1, slow_successes=0),
                calls("F", at=-1),
                look(at=-7, state="open", since_ns=0, time_to_half_open_ns=5 * S),
                acquire("b", at=-100, expect="open", retry_after_ns=5 * S),
                acquire("probe", at=5 * S),
                manual("reset", at=-3),
                look(at=0, since_ns=0),
                events(
                    event(1, "closed open", "failure_rate", rate=0.5, at=0),
                    event(2, "open half_open", "open_elapsed", at=5 * S),
                    event(3, "half_open closed", "reset", at=0),
                ),
            ],
            origins=[0],
        ),
        vector(
            "An open time that reaches past the end of time",
            "Spillway; the break of 2^63 units of scenario 14",
            TRIPS_AT_ONCE,
            [
                calls("F", at=0),
                acquire("a", at=0, expect="open", retry_after_ns=3 * S),
                acquire("a", at=3 * S - 1, expect="open", retry_after_ns=1),
                look(at=3 * S - 1, state="open", time_to_half_open_ns=1),
                acquire("probe", at=3 * S),
            ],
            note="It ends with time itself.",
            origins=[END - 3 * S],
        ),
    ]


def wraps() -> list[Vector]:
    most = 2**20 - 1
    return [
        vector(
            "Generations wrap",
            "Spillway",
            TRIPS_AT_ONCE,
            [
                manual("reset", at=0, times=most - 1),
                acquire("old", at=0),
                manual("force_open", at=1),
                manual("disable", at=2),
                look(at=2, generation=0, since_ns=2),
                manual("reset", at=3),
                settle("old", "F", at=3, expect="stale"),
                calls("F", at=3),
                look(at=3, state="open", generation=2, open_step=0),
                acquire("probe", at=5 * S + 3),
                settle("probe", "S", at=5 * S + 3),
                look(at=5 * S + 3, state="closed", generation=4),
                events(
                    event(most, "closed forced_open", "manual", at=1),
                    event(0, "forced_open disabled", "manual", at=2),
                    event(1, "disabled closed", "reset", at=3),
                    event(2, "closed open", "failure_rate", rate=1.0, at=3),
                    event(3, "open half_open", "open_elapsed", at=5 * S + 3),
                    event(4, "half_open closed", "probes_passed", at=5 * S + 3),
                    since=most - 1,
                ),
            ],
            note="A number has 20 bits; the one after the last is 0.",
            origins=[0],
        ),
        vector(
            "The end of the open time at each place in its unit",
            "Spillway",
            {"window_kind": "consecutive", "window_failures": 1, "open_for_ns": 1 * MS},
            [
                calls("F", at=0),
                acquire("a", at=1 * MS - 1, expect="open", retry_after_ns=1),
                acquire("probe", at=1 * MS),
            ],
            origins=[
                base * 2**27 + place
                for base in (1, 2**31, 2**36 - 2)
                for place in (0, 1, 2**27 - 1 * MS - 1, 2**27 - 1 * MS, 2**27 - 1)
            ],
        ),
    ]
