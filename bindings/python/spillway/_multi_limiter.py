"""The multi limiter: several limits at once, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._limiter import BucketLimiter, Limiter
from ._options import Options, settings_from
from ._policy import check_name
from ._schema.multi_limiter import OPTIONS, MultiLimiterRejection, MultiLimiterSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiLimiterOptions(Options):
    """The options of a multi limiter, as MultiLimiter takes them beside its members."""

    dry_run: bool
    counted: bool
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        return settings_from(OPTIONS, self.as_dict())


class MultiLimiter(Limiter):
    """Asks up to eight token buckets and leaky buckets at once, and takes from all or from none.

    >>> import spillway as sw
    >>> per_second = sw.TokenBucket("per_second", rate=10.0, burst=2)
    >>> per_hour = sw.TokenBucket("per_hour", rate=1000 / 3600, burst=3)
    >>> limiter = sw.MultiLimiter(per_second, per_hour)
    >>> [bool(limiter.try_acquire(now_ns=0)) for _ in range(3)]
    [True, True, False]
    >>> limiter.try_acquire(now_ns=0).refused_by
    <TokenBucket 'per_second' 10/s, burst 2>
    >>> per_hour.snapshot(now_ns=0).tokens
    1

    The members are asked in the order they are given in: put first who refuses most. They stay
    usable alone and in other multi limiters, and live as long as this one does. What a decision
    tells, `remaining` and the like, is what the member that refused tells, or else the one that has
    least left, as it is when it is read. Waiting exactly `retry_after` is enough for all members,
    if nobody comes before. There is nothing here that waits.

    Calls that bring no now_ns read the monotonic clock, to the nanosecond. A limiter that is given
    now_ns must always be given it, and its members too.

    Thread-safe, and safe to use in signal handlers. What a call has taken from one member is for a
    moment missing to others while it asks the next; docs/multi_limiter.md has the bounds.
    """

    __slots__ = ("_members",)

    _core: _core.MultiLimiterCore
    _options: MultiLimiterOptions

    noun = "multi limiter"
    _reasons = MultiLimiterRejection

    def __init__(
        self,
        *members: BucketLimiter,
        name: str | None = None,
        dry_run: bool = False,
        counted: bool = True,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a limiter; docs/multi_limiter.md has each option with its range and the source of
        its default.

        A named limiter joins spillway.registry and the metrics; the name must differ from that of
        every live multi limiter. Raises ValueError or TypeError that names the option or member,
        its value and what is accepted.
        """
        check_name(name)
        options = MultiLimiterOptions(dry_run=dry_run, counted=counted, scope=scope)
        self._members = members
        core = _core.MultiLimiterCore(name or "", options.settings(), members)
        super().__init__(core, name, options)

    @property
    def members(self) -> tuple[BucketLimiter, ...]:
        """The limiters it asks, in this order."""
        return self._members

    @property
    def options(self) -> MultiLimiterOptions:
        """The options as they are now, without the members. They pickle."""
        return self._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes dry_run while the limiter runs; the members are changed by themselves.

        Raises ValueError for an option that is fixed when the limiter is made (counted, scope),
        TypeError for a name that is no option. Nothing has changed then.
        """
        self._reconfigure(changes, lambda options: self._core.reconfigure(options.settings()))

    def snapshot(self, now_ns: int | None = None) -> MultiLimiterSnapshot:
        """The totals at that time; each member has a snapshot of its own. Changes nothing."""
        return MultiLimiterSnapshot(**self._core.snapshot(now_ns))

    def reset(self, now_ns: int | None = None) -> None:
        """Resets each of its members; the totals stay."""
        for member in self._members:
            member.reset(now_ns)

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        return f"<MultiLimiter{name} of {', '.join(map(repr, self._members))}>"
