"""Openings and probes."""

from typing import Any

from circuit_breaker_steps import (
    acquire,
    calls,
    event,
    events,
    foreign,
    look,
    reconfigure,
    repeat,
    settle,
    vector,
)
from scenario import MS, S, Vector, ns

RESILIENCE4J = "Resilience4j, CircuitBreakerStateMachineTest"
TRIPS_AT_ONCE: dict[str, Any] = {"min_calls": 1, "open_for_ns": 5 * S}
HOUR = 3600 * S


def vectors() -> list[Vector]:
    return [*openings(), *probes(), *stale_calls()]


def openings() -> list[Vector]:
    return [
        vector(
            "Hystrix: a single probe",
            "Hystrix, HystrixCircuitBreakerTest (scenario 3)",
            {"min_calls": 1, "open_for_ns": ns(0.2), "backoff": 1.0},
            [
                calls("F", at=0),
                acquire("early", at=ns(0.1), expect="open", retry_after_ns=ns(0.1)),
                acquire("probe", at=ns(0.25)),
                acquire("second", at=ns(0.25), expect="half_open", retry_after_ns=ns(0.2)),
                settle("probe", "F", at=ns(0.26)),
                look(at=ns(0.26), state="open", time_to_half_open_ns=ns(0.2)),
                acquire("probe", at=ns(0.5)),
                settle("probe", "F", at=ns(0.5)),
                acquire("probe", at=ns(0.75)),
                settle("probe", "S", at=ns(0.75)),
                look(at=ns(0.75), state="closed"),
                acquire("a", at=ns(0.75), times=3),
            ],
        ),
        vector(
            "Resilience4j: the open time",
            f"{RESILIENCE4J} (scenario 7)",
            TRIPS_AT_ONCE,
            [
                calls("F", at=0),
                acquire("early", at=3 * S, expect="open", retry_after_ns=2 * S),
                look(at=6 * S, state="open", time_to_half_open_ns=0),
                acquire("probe", at=6 * S),
                look(at=6 * S, state="half_open", since_ns=6 * S, probes_issued=1, probes_done=0,
                     successes=0, failures=0, failure_rate=None),
            ],
            note="An open breaker stays so until a call asks.",
        ),
        vector(
            "The call at exactly the end of the open time is admitted",
            "Polly and failsafe-go do so; Hystrix, Resilience4j, gobreaker one later (scenario 30)",
            TRIPS_AT_ONCE | {"window_kind": "count"},
            [
                calls("F", at=0),
                acquire("early", at=5 * S - 1, expect="open", retry_after_ns=1),
                look(at=5 * S - 1, state="open", time_to_half_open_ns=1),
                acquire("probe", at=5 * S),
                look(at=5 * S, state="half_open"),
                events(
                    event(1, "closed open", "failure_rate", rate=1.0, at=0),
                    event(2, "open half_open", "open_elapsed", at=5 * S),
                ),
            ],
            # The end before, at and after a multiple of the unit that the word keeps it in.
            origins=[
                0,
                2**62,
                *(k * 2**27 - 5 * S + after for k in (2**10, 2**35) for after in (-1, 0, 1)),
            ],
        ),
        vector(
            "Resilience4j: the open time grows",
            f"{RESILIENCE4J} (scenario 14)",
            TRIPS_AT_ONCE | {"backoff": 1.5},
            [
                calls("F", at=0),
                acquire("early", at=3 * S, expect="open"),
                acquire("probe", at=6 * S),
                settle("probe", "F", at=6 * S),
                acquire("early", at=12 * S, expect="open", retry_after_ns=ns(1.5)),
                acquire("probe", at=14 * S),
            ],
        ),
        vector(
            "Each reopening is one step longer, up to max_open",
            "Polly, CircuitStateControllerTests (scenario 14)",
            TRIPS_AT_ONCE | {"max_open_ns": 60 * S},
            [
                calls("F", at=0),
                *(
                    step
                    for number, at, length in [
                        (0, 0, 5), (1, 5, 10), (2, 15, 20), (3, 35, 40), (4, 75, 60), (5, 135, 60),
                    ]
                    for step in (
                        look(at=at * S, open_step=number, time_to_half_open_ns=length * S),
                        acquire("probe", at=(at + length) * S),
                        settle("probe", "F", at=(at + length) * S),
                    )
                ),
            ],
        ),
        vector(
            "Time spent closed takes the growth back",
            "Envoy, whose multiplier decays like this (scenario 14)",
            TRIPS_AT_ONCE,
            [
                calls("F", at=0),
                acquire("probe", at=5 * S),
                settle("probe", "F", at=5 * S),
                look(at=5 * S, open_step=1),
                acquire("probe", at=15 * S),
                settle("probe", "S", at=15 * S),
                look(at=15 * S, state="closed", open_step=2),
                calls("F", at=20 * S - 1),
                look(at=20 * S - 1, state="open", open_step=2, time_to_half_open_ns=20 * S),
                acquire("probe", at=40 * S),
                settle("probe", "S", at=40 * S),
                look(at=40 * S, state="closed", open_step=3),
                calls("F", at=45 * S),
                look(at=45 * S, state="open", open_step=2, time_to_half_open_ns=20 * S),
                acquire("probe", at=65 * S),
                settle("probe", "S", at=65 * S),
                calls("F", at=1000 * S),
                look(at=1000 * S, state="open", open_step=0, time_to_half_open_ns=5 * S),
            ],
            note="Polly starts again at 0 after every close, however short.",
        ),
        vector(
            "Many openings in a row",
            "Spillway",
            {"window_kind": "count", "window_size": 10, "min_calls": 2, "open_for_ns": S,
             "backoff": 1.0},
            [
                repeat(
                    40,
                    2 * S,
                    calls("FF", at=0),
                    look(at=0, state="open"),
                    acquire("probe", at=S),
                    settle("probe", "S", at=S),
                    look(at=S, state="closed", failures=0, failure_rate=None),
                    calls("F", at=S),
                    look(at=S, state="closed", failures=1),
                    acquire("a", at=S),
                    settle("a", "S", at=S),
                    look(at=S, state="open"),
                    acquire("probe", at=2 * S),
                    settle("probe", "S", at=2 * S),
                    look(at=2 * S, state="closed", successes=0, failures=0),
                ),
                look(at=80 * S, generation=240, total_probes=80, total_failures=120),
            ],
            note="Each close empties the window, however often.",
        ),
    ]  # fmt: skip


def probes() -> list[Vector]:
    four = TRIPS_AT_ONCE | {"probes": 4, "probes_in_flight": 4, "slow_call_ns": 4 * S,
                            "slow_rate": 0.5}  # fmt: skip
    opened = [calls("F", at=0)]
    asked = [acquire(name, at=5 * S) for name in ("a", "b", "c", "d")]
    at = 5 * S
    return [
        vector(
            "Resilience4j: as many probes as are permitted",
            f"{RESILIENCE4J} (scenario 12)",
            four,
            [
                *opened,
                *asked,
                acquire("e", at=at, expect="half_open"),
                acquire("f", at=at, expect="half_open"),
                settle("a", "I", at=at),
                acquire("e", at=at),
                acquire("f", at=at, expect="half_open"),
                look(at=at, probes_issued=4, probes_done=0, total_rejected=3, total_ignored=1),
            ],
        ),
        vector(
            "Probes fail as soon as the others cannot save them",
            f"{RESILIENCE4J} (scenario 13)",
            four,
            [
                *opened,
                *asked,
                settle("a", "F", at=at),
                look(at=at, state="half_open", probes_done=1, probes_failed=1),
                settle("b", "F", at=at),
                look(at=at, state="open", open_step=1),
                settle("c", "S", at=at, expect="stale"),
                settle("d", "F", at=at, expect="stale"),
                look(at=at, state="open", generation=3, total_probes=2, total_stale=2),
                events(event(3, "half_open open", "probes_failed", rate=1.0, at=at), since=2),
            ],
            note="Resilience4j waits for all four, then opens too.",
        ),
        vector(
            "Probes pass as soon as the others cannot fail them",
            f"{RESILIENCE4J} (scenario 13)",
            four,
            [
                *opened,
                *asked,
                settle("a", "F", at=at),
                settle("b", "S", at=at),
                settle("c", "S", at=at),
                look(at=at, state="half_open", probes_done=3, probes_failed=1),
                settle("d", "S", at=at),
                look(at=at, state="closed", generation=3, successes=0, failures=0, open_step=1),
                events(event(3, "half_open closed", "probes_passed", at=at), since=2),
            ],
        ),
        vector(
            "Slow probes fail",
            f"{RESILIENCE4J} (scenario 13)",
            four,
            [
                *opened,
                *asked,
                settle("a", "S", at=at + 4 * S),
                settle("b", "S", at=at + 4 * S + 1),
                look(at=at + 5 * S, state="half_open", probes_done=2, probes_slow=1),
                settle("c", "S", at=at + 5 * S),
                look(at=at + 5 * S, state="open"),
                events(event(3, "half_open open", "probes_slow", rate=0.6667), since=2),
            ],
            note="Early: the fourth, fast or slow, cannot change the answer.",
        ),
        vector(
            "An ignored probe gives its place back",
            f"{RESILIENCE4J} (scenario 13)",
            four,
            [
                *opened,
                *asked,
                *(settle(name, "I", at=at) for name in ("a", "b", "c", "d")),
                look(at=at, state="half_open", probes_issued=0, total_ignored=4),
                *asked,
                settle("a", "S", at=at),
                settle("b", "F", at=at),
                settle("c", "S", at=at),
                settle("d", "I", at=at),
                look(at=at, state="half_open", probes_issued=3, probes_done=3),
                acquire("d", at=at),
                settle("d", "S", at=at),
                look(at=at, state="closed"),
            ],
        ),
        vector(
            "gobreaker: three probes that must all succeed",
            "gobreaker, gobreaker_test.go (scenario 18)",
            {"window_kind": "consecutive", "window_failures": 1, "probes": 3,
             "probes_in_flight": 3},
            [
                *opened,
                *(s for _ in range(4) for s in (acquire("a", at=at), settle("a", "I", at=at))),
                look(at=at, state="half_open", probes_issued=0, probes_done=0),
                acquire("a", at=at),
                acquire("b", at=at),
                settle("a", "S", at=at),
                settle("b", "S", at=at),
                look(at=at, state="half_open", probes_done=2),
                acquire("c", at=at),
                acquire("d", at=at, expect="half_open"),
                settle("c", "S", at=at),
                look(at=at, state="closed"),
                calls("F", at=at),
                acquire("a", at=at + HOUR),
                acquire("b", at=at + HOUR),
                settle("b", "F", at=at + HOUR),
                look(at=at + HOUR, state="open"),
            ],
        ),
        vector(
            "Budget and probes in flight are two numbers",
            "Spillway",
            TRIPS_AT_ONCE | {"probes": 3, "probes_in_flight": 1},
            [
                *opened,
                acquire("a", at=at),
                acquire("b", at=at, expect="half_open"),
                settle("a", "F", at=at),
                acquire("b", at=at),
                acquire("c", at=at, expect="half_open"),
                settle("b", "S", at=at),
                acquire("c", at=at),
                settle("c", "S", at=at),
                look(at=at, state="closed", total_probes=3),
            ],
        ),
        vector(
            "A smaller budget lets one more probe decide",
            "Spillway",
            TRIPS_AT_ONCE | {"probes": 4, "probes_in_flight": 1},
            [
                *opened,
                acquire("a", at=at),
                settle("a", "S", at=at),
                acquire("b", at=at),
                settle("b", "F", at=at),
                look(at=at, state="half_open", probes_done=2),
                reconfigure(probes=1),
                acquire("c", at=at),
                settle("c", "S", at=at),
                look(at=at, state="closed"),
            ],
            note="The budget counts only while probes run: a half-open breaker never locks up.",
        ),
    ]  # fmt: skip


def stale_calls() -> list[Vector]:
    slow_to_end = TRIPS_AT_ONCE | {"open_for_ns": HOUR, "max_open_ns": HOUR, "slow_call_ns": 0}
    tripped = [
        acquire("A", at=0),
        acquire("B", at=0),
        acquire("C", at=0),
        settle("B", "F", at=MS),
        look(at=MS, state="open"),
    ]
    return [
        vector(
            "An old success does not close",
            "cep21/circuit, closers/hystrix/regression_test.go (scenario 21)",
            slow_to_end,
            [
                *tripped,
                settle("A", "S", at=2 * MS, expect="stale"),
                look(at=2 * MS, state="open", total_stale=1),
                acquire("probe", at=HOUR + 2 * MS),
                settle("C", "S", at=HOUR + 2 * MS, expect="stale"),
                look(at=HOUR + 2 * MS, state="half_open", probes_done=0),
                settle("probe", "S", at=HOUR + 2 * MS),
                look(at=HOUR + 2 * MS, state="closed", successes=0, total_stale=2),
            ],
        ),
        vector(
            "An old failure does not reopen",
            "cep21/circuit, circuit_regression_test.go (scenario 21)",
            slow_to_end,
            [
                *tripped,
                acquire("probe", at=2 * HOUR),
                settle("A", "F", at=2 * HOUR, expect="stale"),
                look(at=2 * HOUR, state="half_open", probes_failed=0),
                settle("probe", "S", at=2 * HOUR),
                settle("C", "F", at=2 * HOUR, expect="stale"),
                look(at=2 * HOUR, state="closed", failures=0, total_stale=2, total_failures=1),
            ],
        ),
        vector(
            "A probe that was not made does not use up the probe",
            "cep21/circuit: a bulkhead refuses what the breaker admitted (scenario 21)",
            slow_to_end,
            [
                calls("F", at=0),
                acquire("probe", at=HOUR),
                settle("probe", "I", at=HOUR),
                acquire("probe", at=HOUR),
                settle("probe", "S", at=HOUR),
                look(at=HOUR, state="closed"),
            ],
        ),
        vector(
            "Permits of another breaker, and permits settled twice",
            "Spillway",
            TRIPS_AT_ONCE,
            [
                acquire("a", at=0),
                settle("a", "S", at=0),
                settle("a", "F", at=0, expect="misused"),
                look(at=0, state="closed", successes=1, failures=0, total_misused=1),
                foreign("b", at=0),
                settle("b", "F", at=0, expect="misused"),
                look(at=0, state="closed", failures=0, total_misused=2),
            ],
        ),
    ]
