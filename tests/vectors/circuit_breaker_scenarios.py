"""What the circuit breaker must do, in words."""

from scenario import Vector, acquire, calls, event, events, look, ns, settle, vector


def vectors() -> list[Vector]:
    return [*windows(), *states()]


def windows() -> list[Vector]:
    return [
        vector(
            "Hystrix: minimum volume",
            "Hystrix, HystrixCircuitBreakerTest (scenario 1)",
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
            "Hystrix: the rate at the minimum volume, reached",
            "Hystrix, HystrixCircuitBreakerTest (scenario 2)",
            {"min_calls": 8, "failure_rate": 0.4},
            [calls("SSFSFSFF", at=0), look(at=0, state="open")],
        ),
    ]


def states() -> list[Vector]:
    return [
        vector(
            "Hystrix: a single probe",
            "Hystrix, HystrixCircuitBreakerTest (scenario 3)",
            {"min_calls": 1, "open_for_ns": ns(0.2), "backoff": 1.0},
            [
                calls("F", at=0),
                acquire("early", at=ns(0.1), expect="open", retry_after_ns=ns(0.1)),
                acquire("probe", at=ns(0.25)),
                acquire("second", at=ns(0.25), expect="half_open"),
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
    ]
