"""What trips a closed circuit breaker."""

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
from scenario import MS, S, Step, Vector, ns

HYSTRIX = "Hystrix, HystrixCircuitBreakerTest"
RESILIENCE4J = "Resilience4j, CircuitBreakerStateMachineTest"


def vectors() -> list[Vector]:
    return [*rates(), *slow_calls(), *time_window(), *call_windows()]


def rates() -> list[Vector]:
    r4: dict[str, Any] = {"window_ns": 20 * S, "buckets": 20, "min_calls": 5, "failure_rate": 0.5}
    return [
        vector(
            "Hystrix: minimum volume",
            f"{HYSTRIX} (scenario 1)",
            {"min_calls": 5, "failure_rate": 0.5},
            [
                calls("FFFF", at=0),
                look(at=0, state="closed", failure_rate=None, failures=4),
                calls("F", at=0),
                look(at=0, state="open", generation=1, since_ns=0, failures=0, total_failures=5),
                events(event(1, "closed open", "failure_rate", rate=1.0, at=0)),
            ],
        ),
        vector(
            "Hystrix: the rate is reached at the minimum volume",
            f"{HYSTRIX} (scenario 2)",
            {"min_calls": 8, "failure_rate": 0.4},
            [
                calls("SSFSFSF", at=0),
                look(at=0, state="closed"),
                calls("F", at=0),
                look(at=0, state="open"),
                events(event(1, "closed open", "failure_rate", rate=0.5, at=0)),
            ],
        ),
        vector(
            "Hystrix: the rate is not reached at the minimum volume",
            f"{HYSTRIX} (scenario 2)",
            {"min_calls": 8, "failure_rate": 0.4},
            [
                calls("SSFSSFSF", at=0),
                look(at=0, state="closed", failure_rate=0.375, successes=5, failures=3),
            ],
        ),
        vector(
            "Resilience4j: the rate is undefined below the minimum",
            f"{RESILIENCE4J} (scenario 4)",
            r4,
            [
                *(
                    step
                    for i, letter in enumerate("FFFS")
                    for step in (calls(letter, at=0), look(at=0, state="closed", failure_rate=None,
                                                           total_failures=min(i + 1, 3)))
                ),
                calls("S", at=0),
                look(at=0, state="open", total_successes=2, total_failures=3),
                events(event(1, "closed open", "failure_rate", rate=0.6, at=0)),
                acquire("late", at=0, expect="open", retry_after_ns=5 * S),
                look(at=0, total_rejected=1),
            ],
            note="An open breaker shows no window: the rate that opened it is in the event.",
        ),
        vector(
            "Resilience4j: one call a second",
            f"{RESILIENCE4J} (scenario 5)",
            r4,
            [
                calls("SSSFF", at=0, every_ns=S),
                look(at=4 * S, state="closed", failure_rate=0.4),
                calls("F", at=5 * S),
                look(at=5 * S, state="open"),
                events(event(1, "closed open", "failure_rate", rate=0.5, at=5 * S)),
            ],
        ),
        vector(
            "Every percent is exact",
            "cep21/circuit, OpenerExactThreshold (scenario 22)",
            {"window_kind": "count", "window_size": 100, "min_calls": 100},
            [step for percent in range(1, 101) for step in percent_steps(percent)],
            note="With 100 calls p failures reach a threshold of p %, p - 1 do not.",
            origins=[0],
        ),
        vector(
            "The last percent is found in a success too",
            "Spillway",
            {"min_calls": 4, "failure_rate": 0.5},
            [calls("FFS", at=0), look(at=0, state="closed"), calls("S", at=0),
             look(at=0, state="open")],
            note="A success can complete the minimum: it is judged then.",
        ),
    ]  # fmt: skip


def percent_steps(percent: int) -> list[Step]:
    rate = percent / 100
    return [
        reconfigure(failure_rate=rate),
        manual("reset", at=0),
        calls("F", at=0, times=percent - 1),
        calls("S", at=0, times=101 - percent),
        look(at=0, state="closed", failure_rate=(percent - 1) / 100),
        manual("reset", at=0),
        calls("F", at=0, times=percent),
        # 100 % trips at the last failure.
        *([calls("S", at=0, times=100 - percent)] if percent < 100 else []),
        look(at=0, state="open"),
    ]


def slow_calls() -> list[Vector]:
    options = {"min_calls": 5, "slow_call_ns": 4 * S, "slow_rate": 0.5, "failure_rate": 0.5}
    return [
        vector(
            "Resilience4j: the slow-call rate",
            f"{RESILIENCE4J} (scenario 6)",
            options,
            [
                calls("FS", at=0, took_ns=5 * S),
                calls("FS", at=5 * S, took_ns=100 * MS),
                look(at=6 * S, state="closed", failures=1, slow_failures=1, successes=1,
                     slow_successes=1, slow_rate=None),
                calls("S", at=1 * S, took_ns=5 * S),
                look(at=6 * S, state="open", total_slow_successes=2, total_slow_failures=1),
                events(event(1, "closed open", "slow_rate", rate=0.6, at=6 * S)),
            ],
        ),
        vector(
            "A call is slow one nanosecond after slow_call",
            "Resilience4j, which draws the line there too (scenario 6)",
            options,
            [
                calls("S", at=0, took_ns=4 * S),
                look(at=4 * S, successes=1, slow_successes=0),
                calls("S", at=0, took_ns=4 * S + 1),
                look(at=4 * S + 1, successes=1, slow_successes=1),
            ],
            note="pyresilience counts a call of exactly the limit as slow.",
        ),
        vector(
            "No call is slow when slow_call is off",
            "Spillway",
            {"min_calls": 2, "slow_call_ns": 0, "slow_rate": 0.0001},
            [
                calls("SSS", at=0, took_ns=86_400 * S),
                look(at=86_400 * S, state="closed", successes=3, slow_rate=None, failure_rate=0),
            ],
        ),
        vector(
            "Failures are named before slow calls",
            "Spillway",
            {"min_calls": 2, "slow_call_ns": 1, "slow_rate": 0.5, "failure_rate": 0.5},
            [
                calls("FF", at=0, took_ns=2),
                events(event(1, "closed open", "failure_rate", rate=1.0, at=2)),
            ],
        ),
    ]  # fmt: skip


def time_window() -> list[Vector]:
    five_buckets = {"window_ns": 5 * S, "buckets": 5, "min_calls": 100, "slow_call_ns": 500 * MS}
    counts = {"successes": 1, "failures": 1, "slow_failures": 1}
    return [
        vector(
            "Resilience4j: calls leave the window with their bucket",
            "Resilience4j, SlidingTimeWindowMetricsTest (scenario 8)",
            five_buckets,
            [
                calls("FS", at=900 * MS, took_ns=100 * MS),
                calls("F", at=0, took_ns=1000 * MS),
                look(at=S, **counts, slow_successes=0),
                look(at=ns(5.8), **counts),
                look(at=6 * S - 1, **counts),
                look(at=6 * S, successes=0, failures=0, slow_failures=0, total_failures=1),
                look(at=ns(6.8), successes=0, failures=0, slow_failures=0),
            ],
            note="A call is counted when it settles. Durations are not added up.",
        ),
        vector(
            "Hystrix: a rolling sum",
            "Hystrix, HystrixRollingNumberTest (scenario 23)",
            {"window_ns": 200 * MS, "buckets": 10},
            [
                calls("S", at=0),
                calls("S", at=60 * MS),
                look(at=60 * MS, successes=2),
                calls("S", at=260 * MS),
                look(at=260 * MS, successes=1, total_successes=3),
            ],
        ),
        vector(
            "A rate rises when successes leave the window",
            "Spillway",
            {"window_ns": 2 * S, "buckets": 2, "min_calls": 2, "failure_rate": 0.5},
            [
                calls("S", at=0, times=5),
                calls("FF", at=S),
                look(at=2 * S - 1, state="closed", successes=5, failures=2),
                look(at=2 * S, state="closed", successes=0, failures=2, failure_rate=1.0),
                calls("S", at=2 * S),
                look(at=2 * S, state="open"),
                events(event(1, "closed open", "failure_rate", rate=0.6667, at=2 * S)),
            ],
            note="A snapshot changes nothing; the next call that settles is judged.",
        ),
        vector(
            "Buckets that do not divide the window",
            "Spillway",
            {"window_ns": 100 * MS, "buckets": 3, "min_calls": 100},
            [
                calls("S", at=33_333_333),
                calls("F", at=33_333_334),
                look(at=100_000_001, successes=1, failures=1),
                look(at=100_000_002, successes=0, failures=1),
                look(at=133_333_335, failures=1),
                look(at=133_333_336, failures=0),
            ],
            note="A bucket is the window over its buckets, rounded up to whole nanoseconds.",
        ),
    ]


def call_windows() -> list[Vector]:
    return [
        vector(
            "Resilience4j: the last ten calls",
            "Resilience4j, CircuitBreakerMetricsTest (scenario 11)",
            {"window_kind": "count", "window_size": 10, "min_calls": 10, "failure_rate": 1.0},
            [
                calls("SSFF", at=0),
                look(at=0, failure_rate=None, successes=2, failures=2),
                calls("FFFFSSSS", at=0),
                look(at=0, failure_rate=0.6, successes=4, failures=6),
                calls("SSS", at=0),
                look(at=0, failure_rate=0.3, successes=7, failures=3, total_successes=9),
            ],
        ),
        vector(
            "A count window caps min_calls",
            "Resilience4j",
            {"window_kind": "count", "window_size": 4, "min_calls": 20},
            [calls("FSF", at=0), look(at=0, state="closed"), calls("S", at=0),
             look(at=0, state="open")],
        ),
        vector(
            "The longest count window in one word",
            "Spillway",
            {"window_kind": "count", "window_size": 30, "min_calls": 30, "failure_rate": 0.5},
            [
                calls("S", at=0, times=45),
                calls("F", at=0, times=14),
                look(at=0, state="closed", successes=16, failures=14),
                calls("F", at=0),
                look(at=0, state="open"),
            ],
        ),
        vector(
            "The shortest count window beyond one word",
            "Spillway",
            {"window_kind": "count", "window_size": 31, "min_calls": 31, "failure_rate": 0.5},
            [
                calls("S", at=0, times=45),
                calls("F", at=0, times=15),
                look(at=0, state="closed", successes=16, failures=15),
                calls("F", at=0),
                look(at=0, state="open"),
            ],
        ),
        vector(
            "gobreaker: six failures in a row",
            "gobreaker, gobreaker_test.go (scenario 16)",
            {"window_kind": "consecutive", "window_failures": 6, "open_for_ns": 60 * S,
             "backoff": 1.0},
            [
                calls("FFFFF", at=0),
                look(at=0, state="closed", failures=5),
                calls("SFFFFF", at=0),
                look(at=0, state="closed"),
                calls("F", at=0),
                look(at=0, state="open", failures=0),
                acquire("early", at=ns(59.999), expect="open"),
                acquire("probe", at=60 * S),
                look(at=60 * S, state="half_open"),
                settle("probe", "F", at=60 * S),
                look(at=60 * S, state="open"),
                acquire("probe", at=120 * S + 1),
                settle("probe", "S", at=120 * S + 1),
                look(at=120 * S + 1, state="closed", failures=0),
            ],
            note="gobreaker admits strictly after 60 s, we at 60 s.",
        ),
        vector(
            "pybreaker: three failures in a row",
            "pybreaker, pybreaker_test.py (scenario 28)",
            {"window_kind": "consecutive", "window_failures": 3, "open_for_ns": 500 * MS,
             "backoff": 1.0},
            [
                calls("FFF", at=0),
                look(at=0, state="open", total_failures=3),
                acquire("probe", at=600 * MS),
                settle("probe", "F", at=600 * MS),
                look(at=600 * MS, state="open", total_probes=1),
                acquire("probe", at=1200 * MS),
                settle("probe", "S", at=1200 * MS),
                look(at=1200 * MS, state="closed", failures=0),
                calls("FF", at=1200 * MS),
                look(at=1200 * MS, state="closed", failures=2),
            ],
            note="Probes are counted apart from calls: the counter of failures stays at 3.",
        ),
        vector(
            "Ignored outcomes do not break a row of failures",
            "Spillway",
            {"window_kind": "consecutive", "window_failures": 3},
            [calls("FIFIF", at=0), look(at=0, state="open", total_ignored=2)],
            note="pybreaker counts an error outside its predicate as a success.",
        ),
        vector(
            "Three failures of the last ten",
            "failsafe-go, which has windows of calls like this",
            {"window_kind": "k_of_n", "window_failures": 3, "window_size": 10},
            [
                calls("FSSSSFSSSSF", at=0),
                look(at=0, state="closed", successes=8, failures=2, failure_rate=0.2),
                calls("SSF", at=0),
                look(at=0, state="open"),
                events(event(1, "closed open", "failure_rate", rate=0.3, at=0)),
            ],
            note="The first failure has left the window when the third comes.",
        ),
        vector(
            "Three slow calls of the last ten",
            "Spillway",
            {"window_kind": "k_of_n", "window_failures": 3, "window_size": 10, "slow_call_ns": 1},
            [
                calls("SF", at=0, took_ns=2),
                calls("S", at=0, took_ns=1),
                calls("S", at=0, took_ns=2),
                events(event(1, "closed open", "slow_rate", rate=0.75, at=2)),
            ],
        ),
    ]  # fmt: skip
