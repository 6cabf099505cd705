"""Probes that hang, and the return after a close."""

from typing import Any

from circuit_breaker_steps import acquire, calls, event, events, look, reconfigure, settle, vector
from scenario import S, Vector

TRIPS_AT_ONCE: dict[str, Any] = {"min_calls": 1, "open_for_ns": 5 * S}


def vectors() -> list[Vector]:
    return [*leases(), *ramps()]


def leases() -> list[Vector]:
    options = TRIPS_AT_ONCE | {"probe_lease_ns": 30 * S}
    at = 5 * S
    return [
        vector(
            "A probe that never returns",
            "No peer heals this as configured by default but hystrix-go and cep21 (scenario 29)",
            options,
            [
                calls("F", at=0),
                acquire("hung", at=at),
                acquire("a", at=at + 1, expect="half_open", retry_after_ns=5 * S),
                acquire("a", at=at + 30 * S - 1, expect="half_open", retry_after_ns=1),
                acquire("next", at=at + 30 * S),
                look(at=at + 30 * S, state="half_open", generation=3, probes_issued=1),
                events(event(3, "half_open half_open", "lease_expired", at=at + 30 * S), since=2),
                settle("hung", "F", at=at + 31 * S, expect="stale"),
                look(at=at + 31 * S, state="half_open", probes_failed=0, total_stale=1),
                settle("next", "S", at=at + 31 * S),
                look(at=at + 31 * S, state="closed"),
            ],
        ),
        vector(
            "A lease that has passed gives up all probes that run, and keeps what others said",
            "Spillway",
            options | {"probes": 4, "probes_in_flight": 2, "failure_rate": 0.75},
            [
                calls("F", at=0),
                acquire("a", at=at),
                settle("a", "F", at=at),
                acquire("b", at=at),
                acquire("c", at=at + 10 * S),
                acquire("d", at=at + 30 * S, expect="half_open", retry_after_ns=5 * S),
                acquire("d", at=at + 40 * S),
                look(at=at + 40 * S, probes_issued=2, probes_done=1, probes_failed=1),
                settle("b", "S", at=at + 40 * S, expect="stale"),
                settle("c", "S", at=at + 40 * S, expect="stale"),
                settle("d", "S", at=at + 40 * S),
                look(at=at + 40 * S, state="half_open", probes_done=2, total_stale=2),
            ],
            note="The lease is that of the newest probe.",
        ),
    ]


def ramps() -> list[Vector]:
    options = TRIPS_AT_ONCE | {"ramp_ns": 10 * S}
    closed = 5 * S
    recovering = [
        calls("F", at=0),
        acquire("probe", at=closed),
        settle("probe", "S", at=closed),
        look(at=closed, state="closed", generation=3),
    ]
    return [
        vector(
            "A growing share is admitted after a close",
            "Spillway; the first 10 % are Envoy's slow start",
            options,
            [
                *recovering,
                # The n-th call waits for the fraction of n golden ratios: 0, 0.618, 0.236, 0.854.
                acquire("a", at=closed),
                acquire("b", at=closed, expect="ramp", retry_after_ns=6_180_339_888),
                acquire("b", at=closed + 1 * S, expect="ramp", retry_after_ns=1_360_679_775),
                acquire("b", at=closed + 9 * S),
                acquire("c", at=closed + 1 * S, expect="ramp", retry_after_ns=3_721_359_550),
                look(at=closed + 9 * S, state="closed", generation=3, total_rejected=3),
                acquire("c", at=closed + 10 * S, times=5),
                look(at=closed + 10 * S, state="closed", generation=3, total_rejected=3),
            ],
        ),
        vector(
            "A failure during the ramp opens again, for longer",
            "Spillway",
            options,
            [
                *recovering,
                acquire("a", at=closed),
                settle("a", "F", at=closed),
                look(at=closed, state="open", open_step=1, time_to_half_open_ns=10 * S),
                events(event(4, "closed open", "failure_rate", rate=1.0), since=3),
            ],
        ),
        vector(
            "A call that was admitted during the ramp counts after it",
            "Spillway",
            options | {"min_calls": 2},
            [
                calls("FF", at=0),
                acquire("probe", at=closed),
                settle("probe", "S", at=closed),
                acquire("a", at=closed),
                acquire("b", at=closed + 20 * S),
                settle("a", "S", at=closed + 20 * S),
                look(at=closed + 20 * S, state="closed", generation=3, slow_successes=1),
            ],
        ),
        vector(
            "A ramp that is turned off ends",
            "Spillway",
            options,
            [
                *recovering,
                acquire("a", at=closed),
                acquire("b", at=closed, expect="ramp"),
                reconfigure(ramp_ns=0),
                acquire("b", at=closed, times=10),
            ],
        ),
    ]
