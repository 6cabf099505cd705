"""What the circuit breaker must do, in words: a scenario a vector."""

import circuit_breaker_bounds
import circuit_breaker_half_open
import circuit_breaker_in_flight
import circuit_breaker_recovery
import circuit_breaker_states
import circuit_breaker_windows
from scenario import Vector


def vectors() -> list[Vector]:
    return [
        *circuit_breaker_windows.vectors(),
        *circuit_breaker_in_flight.vectors(),
        *circuit_breaker_half_open.vectors(),
        *circuit_breaker_recovery.vectors(),
        *circuit_breaker_states.vectors(),
        *circuit_breaker_bounds.vectors(),
    ]
