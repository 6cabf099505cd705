"""What a limiter's decision says in HTTP. The middlewares of asgi.py and wsgi.py send it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from . import _core
from ._keyed_limiter import Key, KeyedLimiter
from ._limiter import Limiter
from ._options import INT64_MAX, NANOS

T = TypeVar("T")

REFUSED = b"Too many requests\n"


def rate_limit_headers(
    decision: _core.Decision, *, name: str = "default", window: float | None = None
) -> list[tuple[str, str]]:
    """The header fields that tell an HTTP client of a decision: RateLimit-Policy and RateLimit (the
    IETF draft draft-ietf-httpapi-ratelimit-headers), and Retry-After when it was refused.

    name is that of the quota, 1 to 128 characters of printable ASCII. window is the number of
    seconds in which the limiter's whole limit comes in, burst / rate for a token bucket; one of
    more than 292 years is not told.

    >>> import spillway as sw
    >>> bucket = sw.TokenBucket(rate=2.0, burst=10)
    >>> decision = bucket.try_acquire(4, now_ns=0)
    >>> for field in sw.rate_limit_headers(decision, name="api", window=5.0):
    ...     print(*field, sep=": ")
    RateLimit-Policy: "api";q=10;w=5
    RateLimit: "api";r=6;t=1

    r is what is left, and t the seconds, rounded up, until there is more of it. Retry-After is
    never below t, and absent when no wait helps.
    """
    if window is not None and not window > 0:
        raise ValueError(f"window is {window!r}; it must be more than 0 s, or None")
    nanos = 0 if window is None or window * NANOS >= INT64_MAX else math.ceil(window * NANOS)
    policy, limit, retry_after = decision._header_fields(name, nanos)
    fields = [("RateLimit-Policy", policy), ("RateLimit", limit), ("Retry-After", retry_after)]
    return [field for field in fields if field[1]]


class Gate(Generic[T]):
    """Asks a limiter about requests and says the answer in header fields."""

    def __init__(
        self,
        limiter: Limiter | KeyedLimiter,
        key: Callable[[T], Key | None] | None,
        cost: Callable[[T], int] | None,
        name: str | None,
    ) -> None:
        if isinstance(limiter, KeyedLimiter):
            if key is None:
                raise TypeError(f"{limiter!r} needs key=, a function that says whose a request is")
        elif key is not None:
            raise TypeError(f"key= is for a KeyedLimiter; {limiter!r} treats all requests alike")
        self._limiter = limiter
        self._key = key
        self._cost = cost
        self._name = name or limiter.name or "default"
        # Whether the name can be sent is found out now.
        self._fields(
            limiter.try_acquire(0, 0) if isinstance(limiter, KeyedLimiter) else limiter.peek(0)
        )

    def ask(self, request: T) -> tuple[bool, list[tuple[str, str]]]:
        """Whether to let it pass, and what to say in any case."""
        decision = self._decide(request)
        return (True, []) if decision is None else (bool(decision), self._fields(decision))

    def _fields(self, decision: _core.Decision) -> list[tuple[str, str]]:
        return rate_limit_headers(decision, name=self._name, window=self._limiter._window)

    def _decide(self, request: T) -> _core.Decision | None:
        limiter = self._limiter
        if not isinstance(limiter, KeyedLimiter):
            return limiter.try_acquire(self._cost_of(request))
        key = cast(Callable[[T], Key | None], self._key)(request)
        return None if key is None else limiter.try_acquire(key, self._cost_of(request))

    def _cost_of(self, request: T) -> int:
        return 1 if self._cost is None else self._cost(request)
