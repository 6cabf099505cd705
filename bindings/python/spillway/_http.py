"""What a limiter's decision says in HTTP. The middlewares of asgi.py and wsgi.py send it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from . import _core
from ._limiter import Limiter

T = TypeVar("T")

REFUSED = b"Too many requests\n"


def rate_limit_headers(
    decision: _core.Decision, *, name: str = "default", window: float | None = None
) -> list[tuple[str, str]]:
    """The header fields that tell an HTTP client of a decision: RateLimit-Policy and RateLimit (the
    IETF draft draft-ietf-httpapi-ratelimit-headers), and Retry-After when it was refused.

    name is that of the quota, in printable ASCII. window is the number of seconds in which the
    limiter's whole limit comes in, burst / rate for a token bucket.

    >>> import spillway as sw
    >>> bucket = sw.TokenBucket(rate=2.0, burst=10)
    >>> decision = bucket.try_acquire(4, now_ns=0)
    >>> for field in sw.rate_limit_headers(decision, name="api", window=5.0):
    ...     print(*field, sep=": ")
    RateLimit-Policy: "api";q=10;w=5
    RateLimit: "api";r=6;t=1

    r is what is left, and t the seconds, rounded up, until there is more of it; without a window,
    until there is all of it. Retry-After is never below t, and absent when no wait helps.
    """
    if not name.isascii() or not name.isprintable():
        raise ValueError(f"name is {name!r}; it must be printable ASCII")
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    policy = f"{quoted};q={decision.limit}"
    if window is not None:
        policy += f";w={math.ceil(window)}"
    fields = [("RateLimit-Policy", policy)]
    more_after = _seconds_to_more(decision, window)
    left = f"{quoted};r={decision.remaining}"
    fields.append(("RateLimit", left if more_after is None else f"{left};t={more_after}"))
    if not decision and math.isfinite(decision.retry_after):
        fields.append(("Retry-After", str(max(math.ceil(decision.retry_after), more_after or 0))))
    return fields


def _seconds_to_more(decision: _core.Decision, window: float | None) -> int | None:
    reset_after = decision.reset_after
    if reset_after == 0 or math.isinf(reset_after):
        return None
    if window is not None:  # all but one of what is missing comes after the next one
        missing = decision.limit - decision.remaining
        reset_after -= (missing - 1) * window / decision.limit
    return max(math.ceil(reset_after - 1e-9), 1)  # less than a nanosecond is what floats leave over


class Gate(Generic[T]):
    """Asks a limiter about requests and says the answer in header fields."""

    def __init__(self, limiter: Limiter, cost: Callable[[T], int] | None, name: str | None) -> None:
        self._limiter = limiter
        self._cost = cost
        self._name = name or limiter.name or "default"

    def ask(self, request: T) -> tuple[bool, list[tuple[str, str]]]:
        """Whether to let it pass, and what to say in any case."""
        decision = self._limiter.try_acquire(1 if self._cost is None else self._cost(request))
        window: Any = self._limiter._window
        fields = rate_limit_headers(decision, name=self._name, window=window)
        return bool(decision), fields
