"""Calls judged by their age while they run."""

from circuit_breaker_steps import acquire, calls, event, events, look, settle, vector
from scenario import MS, S, Vector


def vectors() -> list[Vector]:
    options = {"window_ns": 10 * S, "buckets": 10, "slow_call_ns": 2 * S, "min_calls": 20,
               "in_flight": True}  # fmt: skip
    return [
        vector(
            "Hung calls trip without settling",
            "Spillway",
            options,
            [
                acquire("hung", at=0, times=20),
                acquire("late", at=3 * S + 1, expect="open", retry_after_ns=5 * S),
                events(event(1, "closed open", "slow_rate", rate=1.0, at=3 * S + 1)),
            ],
        ),
        vector(
            "Hung calls are no evidence before their limit has passed",
            "Spillway",
            options,
            [
                acquire("hung", at=0, times=20),
                acquire("a", at=3 * S),
                look(at=3 * S, state="closed", judged=0),
                acquire("b", at=3 * S + 1),
                look(at=3 * S + 1, state="closed", judged=20, judged_slow=20, slow_rate=1.0),
                acquire("c", at=4 * S, expect="open", retry_after_ns=5 * S),
            ],
            note="Only the first admission of a bucket is judged: the one at 3 s was early.",
        ),
        vector(
            "A call that settles finds the hung ones",
            "Spillway",
            options,
            [
                acquire("hung", at=0, times=20),
                acquire("a", at=3 * S),
                settle("a", "S", at=3 * S + 1),
                look(at=3 * S + 1, state="open"),
            ],
        ),
        vector(
            "Calls that end in time are no evidence, ignored ones are no calls",
            "Spillway",
            options | {"slow_rate": 0.5},
            [
                calls("S", at=0, took_ns=2 * S, times=11),
                calls("I", at=0, took_ns=9 * S, times=5),
                acquire("hung", at=0, times=10),
                look(
                    at=3 * S + 1,
                    state="closed",
                    judged=21,
                    judged_slow=10,
                    successes=11,
                    slow_successes=0,
                    total_ignored=5,
                    failure_rate=None,
                ),
                acquire("a", at=3 * S + 1),
                acquire("b", at=500 * MS),
                look(at=3 * S + 1, state="closed", judged=22, judged_slow=11),
                acquire("c", at=4 * S, expect="open", retry_after_ns=5 * S),
            ],
            note="A call that starts late by the clock belongs to the bucket of its start.",
        ),
        vector(
            "A call that ends late is evidence once",
            "Spillway",
            options,
            [
                acquire("a", at=0),
                settle("a", "F", at=2 * S + 1),
                look(at=2 * S + 1, judged=0, failures=1, slow_failures=0),
                look(at=3 * S + 1, judged=1, judged_slow=1, failures=1, slow_failures=0),
                look(at=12 * S, judged=1, judged_slow=1, failures=0),
                look(at=13 * S, judged=1),
                look(at=13 * S + 1, judged=0, judged_slow=0),
            ],
        ),
        vector(
            "In metrics only the admission that finds hung calls counts once itself",
            "Spillway",
            options | {"initial_state": "metrics_only"},
            [
                acquire("hung", at=0, times=20),
                acquire("a", at=3 * S + 1),
                look(at=3 * S + 1, state="metrics_only", generation=2, judged=20, judged_slow=20),
                settle("a", "S", at=4 * S),
                settle("hung", "S", at=4 * S, expect="stale"),
                look(at=6 * S + 1, generation=2, judged=21, judged_slow=20, total_stale=1),
            ],
        ),
    ]
