"""States set by hand, options changed at run time, and what is counted."""

from typing import Any

from circuit_breaker_steps import (
    acquire,
    calls,
    event,
    events,
    look,
    manual,
    reconfigure,
    settle,
    vector,
)
from scenario import MS, S, Vector

R4 = "Resilience4j, CircuitBreakerStateMachineTest (scenario 15)"
TRIPS_AT_ONCE: dict[str, Any] = {"min_calls": 1, "open_for_ns": 5 * S}


def vectors() -> list[Vector]:
    return [*by_hand(), *initial(), *reconfigured(), *counted()]


def by_hand() -> list[Vector]:
    return [
        vector(
            "Forced open",
            R4,
            TRIPS_AT_ONCE,
            [
                acquire("old", at=0),
                manual("force_open", at=0),
                acquire("a", at=0, expect="forced_open", retry_after_ns=5 * S),
                acquire("a", at=1000 * S, expect="forced_open", retry_after_ns=5 * S),
                settle("old", "F", at=1000 * S, expect="stale"),
                manual("force_open", at=1000 * S, expect="unchanged"),
                look(at=1000 * S, state="forced_open", generation=1, since_ns=0,
                     time_to_half_open_ns=0, total_rejected=2, total_stale=1),
                events(event(1, "closed forced_open", "manual", at=0)),
                manual("reset", at=1000 * S),
                look(at=1000 * S, state="closed", generation=2),
                acquire("a", at=1000 * S),
            ],
            note="Resilience4j gives no time to wait; ours is open_for, as advice.",
        ),
        vector(
            "Disabled",
            R4,
            TRIPS_AT_ONCE,
            [
                acquire("old", at=0),
                manual("disable", at=0),
                calls("F", at=0, times=10),
                calls("SI", at=0),
                settle("old", "F", at=0, expect="stale"),
                manual("disable", at=0, expect="unchanged"),
                look(at=0, state="disabled", generation=1, failures=0, failure_rate=None,
                     total_successes=0, total_failures=0, total_ignored=0, total_stale=1),
                events(event(1, "closed disabled", "manual", at=0)),
            ],
        ),
        vector(
            "Metrics only",
            R4,
            {"min_calls": 4, "failure_rate": 0.5},
            [
                calls("F", at=0),
                manual("metrics_only", at=MS),
                look(at=MS, state="metrics_only", failures=0),
                calls("SSF", at=MS),
                acquire("old", at=MS),
                calls("F", at=2 * MS),
                look(at=2 * MS, state="metrics_only", generation=2, since_ns=2 * MS, successes=2,
                     failures=2, failure_rate=0.5),
                settle("old", "F", at=2 * MS, expect="stale"),
                calls("F", at=3 * MS, times=10),
                look(at=3 * MS, state="metrics_only", generation=2, successes=2, failures=12,
                     total_rejected=0),
                manual("metrics_only", at=3 * MS, expect="unchanged"),
                events(
                    event(1, "closed metrics_only", "manual", at=MS),
                    event(2, "metrics_only metrics_only", "failure_rate", rate=0.5, at=2 * MS),
                ),
                manual("disable", at=4 * MS),
                manual("metrics_only", at=4 * MS),
                calls("F", at=4 * MS, times=4),
                events(
                    event(3, "metrics_only disabled", "manual"),
                    event(4, "disabled metrics_only", "manual"),
                    event(5, "metrics_only metrics_only", "failure_rate", rate=1.0),
                    since=2,
                ),
            ],
            note="Each stay says once that a threshold was exceeded.",
        ),
        vector(
            "A reset empties the window and forgets the growth",
            "Spillway",
            {"min_calls": 2, "open_for_ns": 5 * S},
            [
                calls("F", at=0),
                manual("reset", at=0),
                look(at=0, state="closed", generation=1, failures=0, total_failures=1),
                calls("F", at=0),
                look(at=0, state="closed"),
                calls("F", at=0),
                acquire("probe", at=5 * S),
                settle("probe", "F", at=5 * S),
                look(at=5 * S, state="open", open_step=1),
                acquire("probe", at=15 * S),
                manual("reset", at=15 * S),
                settle("probe", "F", at=15 * S, expect="stale"),
                look(at=15 * S, state="closed", open_step=0, probes_issued=0),
                calls("FF", at=15 * S),
                look(at=15 * S, state="open", open_step=0, time_to_half_open_ns=5 * S),
                events(event(6, "half_open closed", "reset"), event(7, "closed open",
                       "failure_rate", rate=1.0), since=5),
            ],
            note="Resilience4j can also be set half open by hand; here only a probe does that.",
        ),
        vector(
            "Events are numbered, kept for a while and counted when lost",
            "Spillway",
            {},
            [
                manual("force_open", at=1),
                *(manual(change, at=at) for at, change in enumerate(
                    ["reset", "disable", "reset", "metrics_only", "reset"] * 2, start=2)),
                look(at=20, generation=11),
                events(
                    event(10, "closed metrics_only", "manual", at=10),
                    event(11, "metrics_only closed", "reset", at=11),
                    since=9,
                ),
                events(
                    *(event(n, change, reason, at=n) for n, change, reason in [
                        (4, "disabled closed", "reset"),
                        (5, "closed metrics_only", "manual"),
                        (6, "metrics_only closed", "reset"),
                        (7, "closed closed", "reset"),
                        (8, "closed disabled", "manual"),
                        (9, "disabled closed", "reset"),
                        (10, "closed metrics_only", "manual"),
                        (11, "metrics_only closed", "reset"),
                    ]),
                    since=0,
                    lost=3,
                ),
                events(since=11),
            ],
        ),
    ]  # fmt: skip


def initial() -> list[Vector]:
    states = {"forced_open": "forced_open", "disabled": "admitted", "metrics_only": "admitted"}
    return [
        vector(
            f"Made {state}",
            R4,
            TRIPS_AT_ONCE | {"initial_state": state},
            [
                look(at=0, state=state, generation=1),
                events(event(1, f"closed {state}", "manual")),
                acquire("a", at=0, expect=answer),
                manual("reset", at=MS),
                look(at=MS, state="closed", generation=2, since_ns=MS),
                calls("F", at=MS),
                look(at=MS, state="open", generation=3),
            ],
        )
        for state, answer in states.items()
    ]


def reconfigured() -> list[Vector]:
    refused: list[dict[str, Any]] = [
        {"window_kind": "time"},
        {"window_ns": 11 * S},
        {"buckets": 5},
        {"window_size": 51},
        {"window_failures": 4},
        {"initial_state": "disabled"},
        {"seed": 7},
        {"min_calls": 3, "window_size": 51},
        {"min_calls": 0},
        {"failure_rate": 0.0},
        {"failure_rate": 1.5},
        {"open_for_ns": 301 * S},
        {"probes": 64},
    ]
    return [
        vector(
            "New thresholds meet the old window",
            "Spillway",
            {"min_calls": 20, "failure_rate": 0.5},
            [
                calls("SSSF", at=0),
                acquire("old", at=0),
                reconfigure(min_calls=5, failure_rate=0.4),
                look(at=0, state="closed", generation=0, successes=3, failures=1),
                settle("old", "F", at=0),
                look(at=0, state="open", generation=1),
            ],
        ),
        vector(
            "A new open time is that of the next opening",
            "Spillway",
            TRIPS_AT_ONCE,
            [
                calls("F", at=0),
                reconfigure(open_for_ns=S, max_open_ns=S),
                acquire("a", at=2 * S, expect="open", retry_after_ns=3 * S),
                acquire("probe", at=5 * S),
                settle("probe", "F", at=5 * S),
                look(at=5 * S, state="open", time_to_half_open_ns=S),
            ],
        ),
        vector(
            "A new slow_call judges calls that run already",
            "Spillway",
            {"min_calls": 20, "slow_call_ns": 0},
            [
                acquire("a", at=0),
                acquire("b", at=0),
                reconfigure(slow_call_ns=S),
                settle("a", "S", at=S),
                settle("b", "S", at=S + 1),
                look(at=S + 1, successes=1, slow_successes=1),
            ],
        ),
        vector(
            "What is fixed, and what is out of range, changes nothing",
            "Spillway",
            {"min_calls": 20, "window_kind": "count", "window_size": 50},
            [
                calls("FFS", at=0),
                *(reconfigure("error", **change) for change in refused),
                calls("S", at=0),
                look(at=0, state="closed", generation=0, successes=2, failures=2),
            ],
        ),
        vector(
            "With in_flight slow_call is fixed",
            "Spillway",
            {"in_flight": True, "slow_call_ns": S},
            [
                reconfigure("error", slow_call_ns=2 * S),
                reconfigure("error", slow_call_ns=0),
                reconfigure("error", in_flight=False),
                reconfigure(min_calls=1, slow_rate=0.5),
                acquire("hung", at=0),
                acquire("a", at=2 * S + 1, expect="open"),
            ],
        ),
    ]


def counted() -> list[Vector]:
    return [
        vector(
            "Totals outlive windows and states",
            "Spillway",
            {"min_calls": 4, "failure_rate": 0.5, "slow_call_ns": S, "open_for_ns": S},
            [
                calls("SFI", at=0),
                calls("S", at=0, took_ns=2 * S),
                acquire("old", at=0),
                calls("F", at=0, took_ns=2 * S),
                acquire("a", at=2 * S, expect="open"),
                settle("old", "S", at=2 * S, expect="stale"),
                acquire("probe", at=3 * S),
                settle("probe", "I", at=3 * S),
                acquire("probe", at=3 * S),
                settle("probe", "S", at=3 * S),
                settle("probe", "S", at=3 * S, expect="misused"),
                calls("SS", at=4 * S),
                look(at=4 * S, state="closed", successes=2, failures=0, slow_successes=0,
                     slow_failures=0, total_successes=3, total_failures=1, total_slow_successes=1,
                     total_slow_failures=1, total_probes=1, total_ignored=2, total_rejected=1,
                     total_stale=1, total_misused=1),
                look(at=100 * S, successes=0, total_successes=3),
            ],
        ),
        vector(
            "Striped counts add up",
            "Spillway",
            {"striped": True, "min_calls": 10, "failure_rate": 0.5},
            [
                calls("SF", at=0, times=4),
                look(at=0, state="closed", successes=4, failures=4, failure_rate=None),
                calls("SF", at=0),
                look(at=0, state="open", total_successes=5, total_failures=5),
            ],
        ),
    ]  # fmt: skip
