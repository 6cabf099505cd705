"""Keeps a service standing when what it depends on does not."""

from . import testing
from ._circuit_breaker import CircuitBreaker, CircuitBreakerOptions
from ._core import Guard, Permit, Rejection
from ._errors import CircuitOpen, Rejected, SpillwayError
from ._events import Event, events, events_lost, on_event
from ._outcome import Outcome
from ._registry import registry
from ._schema import (
    CircuitBreakerEventReason,
    CircuitBreakerRejection,
    CircuitBreakerSnapshot,
    State,
)
from ._windows import Consecutive, CountWindow, KOfN, TimeWindow

__all__ = [
    "CircuitBreaker",
    "CircuitBreakerEventReason",
    "CircuitBreakerOptions",
    "CircuitBreakerRejection",
    "CircuitBreakerSnapshot",
    "CircuitOpen",
    "Consecutive",
    "CountWindow",
    "Event",
    "Guard",
    "KOfN",
    "Outcome",
    "Permit",
    "Rejected",
    "Rejection",
    "SpillwayError",
    "State",
    "TimeWindow",
    "events",
    "events_lost",
    "on_event",
    "registry",
    "testing",
]
