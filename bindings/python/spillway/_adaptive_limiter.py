"""The adaptive limiter: as many calls at once as the callee can work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._errors import ConcurrencyLimited
from ._options import Classify, Duration, PermitOptions, Rules, settings_from
from ._permit_policy import PermitPolicy, reset_in_child
from ._policy import check_name
from ._schema.adaptive_limiter import (
    OPTIONS,
    AdaptiveLimiterRejection,
    AdaptiveLimiterSnapshot,
    LimitAlgorithm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveLimiterOptions(PermitOptions):
    """The options of an adaptive limiter, as AdaptiveLimiter takes them."""

    algorithm: LimitAlgorithm | str
    initial_limit: int
    min_limit: int
    max_limit: int
    window: Duration
    tolerance: float
    smoothing: float
    drop_rate: float
    dry_run: bool
    on: tuple[type[Exception], ...]
    ignore: tuple[type[Exception], ...]
    on_result: Callable[[Any], object] | None
    classify: Classify | None
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        return settings_from(OPTIONS, self.as_dict())

    def rules(self) -> Rules:
        return Rules(self.on, self.ignore, self.on_result, self.classify)


class AdaptiveLimiter(PermitPolicy):
    """Lets as many calls be in flight as the callee can work on, and finds out how many these are.

    >>> import spillway as sw
    >>> limiter = sw.AdaptiveLimiter("search", algorithm="gradient", initial_limit=2)
    >>> @limiter
    ... def search(text):
    ...     return f"found {text}"
    >>> search("fish")
    'found fish'
    >>> with limiter.acquire(), limiter.acquire():
    ...     limiter.try_acquire()
    <Rejection by 'search': limited, retry after 0 ns>
    >>> limiter.limit
    2

    With as many calls in flight as the limit allows, each raises ConcurrencyLimited. Calls that
    take longer than they would without a queue make the limit fall, and so do failures: calls that
    the callee dropped. on, ignore, on_result and classify say which those are, as they do for
    CircuitBreaker; an ignored call says nothing.

    Calls that bring no now_ns read the monotonic clock, to the nanosecond. A limiter that is given
    now_ns must always be given it.

    A call is in flight until it ends: give calls that may hang a timeout. One whose permit is
    collected unsettled ends so, with a ResourceWarning.

    Thread-safe, and safe to use in signal handlers. What is in flight at a fork is so in the parent
    alone; the child then begins as after reset().
    """

    __slots__ = ()

    _core: _core.AdaptiveLimiterCore
    _options: AdaptiveLimiterOptions

    noun = "adaptive limiter"
    _rejected = ConcurrencyLimited
    _reasons = AdaptiveLimiterRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        algorithm: LimitAlgorithm | str = LimitAlgorithm.GRADIENT,
        initial_limit: int = 20,
        min_limit: int = 1,
        max_limit: int = 1000,
        window: Duration = 1.0,
        tolerance: float = 1.5,
        smoothing: float = 0.2,
        drop_rate: float = 0.05,
        dry_run: bool = False,
        on: tuple[type[Exception], ...] = (Exception,),
        ignore: tuple[type[Exception], ...] = (),
        on_result: Callable[[Any], object] | None = None,
        classify: Classify | None = None,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a limiter; docs/adaptive_limiter.md has each option with its range and the source
        of its default.

        A named limiter joins spillway.registry and the metrics; the name must differ from that of
        every live adaptive limiter. Raises ValueError or TypeError that names the option, its value
        and what is accepted.
        """
        check_name(name)
        options = AdaptiveLimiterOptions(
            algorithm=algorithm,
            initial_limit=initial_limit,
            min_limit=min_limit,
            max_limit=max_limit,
            window=window,
            tolerance=tolerance,
            smoothing=smoothing,
            drop_rate=drop_rate,
            dry_run=dry_run,
            on=on,
            ignore=ignore,
            on_result=on_result,
            classify=classify,
            scope=scope,
        )
        super().__init__(_core.AdaptiveLimiterCore(name or "", options.settings()), name, options)
        reset_in_child(self)

    @property
    def options(self) -> AdaptiveLimiterOptions:
        """The options as they are now. They pickle."""
        return self._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes options while the limiter runs; what it has found out stays.

        Raises ValueError for a value out of range and for an option that is fixed when the limiter
        is made (algorithm, initial_limit, scope, on, ignore, on_result, classify), TypeError for a
        name that is no option. Nothing has changed then.
        """

        def apply(options: AdaptiveLimiterOptions) -> None:
            self._check_rules(options)
            self._core.reconfigure(options.settings())

        self._reconfigure(changes, apply)

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        return self.snapshot().limit

    def snapshot(self, now_ns: int | None = None) -> AdaptiveLimiterSnapshot:
        """What the limiter holds at that time. Changes nothing."""
        return AdaptiveLimiterSnapshot(**self._core.snapshot(now_ns))

    def reset(self, now_ns: int | None = None) -> None:
        """Knows nothing yet, and nothing is in flight; the options stay.

        Permits that are out change nothing any more but a counter.
        """
        self._core.reset()

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        got = self.snapshot()
        return f"<AdaptiveLimiter{name} {got.in_flight} of {got.limit}>"
