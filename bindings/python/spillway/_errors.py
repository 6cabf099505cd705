"""The exceptions that spillway raises."""

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any


class SpillwayError(Exception):
    """The base of every exception of this package."""


class Rejected(SpillwayError):  # noqa: N818 (the name says what happened)
    """A policy refused a call; the function was not called.

    reason is the policy's own, retry_after says in how many seconds to ask again (rounded up; it is
    infinite when no wait helps) and policy is the name of the policy, or None.
    """

    noun = "policy"
    _knows_when = True  # when it refuses: when to ask again

    def __init__(
        self,
        reason: StrEnum,
        retry_after: float,
        policy: str | None,
        retry_after_ns: int | None = None,
    ) -> None:
        self.reason = reason
        self.retry_after = retry_after
        self.policy = policy
        if retry_after_ns is None and math.isfinite(retry_after):
            retry_after_ns = round(retry_after * 1e9)
        self._retry_after_ns = retry_after_ns

    @property
    def retry_after_ns(self) -> int | None:
        """retry_after in nanoseconds, exact; None when no wait helps."""
        return self._retry_after_ns

    def __str__(self) -> str:
        named = self.noun if self.policy is None else f"{self.noun} {self.policy!r}"
        refused = f"{named} refused the call ({self.reason})"
        if not self._knows_when:
            return refused
        if math.isinf(self.retry_after):
            return f"{refused}; no wait helps"
        return f"{refused}; retry after {self.retry_after:.3f} s"

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (self.reason, self.retry_after, self.policy, self.retry_after_ns)
        return type(self), arguments, self.__dict__  # notes and what others added


class CircuitOpen(Rejected):
    """A circuit breaker refused a call. reason is a CircuitBreakerRejection."""

    noun = "circuit breaker"

    if TYPE_CHECKING:

        @property
        def retry_after_ns(self) -> int: ...


class RateLimited(Rejected):
    """A limiter refused a call, or a wait that would last longer than its timeout.

    reason is the limiter's own, as TokenBucketRejection.
    """

    noun = "limiter"


class BulkheadFull(Rejected):
    """A bulkhead had no slot for a call, or none in time. reason is a BulkheadRejection.

    retry_after is 0: nobody knows when a call ends.
    """

    noun = "bulkhead"
    _knows_when = False


class ConcurrencyLimited(Rejected):
    """An adaptive limiter refused a call. reason is an AdaptiveLimiterRejection.

    retry_after is 0: nobody knows when a call ends.
    """

    noun = "adaptive limiter"
    _knows_when = False


class Throttled(Rejected):
    """A client throttle refused a call. reason is a ClientThrottleRejection.

    retry_after is 0: the next call may be admitted.
    """

    noun = "client throttle"
    _knows_when = False
