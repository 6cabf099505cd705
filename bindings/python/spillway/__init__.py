"""Keeps a service standing when what it depends on does not."""

from . import testing
from ._circuit_breaker import CircuitBreaker, CircuitBreakerOptions
from ._core import Decision, Guard, Permit, Rejection, Reservation
from ._errors import CircuitOpen, RateLimited, Rejected, SpillwayError
from ._events import Event, events, events_lost, on_event
from ._http import rate_limit_headers
from ._keyed_limiter import KeyedLimiter, KeyedLimiterOptions
from ._leaky_bucket import LeakyBucket, LeakyBucketOptions
from ._multi_limiter import MultiLimiter, MultiLimiterOptions
from ._outcome import Outcome
from ._registry import registry
from ._schema import (
    CircuitBreakerEventReason,
    CircuitBreakerRejection,
    CircuitBreakerSnapshot,
    Inheritance,
    KeyedLimiterRejection,
    KeyedLimiterSnapshot,
    KeyedLimiterWhenFull,
    LeakyBucketRejection,
    LeakyBucketSnapshot,
    MultiLimiterRejection,
    MultiLimiterSnapshot,
    SlidingWindowLimiterRejection,
    SlidingWindowLimiterSnapshot,
    State,
    TokenBucketRejection,
    TokenBucketSnapshot,
)
from ._sliding_window_limiter import SlidingWindowLimiter, SlidingWindowLimiterOptions
from ._token_bucket import TokenBucket, TokenBucketOptions
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
    "Decision",
    "Event",
    "Guard",
    "Inheritance",
    "KOfN",
    "KeyedLimiter",
    "KeyedLimiterOptions",
    "KeyedLimiterRejection",
    "KeyedLimiterSnapshot",
    "KeyedLimiterWhenFull",
    "LeakyBucket",
    "LeakyBucketOptions",
    "LeakyBucketRejection",
    "LeakyBucketSnapshot",
    "MultiLimiter",
    "MultiLimiterOptions",
    "MultiLimiterRejection",
    "MultiLimiterSnapshot",
    "Outcome",
    "Permit",
    "RateLimited",
    "Rejected",
    "Rejection",
    "Reservation",
    "SlidingWindowLimiter",
    "SlidingWindowLimiterOptions",
    "SlidingWindowLimiterRejection",
    "SlidingWindowLimiterSnapshot",
    "SpillwayError",
    "State",
    "TimeWindow",
    "TokenBucket",
    "TokenBucketOptions",
    "TokenBucketRejection",
    "TokenBucketSnapshot",
    "events",
    "events_lost",
    "on_event",
    "rate_limit_headers",
    "registry",
    "testing",
]
