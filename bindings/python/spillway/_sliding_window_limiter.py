"""The sliding window limiter: never more than so many calls within so much time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._limiter import Limiter
from ._options import Duration, Options, seconds_of, settings_from
from ._policy import check_name
from ._schema.sliding_window_limiter import (
    OPTIONS,
    SlidingWindowLimiterRejection,
    SlidingWindowLimiterSnapshot,
)

OTHERS = ("second", "third")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingWindowLimiterOptions(Options):
    """The options of a sliding window limiter, as SlidingWindowLimiter takes them."""

    limit: int
    per: Duration
    also: tuple[tuple[int, Duration], ...]
    dry_run: bool
    counted: bool
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        options = self.as_dict()
        del options["also"]
        for name, pair in zip(OTHERS, _pairs(self.also), strict=False):
            options[f"{name}_limit"], options[f"{name}_per"] = pair
        return settings_from(OPTIONS, options)


def _pairs(also: Iterable[Iterable[Any]]) -> tuple[tuple[Any, Any], ...]:
    wanted = f"also is {also!r}; it must be up to {len(OTHERS)} pairs of a limit and its time"
    try:
        pairs = tuple((limit, per) for limit, per in also)
    except (TypeError, ValueError):
        raise TypeError(wanted) from None
    # A limit or a time of 0 would read as none.
    if len(pairs) > len(OTHERS) or not all(limit and per for limit, per in pairs):
        raise ValueError(f"{wanted}, neither of them 0")
    return pairs


class SlidingWindowLimiter(Limiter):
    """Admits at most `limit` calls within any `per` seconds, wherever one begins to count.

    >>> import spillway as sw
    >>> limiter = sw.SlidingWindowLimiter("sign_in", limit=2, per=60.0)
    >>> SECOND = 1_000_000_000
    >>> [bool(limiter.try_acquire(now_ns=at * SECOND)) for at in (0, 59, 59, 60, 61)]
    [True, True, False, True, False]
    >>> limiter.try_acquire(now_ns=61 * SECOND).retry_after
    58.0

    A token bucket of the same rate takes less memory (this one keeps 8 bytes for each call of
    `limit`), and lets through up to twice as many within some `per`.

    Calls that bring no now_ns read the monotonic clock, to the nanosecond. A limiter that is given
    now_ns must always be given it. Each call takes one: there is no n but 1, or 0 to see what is
    left. A place cannot be given back or promised, so nothing here waits.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a limiter
    each, with what it held.
    """

    __slots__ = ()

    _core: _core.SlidingWindowLimiterCore
    _options: SlidingWindowLimiterOptions

    noun = "sliding window limiter"
    _reasons = SlidingWindowLimiterRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        limit: int,
        per: Duration,
        also: Iterable[tuple[int, Duration]] = (),
        dry_run: bool = False,
        counted: bool = True,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a limiter; docs/sliding_window_limiter.md has each option with its range and the
        source of its default.

        also: up to two more pairs of a limit and its time. A call is admitted by all of them, in
        one step, or counted by none. A named limiter joins spillway.registry and the metrics; the
        name must differ from that of every live limiter of this kind. Raises ValueError or
        TypeError that names the option, its value and what is accepted.
        """
        check_name(name)
        options = SlidingWindowLimiterOptions(
            limit=limit,
            per=per,
            also=_pairs(also),
            dry_run=dry_run,
            counted=counted,
            scope=scope,
        )
        core = _core.SlidingWindowLimiterCore(name or "", options.settings())
        super().__init__(core, name, options)

    @property
    def options(self) -> SlidingWindowLimiterOptions:
        """The options as they are now. They pickle."""
        return self._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes dry_run while the limiter runs; the others are fixed when it is made.

        Raises ValueError for them, TypeError for a name that is no option. Nothing has changed
        then.
        """
        self._reconfigure(changes, lambda options: self._core.reconfigure(options.settings()))

    def snapshot(self, now_ns: int | None = None) -> SlidingWindowLimiterSnapshot:
        """What the limiter holds at that time. Changes nothing."""
        return SlidingWindowLimiterSnapshot(**self._core.snapshot(now_ns))

    def reset(self, now_ns: int | None = None) -> None:
        """Forgets what was admitted; the totals stay. now_ns is of no account."""
        self._core.reset()

    @property
    def _pairs(self) -> list[tuple[int, float]]:
        options = self._options
        pairs = ((options.limit, options.per), *options.also)
        return [(limit, seconds_of(per)) for limit, per in pairs]

    @property
    def _window(self) -> float:
        return min(self._pairs)[1]  # a decision's limit is the least one

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        pairs = ", ".join(f"{limit} per {per:g} s" for limit, per in self._pairs)
        return f"<SlidingWindowLimiter{name} {pairs}>"
