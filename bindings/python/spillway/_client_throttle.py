"""The client throttle: sends less to what refuses much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from . import _clock, _core
from ._errors import Throttled
from ._options import Classify, Duration, PermitOptions, Rules, settings_from
from ._permit_policy import PriorityPolicy
from ._policy import check_name
from ._schema.client_throttle import OPTIONS, ClientThrottleRejection, ClientThrottleSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientThrottleOptions(PermitOptions):
    """The options of a client throttle, as ClientThrottle takes them."""

    window: Duration
    k: float
    critical_k: float
    sheddable_k: float
    min_calls: int
    max_rejection: float
    dry_run: bool
    on: tuple[type[Exception], ...]
    ignore: tuple[type[Exception], ...]
    on_result: Callable[[Any], object] | None
    classify: Classify | None
    seed: int
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        return settings_from(OPTIONS, self.as_dict())

    def rules(self) -> Rules:
        return Rules(self.on, self.ignore, self.on_result, self.classify)


class ClientThrottle(PriorityPolicy):
    """Sends less to a callee that refuses much, so that it need not refuse the rest itself.

    >>> import spillway as sw
    >>> throttle = sw.ClientThrottle("search", k=2.0, window=120)
    >>> @throttle
    ... def search(text):
    ...     return f"found {text}"
    >>> search("fish")
    'found fish'
    >>> with throttle.with_priority("critical").acquire():
    ...     found = search.__wrapped__("chips")
    >>> throttle.snapshot().accepts
    2

    When more than k calls are asked for each one that the callee accepts, calls are refused by
    chance, just as many as are too many; each of these raises Throttled then. Of calls that matter
    more or less, with_priority() refuses later or sooner.

    A success is a call that the callee accepted, a failure one that it refused or that failed, and
    an ignored one is as if it had not been asked for; on, ignore, on_result and classify say which
    is which, as they do for CircuitBreaker.

    Calls that bring no now_ns read the monotonic clock as it stood at the last tick of the kernel's
    timer, unless a twelfth of the window is shorter than 16 ticks. A throttle that is given now_ns
    must always be given it.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a throttle
    each, with the counts it had.
    """

    __slots__ = ()

    _core: _core.ClientThrottleCore
    _options: ClientThrottleOptions

    noun = "client throttle"
    _rejected = Throttled
    _reasons = ClientThrottleRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        window: Duration = 120.0,
        k: float = 2.0,
        critical_k: float = 4.0,
        sheddable_k: float = 1.25,
        min_calls: int = 20,
        max_rejection: float = 0.9,
        dry_run: bool = False,
        on: tuple[type[Exception], ...] = (Exception,),
        ignore: tuple[type[Exception], ...] = (),
        on_result: Callable[[Any], object] | None = None,
        classify: Classify | None = None,
        seed: int = 0,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a throttle; docs/client_throttle.md has each option with its range and the source
        of its default.

        A named throttle joins spillway.registry and the metrics; the name must differ from that of
        every live throttle. Raises ValueError or TypeError that names the option, its value and
        what is accepted.
        """
        check_name(name)
        options = ClientThrottleOptions(
            window=window,
            k=k,
            critical_k=critical_k,
            sheddable_k=sheddable_k,
            min_calls=min_calls,
            max_rejection=max_rejection,
            dry_run=dry_run,
            on=on,
            ignore=ignore,
            on_result=on_result,
            classify=classify,
            seed=seed,
            scope=scope,
        )
        settings = options.settings()
        settings["seed"] = settings["seed"] or _clock.new_seed()
        super().__init__(_core.ClientThrottleCore(name or "", settings), name, options)

    @property
    def options(self) -> ClientThrottleOptions:
        """The options as they are now. They pickle."""
        return self._whole._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes options while the throttle runs; what its window holds stays.

        Raises ValueError for a value out of range and for an option that is fixed when the throttle
        is made (window, seed, scope, on, ignore, on_result, classify), TypeError for a name that is
        no option. Nothing has changed then.
        """

        def apply(options: ClientThrottleOptions) -> None:
            self._whole._check_rules(options)
            self._core.reconfigure(options.settings())

        self._whole._reconfigure(changes, apply)

    def snapshot(self, now_ns: int | None = None) -> ClientThrottleSnapshot:
        """What the throttle holds at that time. Changes nothing."""
        return ClientThrottleSnapshot(**self._core.snapshot(now_ns))

    def reset(self, now_ns: int | None = None) -> None:
        """As if no call had been asked for yet; the options stay.

        Permits that are out change nothing any more but a counter.
        """
        self._core.reset()

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        return f"<ClientThrottle{name} k={self.options.k:g}>"
