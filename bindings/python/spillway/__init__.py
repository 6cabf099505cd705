"""Keeps a service standing when what it depends on does not."""

from . import testing
from ._adaptive_limiter import AdaptiveLimiter, AdaptiveLimiterOptions
from ._bulkhead import Bulkhead, BulkheadOptions
from ._circuit_breaker import CircuitBreaker, CircuitBreakerOptions
from ._client_throttle import ClientThrottle, ClientThrottleOptions
from ._core import Decision, Guard, Permit, Rejection, Reservation
from ._errors import (
    BulkheadFull,
    CircuitOpen,
    ConcurrencyLimited,
    RateLimited,
    Rejected,
    SpillwayError,
    Throttled,
)
from ._events import Event, events, events_lost, on_event
from ._http import rate_limit_headers
from ._keyed_limiter import KeyedLimiter, KeyedLimiterOptions
from ._leaky_bucket import LeakyBucket, LeakyBucketOptions
from ._multi_limiter import MultiLimiter, MultiLimiterOptions
from ._outcome import Outcome
from ._priority import Priority
from ._registry import registry
from ._schema.adaptive_limiter import (
    AdaptiveLimiterRejection,
    AdaptiveLimiterSnapshot,
    LimitAlgorithm,
)
from ._schema.bulkhead import BulkheadRejection, BulkheadSnapshot
from ._schema.circuit_breaker import (
    CircuitBreakerEventReason,
    CircuitBreakerRejection,
    CircuitBreakerSnapshot,
    State,
)
from ._schema.client_throttle import ClientThrottleRejection, ClientThrottleSnapshot
from ._schema.keyed_limiter import KeyedLimiterRejection, KeyedLimiterSnapshot, KeyedLimiterWhenFull
from ._schema.leaky_bucket import LeakyBucketRejection, LeakyBucketSnapshot
from ._schema.multi_limiter import MultiLimiterRejection, MultiLimiterSnapshot
from ._schema.sliding_window_limiter import (
    SlidingWindowLimiterRejection,
    SlidingWindowLimiterSnapshot,
)
from ._schema.token_bucket import Inheritance, TokenBucketRejection, TokenBucketSnapshot
from ._sliding_window_limiter import SlidingWindowLimiter, SlidingWindowLimiterOptions
from ._token_bucket import TokenBucket, TokenBucketOptions
from ._windows import Consecutive, CountWindow, KOfN, TimeWindow

__all__ = [
    "AdaptiveLimiter",
    "AdaptiveLimiterOptions",
    "AdaptiveLimiterRejection",
    "AdaptiveLimiterSnapshot",
    "Bulkhead",
    "BulkheadFull",
    "BulkheadOptions",
    "BulkheadRejection",
    "BulkheadSnapshot",
    "CircuitBreaker",
    "CircuitBreakerEventReason",
    "CircuitBreakerOptions",
    "CircuitBreakerRejection",
    "CircuitBreakerSnapshot",
    "CircuitOpen",
    "ClientThrottle",
    "ClientThrottleOptions",
    "ClientThrottleRejection",
    "ClientThrottleSnapshot",
    "ConcurrencyLimited",
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
    "LimitAlgorithm",
    "MultiLimiter",
    "MultiLimiterOptions",
    "MultiLimiterRejection",
    "MultiLimiterSnapshot",
    "Outcome",
    "Permit",
    "Priority",
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
    "Throttled",
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
