"""What limiters have in common: each says whether a call may be made now, and when else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import _core
from ._errors import RateLimited
from ._options import Duration, Options
from ._policy import Policy
from ._schema.token_bucket import Inheritance


class Limiter(Policy, _core.Limiter):
    """The base of every limiter that treats all calls alike. Each takes one or more of what there
    is.

    Use it as a decorator, with `call`, as `with limiter:` or `async with limiter:`, which all take
    one and raise RateLimited when there is none; `try_acquire` leaves the rest to you.
    """

    __slots__ = ("__weakref__", "_core", "_options")

    _rejected = RateLimited

    def __init__(self, core: _core.LimiterCore, name: str | None, options: Options) -> None:
        super().__init__(core, name, self._rejected, tuple(self._reasons))
        self._begin(core, name, options)

    @property
    def _window(self) -> float | None:
        """The seconds in which its `limit` comes in, where that is at a steady rate."""
        return None

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return guarded


class BucketLimiter(Limiter, _core.ReservingLimiter):
    """The base of the buckets, which can promise what is not there yet.

    `acquire` and `acquire_async` wait for it; `reserve` leaves the wait to you.
    """

    __slots__ = ()

    def reconfigure(
        self,
        inheritance: Inheritance | str = Inheritance.KEEP,
        *,
        now_ns: int | None = None,
        **changes: Any,
    ) -> None:
        """Changes options while the bucket runs; `inheritance` says what becomes of what it holds.

        Times that reservations were given stay. Raises ValueError for a value out of range and for
        an option that is fixed when the bucket is made (counted, scope and, of a token bucket,
        initial_tokens), TypeError for a name that is no option. Nothing has changed then.
        """

        def apply(options: Options) -> None:
            self._core.reconfigure(options.settings(), str(inheritance), now_ns)

        self._reconfigure(changes, apply)

    def reset(self, now_ns: int | None = None) -> None:
        """As if nothing had been taken, and nothing is owed; the totals stay."""
        self.reconfigure(Inheritance.RESET, now_ns=now_ns)

    async def acquire_async(self, n: int = 1, timeout: Duration | None = None) -> None:
        """As acquire(), for asyncio: other tasks run meanwhile. A cancellation gives them back."""
        import asyncio  # who awaits this has imported it

        reservation = self._claim(n, timeout)
        try:
            while (seconds := reservation._left) > 0:
                await asyncio.sleep(seconds)
        except BaseException:
            reservation.cancel()
            raise
