"""The exceptions that spillway raises."""

from enum import StrEnum
from typing import Any


class SpillwayError(Exception):
    """The base of every exception of this package."""


class Rejected(SpillwayError):  # noqa: N818 (the name says what happened)
    """A policy refused a call; the function was not called.

    reason is the policy's own, retry_after says in how many seconds to ask again (rounded up;
    retry_after_ns is exact) and policy is the name of the policy, or None.
    """

    noun = "policy"

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
        self.retry_after_ns = round(retry_after * 1e9) if retry_after_ns is None else retry_after_ns

    def __str__(self) -> str:
        named = self.noun if self.policy is None else f"{self.noun} {self.policy!r}"
        return f"{named} refused the call ({self.reason}); retry after {self.retry_after:.3f} s"

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (self.reason, self.retry_after, self.policy, self.retry_after_ns)
        return type(self), arguments, self.__dict__  # notes and what others added


class CircuitOpen(Rejected):
    """A circuit breaker refused a call. reason is a CircuitBreakerRejection."""

    noun = "circuit breaker"
