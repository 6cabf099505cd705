"""The circuit breaker: stops calling what does not answer, and finds out when it answers again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from . import _clock, _core
from ._errors import CircuitOpen
from ._events import Event
from ._options import Classify, Duration, PermitOptions, Rules, settings_from
from ._permit_policy import EventFields, PermitPolicy
from ._policy import check_name
from ._schema.circuit_breaker import (
    OPTIONS,
    CircuitBreakerEventReason,
    CircuitBreakerRejection,
    CircuitBreakerSnapshot,
    State,
)
from ._windows import TimeWindow, Window

GENERATIONS = 2**20
"""Generations are numbered modulo this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerOptions(PermitOptions):
    """The options of a circuit breaker, as CircuitBreaker takes them."""

    window: Window
    failure_rate: float
    min_calls: int
    slow_call: Duration | None
    slow_rate: float
    in_flight: bool
    open_for: Duration
    backoff: float
    max_open: Duration
    jitter: float
    probes: int
    probes_in_flight: int
    probe_lease: Duration
    ramp: Duration
    on: tuple[type[Exception], ...]
    ignore: tuple[type[Exception], ...]
    on_result: Callable[[Any], object] | None
    classify: Classify | None
    initial_state: State | str
    striped: bool
    seed: int
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        if not isinstance(self.window, Window):
            raise TypeError(
                f"window is {self.window!r}; it must be a TimeWindow, CountWindow, Consecutive or "
                "KOfN"
            )
        self.check_scope()
        slow_call = 0 if self.slow_call is None else self.slow_call
        options = self.as_dict() | self.window.settings() | {"slow_call": slow_call}
        if not isinstance(self.window, TimeWindow):
            del options["window"]
        return settings_from(OPTIONS, options)

    def rules(self) -> Rules:
        return Rules(self.on, self.ignore, self.on_result, self.classify)


class CircuitBreaker(PermitPolicy):
    """Stops calling what does not answer, and finds out by itself when it answers again.

    >>> import spillway as sw
    >>> breaker = sw.CircuitBreaker("payments", failure_rate=0.5, open_for=5.0)
    >>> @breaker
    ... def charge(amount):
    ...     return f"charged {amount}"
    >>> charge(3)
    'charged 3'
    >>> with breaker.acquire():
    ...     total = charge(4)
    >>> breaker.state
    <State.CLOSED: 'closed'>

    While the breaker refuses, each of these raises CircuitOpen, which says in `retry_after` when to
    ask again.

    What a call counts as: a result is a success, unless on_result(result) is true; an error is a
    failure when it matches `on` and not `ignore`, else it is ignored. classify(result, error) goes
    first and answers an Outcome, or None for these rules. What is raised and no Exception (a
    cancellation, KeyboardInterrupt) is always ignored. What a callback raises goes to the caller;
    the error it was to judge then counts by `on` and `ignore`, a result is ignored.

    Time: options that take seconds also take a timedelta and are rounded to nanoseconds. Calls that
    bring no now_ns read the monotonic clock. While the breaker is closed, and each bucket of its
    window, slow_call and ramp last 16 ticks of the kernel's timer or longer (a tick is 1 to 10 ms),
    they read it as it stood at the last tick: the duration of a call, and so the moment of a trip,
    is then known to within one tick. In every other state times are precise. A breaker that is
    given now_ns must always be given it.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a breaker
    each, in the state it had.
    """

    __slots__ = ()

    _core: _core.CircuitBreakerCore
    _options: CircuitBreakerOptions

    noun = "circuit breaker"
    _rejected = CircuitOpen
    _reasons = CircuitBreakerRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        window: Window = TimeWindow(10.0, buckets=10),  # noqa: B008 (frozen)
        failure_rate: float = 0.5,
        min_calls: int = 20,
        slow_call: Duration | None = 2.0,
        slow_rate: float = 1.0,
        in_flight: bool = False,
        open_for: Duration = 5.0,
        backoff: float = 2.0,
        max_open: Duration = 300.0,
        jitter: float = 0.1,
        probes: int = 1,
        probes_in_flight: int = 1,
        probe_lease: Duration = 30.0,
        ramp: Duration = 0.0,
        on: tuple[type[Exception], ...] = (Exception,),
        ignore: tuple[type[Exception], ...] = (),
        on_result: Callable[[Any], object] | None = None,
        classify: Classify | None = None,
        initial_state: State | str = State.CLOSED,
        striped: bool = False,
        seed: int = 0,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a breaker; docs/circuit_breaker.md has each option with its range and the source of
        its default.

        A named breaker joins spillway.registry, the events and the log; the name must differ from
        that of every live breaker. Raises ValueError or TypeError that names the option, its value
        and what is accepted.
        """
        check_name(name)
        options = CircuitBreakerOptions(
            window=window,
            failure_rate=failure_rate,
            min_calls=min_calls,
            slow_call=slow_call,
            slow_rate=slow_rate,
            in_flight=in_flight,
            open_for=open_for,
            backoff=backoff,
            max_open=max_open,
            jitter=jitter,
            probes=probes,
            probes_in_flight=probes_in_flight,
            probe_lease=probe_lease,
            ramp=ramp,
            on=on,
            ignore=ignore,
            on_result=on_result,
            classify=classify,
            initial_state=initial_state,
            striped=striped,
            seed=seed,
            scope=scope,
        )
        settings = options.settings()
        settings["seed"] = settings["seed"] or _clock.new_seed()
        core = _core.CircuitBreakerCore(name or "", settings)
        super().__init__(core, name, options)

    @property
    def options(self) -> CircuitBreakerOptions:
        """The options as they are now. They pickle."""
        return self._options

    def reconfigure(self, **changes: Any) -> None:
        """Changes options while the breaker runs; its window and its state stay.

        Raises ValueError for a value out of range and for an option that is fixed when the breaker
        is made (its window, in_flight, initial_state, striped, seed, scope, on, ignore, on_result,
        classify, and slow_call with in_flight), TypeError for a name that is no option. Nothing has
        changed then.
        """

        def apply(options: CircuitBreakerOptions) -> None:
            self._check_rules(options)
            settings = options.settings()
            if options.seed == self._options.seed:
                settings["seed"] = self._core.seed  # the random one, where none was given
            self._core.reconfigure(settings)

        self._reconfigure(changes, apply)

    @property
    def state(self) -> State:
        """The state. An open breaker whose open time has passed stays open until a call asks."""
        return State(self._core.state)

    @property
    def generation(self) -> int:
        """Number of the current state: every state change and reset adds one, modulo 2**20."""
        return self._core.generation

    def snapshot(self, now_ns: int | None = None) -> CircuitBreakerSnapshot:
        """What the breaker holds at that time. Changes nothing."""
        values = self._core.snapshot(now_ns)
        state = State(values.pop("state"))
        return CircuitBreakerSnapshot(state=state, **values)

    def events(self, since: int = 0) -> list[Event]:
        """Its state changes after generation `since`, oldest first; the last 8 are kept.

        The sequence of each is its generation.
        """
        if not 0 <= since < GENERATIONS:
            raise ValueError(f"since is {since!r}; it must be a generation, 0 to {GENERATIONS - 1}")
        found = self._read_events(since, self.generation)[0]
        return [Event(fields[0], self.name, *fields) for fields in found]

    def force_open(self, now_ns: int | None = None) -> bool:
        """Refuses every call until another state is set. False: that was so already."""
        changed = self._core.force_open(now_ns)
        self._notice()
        return changed

    def disable(self, now_ns: int | None = None) -> bool:
        """Admits every call and counts nothing until another state is set. False: that was so."""
        changed = self._core.disable(now_ns)
        self._notice()
        return changed

    def metrics_only(self, now_ns: int | None = None) -> bool:
        """Admits every call and counts, without ever opening. False: that was so already."""
        changed = self._core.metrics_only(now_ns)
        self._notice()
        return changed

    def reset(self, now_ns: int | None = None) -> None:
        """Closed, with an empty window and the first open time again, whatever it was before."""
        self._core.reset(now_ns)
        self._notice()

    def _read_events(self, since: int, until: int) -> tuple[Sequence[EventFields], int, int]:
        events, lost, generation = self._core.events(since, until)
        fields = [
            (number, time, State(old), State(new), CircuitBreakerEventReason(reason), rate)
            for number, old, new, reason, rate, time in events
        ]
        return fields, lost, generation

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        return f"<CircuitBreaker{name} {self.state}>"
