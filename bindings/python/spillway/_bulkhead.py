"""The bulkhead: so many calls at once, and so many that wait for their turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from . import _core
from ._errors import BulkheadFull
from ._options import Duration, PermitOptions, settings_from
from ._permit_policy import PriorityPolicy, reset_in_child
from ._policy import check_name
from ._schema.bulkhead import OPTIONS, BulkheadRejection, BulkheadSnapshot
from ._waiting import guard_in_turn


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadOptions(PermitOptions):
    """The options of a bulkhead, as Bulkhead takes them."""

    max_concurrent: int
    max_queue: int
    max_wait: Duration
    normal_share: float
    sheddable_share: float
    counted: bool
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        return settings_from(OPTIONS, self.as_dict())


class Bulkhead(PriorityPolicy, _core.QueueingPolicy):
    """At most `max_concurrent` calls at once; `max_queue` more may wait for one of them to end.

    >>> import spillway as sw
    >>> bulkhead = sw.Bulkhead("reports", max_concurrent=2, max_queue=10, max_wait=0.5)
    >>> @bulkhead
    ... def render(page):
    ...     return f"rendered {page}"
    >>> render(3)
    'rendered 3'
    >>> with bulkhead.acquire(timeout=0.1), bulkhead.acquire():
    ...     bulkhead.try_acquire()
    <Rejection by 'reports': full, retry after 0 ns>
    >>> @bulkhead.with_priority("sheddable")
    ... def render_ahead(page):
    ...     return f"rendered {page} ahead"
    >>> render_ahead(4)
    'rendered 4 ahead'

    Each raises BulkheadFull when there is no slot and no place to wait, or none came free in time;
    try_acquire never waits. The bulkhead does not judge how a call ended.

    Who waits is served in the order in which it asked, threads and tasks in one queue, and nobody
    overtakes: `with` and functions that are not async block their thread, `async with` and async
    functions only their task. (So a plain function blocks the event loop it is called in, for
    max_wait at most.) What a signal handler raises, a cancellation, or a timeout ends a wait; a
    slot that was granted at that very moment goes to the next, as does one whose event loop was
    closed. In virtual time, a wait that has an end takes none.

    A slot is taken until its call ends: give calls that may hang a timeout. One whose permit is
    collected unsettled comes back, with a ResourceWarning.

    Thread-safe, and safe to use in signal handlers. What is in flight or waits at a fork is so in
    the parent alone; the child then begins as after reset().
    """

    __slots__ = ()

    _core: _core.BulkheadCore
    _options: BulkheadOptions

    noun = "bulkhead"
    _rejected = BulkheadFull
    _reasons = BulkheadRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        max_concurrent: int = 25,
        max_queue: int = 0,
        max_wait: Duration = 0.0,
        normal_share: float = 1.0,
        sheddable_share: float = 0.5,
        counted: bool = True,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a bulkhead; docs/bulkhead.md has each option with its range and the source of its
        default.

        max_wait is how long a call waits that does not say; 0: not at all. A named bulkhead joins
        spillway.registry and the metrics; the name must differ from that of every live bulkhead.
        Raises ValueError or TypeError that names the option, its value and what is accepted.
        """
        check_name(name)
        options = BulkheadOptions(
            max_concurrent=max_concurrent,
            max_queue=max_queue,
            max_wait=max_wait,
            normal_share=normal_share,
            sheddable_share=sheddable_share,
            counted=counted,
            scope=scope,
        )
        super().__init__(_core.BulkheadCore(name or "", options.settings()), name, options)
        reset_in_child(self)

    @property
    def options(self) -> BulkheadOptions:
        """The options as they are now. They pickle."""
        return self._whole._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes options while the bulkhead runs.

        With fewer slots, calls in flight end as they would; with more, those who wait get them.
        Raises ValueError for a value out of range, for more max_queue than the bulkhead was made
        with, and for an option that is fixed when it is made (counted, scope), TypeError for a name
        that is no option. Nothing has changed then.
        """

        def apply(options: BulkheadOptions) -> None:
            self._core.reconfigure(options.settings())

        self._whole._reconfigure(changes, apply)

    def snapshot(self, now_ns: int | None = None) -> BulkheadSnapshot:
        """What the bulkhead holds. The time is not looked at. Changes nothing."""
        return BulkheadSnapshot(**self._core.snapshot())

    def reset(self, now_ns: int | None = None) -> None:
        """Nothing is in flight and nothing was counted; the options stay.

        Who waits is refused within a second, and permits that are out change nothing any more but a
        counter.
        """
        self._core.reset()

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return guard_in_turn(self.acquire, function)

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        got = self.snapshot()
        return f"<Bulkhead{name} {got.in_flight} of {got.max_concurrent}, {got.queued} waiting>"
