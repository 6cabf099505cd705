"""The token bucket: lets through so many calls a second, and so many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._limiter import BucketLimiter
from ._options import Duration, Options, settings_from
from ._policy import check_name
from ._schema.token_bucket import OPTIONS, TokenBucketRejection, TokenBucketSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucketOptions(Options):
    """The options of a token bucket, as TokenBucket takes them."""

    rate: float
    burst: int
    initial_tokens: int | None
    dry_run: bool
    counted: bool
    warm_up: Duration
    cold_factor: float
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        options = self.as_dict()
        if self.initial_tokens is None:
            del options["initial_tokens"]
        return settings_from(OPTIONS, options)


class TokenBucket(BucketLimiter, _core.OverdraftLimiter):
    """Lets through `rate` tokens a second, and `burst` at once. Each call takes one, or n.

    >>> import spillway as sw
    >>> bucket = sw.TokenBucket("api", rate=100.0, burst=2)
    >>> @bucket
    ... def fetch(number):
    ...     return f"fetched {number}"
    >>> fetch(3)
    'fetched 3'
    >>> bucket.try_acquire(n=3)
    <Decision: exceeds_burst, 1 of 2 left>
    >>> with bucket:
    ...     total = fetch.__wrapped__(4)
    >>> bucket.acquire(timeout=1.0)

    What is admitted in any time t is at most burst + rate * t tokens, whatever the rate: nothing is
    rounded. Waiting exactly `retry_after` is enough, if nobody comes before. Who waits is served in
    the order in which it asked, and a call that cannot wait finds no token that was promised.

    With warm_up calls pay later, and pay more while the bucket is cold, until it has been busy for
    that long: for what must fill caches or connections before it is fast.

    >>> backend = sw.TokenBucket(rate=2.0, warm_up=4.0)
    >>> [backend.reserve(now_ns=0).delay for _ in range(6)]
    [0.0, 1.375, 2.5, 3.375, 4.0, 4.5]

    Calls that bring no now_ns read the monotonic clock, to the nanosecond. A bucket that is given
    now_ns must always be given it; acquire() and acquire_async() cannot be used with it then.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a bucket
    each, with what it held.
    """

    __slots__ = ()

    _core: _core.TokenBucketCore
    _options: TokenBucketOptions

    noun = "token bucket"
    _reasons = TokenBucketRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        rate: float,
        burst: int = 1,
        initial_tokens: int | None = None,
        dry_run: bool = False,
        counted: bool = True,
        warm_up: Duration = 0.0,
        cold_factor: float = 3.0,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a bucket; docs/token_bucket.md has each option with its range and the source of its
        default.

        initial_tokens is what is there at the first call; None: `burst`. warm_up, in seconds or a
        timedelta, has a bucket that was idle begin `cold_factor` times slower. A named bucket joins
        spillway.registry and the metrics; the name must differ from that of every live bucket.
        Raises ValueError or TypeError that names the option, its value and what is accepted.
        """
        check_name(name)
        options = TokenBucketOptions(
            rate=rate,
            burst=burst,
            initial_tokens=initial_tokens,
            dry_run=dry_run,
            counted=counted,
            warm_up=warm_up,
            cold_factor=cold_factor,
            scope=scope,
        )
        super().__init__(_core.TokenBucketCore(name or "", options.settings()), name, options)

    @property
    def options(self) -> TokenBucketOptions:
        """The options as they are now. They pickle."""
        return self._options

    def snapshot(self, now_ns: int | None = None) -> TokenBucketSnapshot:
        """What the bucket holds at that time. Changes nothing."""
        return TokenBucketSnapshot(**self._core.snapshot(now_ns))

    @property
    def _window(self) -> float:
        return self._options.burst / self._options.rate

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        return f"<TokenBucket{name} {self._options.rate:g}/s, burst {self._options.burst}>"
