"""The leaky bucket: a level that each call raises and time lowers, as a meter or as a shaper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._limiter import BucketLimiter
from ._options import Options, settings_from
from ._policy import check_name
from ._schema.leaky_bucket import OPTIONS, LeakyBucketRejection, LeakyBucketSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakyBucketOptions(Options):
    """The options of a leaky bucket, as LeakyBucket takes them."""

    rate: float
    capacity: int
    free: int | None
    dry_run: bool
    counted: bool
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        options = self.as_dict()
        if self.free is None:
            del options["free"]
        return settings_from(OPTIONS, options)


class LeakyBucket(BucketLimiter):
    """Each call pours one in, or n; `rate` a second leak out, and the bucket holds `capacity`.

    As a meter, with free=None, it refuses what would not fit, and nobody waits:

    >>> import spillway as sw
    >>> meter = sw.LeakyBucket(rate=10.0, capacity=2)
    >>> [bool(meter.try_acquire(now_ns=0)) for _ in range(3)]
    [True, True, False]

    As a shaper, with free=1, it spaces the calls, and `capacity` is how many may stand in line:

    >>> shaper = sw.LeakyBucket(rate=10.0, capacity=3, free=1)
    >>> [shaper.reserve(now_ns=0).delay for _ in range(3)]
    [0.0, 0.1, 0.2]
    >>> shaper.reserve(now_ns=0) is None
    True

    Calls that find the level within `free` pass at once, the others once it has leaked down to
    there. That is nginx's `limit_req` with burst=B and delay=N for capacity=B + 1 and free=N + 1.
    try_acquire(), and what guards a function or a block, never waits: it admits what passes at
    once. acquire(), acquire_async() and reserve() wait, in the order in which they asked.

    What is admitted in any time t is at most capacity + rate * t, whatever the rate: nothing is
    rounded. Calls that bring no now_ns read the monotonic clock, to the nanosecond. A bucket that
    is given now_ns must always be given it; acquire() and acquire_async() cannot be used with it.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a bucket
    each, with what it held.
    """

    __slots__ = ()

    _core: _core.LeakyBucketCore
    _options: LeakyBucketOptions

    noun = "leaky bucket"
    _reasons = LeakyBucketRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        rate: float,
        capacity: int = 1,
        free: int | None = None,
        dry_run: bool = False,
        counted: bool = True,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a bucket, empty; docs/leaky_bucket.md has each option with its range and the source
        of its default.

        free is the level up to which calls pass at once; None: `capacity`. A named bucket joins
        spillway.registry and the metrics; the name must differ from that of every live leaky
        bucket. Raises ValueError or TypeError that names the option, its value and what is
        accepted.
        """
        check_name(name)
        options = LeakyBucketOptions(
            rate=rate,
            capacity=capacity,
            free=free,
            dry_run=dry_run,
            counted=counted,
            scope=scope,
        )
        super().__init__(_core.LeakyBucketCore(name or "", options.settings()), name, options)

    @property
    def options(self) -> LeakyBucketOptions:
        """The options as they are now. They pickle."""
        return self._options

    def snapshot(self, now_ns: int | None = None) -> LeakyBucketSnapshot:
        """What the bucket holds at that time. Changes nothing."""
        return LeakyBucketSnapshot(**self._core.snapshot(now_ns))

    @property
    def _window(self) -> float:
        return self._options.capacity / self._options.rate

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        options = self._options
        free = "" if options.free is None else f", {options.free} of them free"
        return f"<LeakyBucket{name} {options.rate:g}/s, capacity {options.capacity}{free}>"
