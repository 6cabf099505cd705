"""State changes of the named policies: one history, the log, and listeners.

A call that changes a policy's state only notes that in a queue. One daemon thread reads the events
from there, so that a slow or throwing listener hurts nobody.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from queue import SimpleQueue
from typing import TYPE_CHECKING

from . import _clock
from ._registry import registry
from ._schema.circuit_breaker import State

if TYPE_CHECKING:
    from ._permit_policy import PermitPolicy

HISTORY = 1024
"""How many events are kept."""

logger = logging.getLogger("spillway")


@dataclass(frozen=True, slots=True)
class Event:
    """A change of state."""

    sequence: int
    """Number of the event, from 1. In the events() of one policy it is the generation."""
    policy: str | None
    """The name of the policy."""
    generation: int
    """Number of the state that began, 0 to 2**20 - 1 and from 0 again."""
    time_ns: int
    """When, in nanoseconds of the clock that the policy was asked with."""
    old: StrEnum
    """The state before."""
    new: StrEnum
    """The state after; the same as before for a reset or a renewed lease."""
    reason: StrEnum
    """What made it happen."""
    rate: float | None
    """The share of calls that made it happen, where one did."""


class Feed:
    """The events of all named policies, in the order the policies were noted."""

    def __init__(self) -> None:
        self._history: deque[Event] = deque(maxlen=HISTORY)
        self._sequence = 0
        self._delivered = 0
        self._lost = 0
        self._listeners: list[Callable[[Event], object]] = [log]
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()  # of the fields above
        self._delivering = threading.Lock()  # one at a time, so that order is kept
        self._starting = threading.Lock()
        self._noted: deque[tuple[PermitPolicy, int]] = deque()
        self._wake: SimpleQueue[bool] = SimpleQueue()  # False: to end
        self._thread: threading.Thread | None = None

    def after_fork(self) -> None:
        """In the child: the thread is gone, and what happened before the parent will deliver."""
        self._start_afresh()
        registry.after_fork()
        for policy in registry:
            policy._forget_events()
        self._delivered = self._sequence

    def changed(self, policy: PermitPolicy, generation: int) -> None:
        """Called by the thread whose call changed the policy. Never blocks on another thread."""
        self._noted.append((policy, generation))
        if _clock.virtual is not None:
            self._read_noted()
            self._deliver()
            return
        self._wake.put(True)
        if self._thread is None or not self._thread.is_alive():
            self._start_thread()

    def events(self, since: int) -> list[Event]:
        self._read_noted()
        with self._lock:
            return [event for event in self._history if event.sequence > since]

    def lost(self) -> int:
        with self._lock:
            return self._lost

    def listen(self, listener: Callable[[Event], object]) -> Callable[[], None]:
        if not callable(listener):
            raise TypeError(f"{listener!r} cannot listen: it is not callable")

        def entry(event: Event) -> object:  # one of its own, to be found and taken away again
            return listener(event)

        with self._lock:
            self._listeners = [*self._listeners, entry]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not entry]

        return unsubscribe

    def clear(self) -> None:
        """Forgets all events; the listeners stay."""
        self._read_noted()
        with self._lock:
            self._history.clear()
            self._sequence = self._delivered = self._lost = 0

    def _read_noted(self) -> None:
        with self._lock:
            while self._noted:
                policy, until = self._noted.popleft()
                found, lost, policy._events_read = policy._read_events(policy._events_read, until)
                self._lost += lost
                for event in found:
                    self._sequence += 1
                    self._history.append(Event(self._sequence, policy.name, *event))

    def _deliver(self) -> None:
        # Whoever holds the lock looks again after giving it back, so nothing is left lying.
        while self._delivered < self._sequence and self._delivering.acquire(blocking=False):
            try:
                with self._lock:
                    events = [one for one in self._history if one.sequence > self._delivered]
                    self._lost += self._sequence - self._delivered - len(events)
                    self._delivered = self._sequence
                    listeners = self._listeners
                for event in events:
                    for listener in listeners:
                        call_listener(listener, event)
            finally:
                self._delivering.release()

    def _start_thread(self) -> None:
        if not self._starting.acquire(blocking=False):
            return  # another thread does it, or this one was interrupted while it did
        try:
            thread = threading.Thread(
                target=self._run, args=(self._wake,), name="spillway-events", daemon=True
            )
            # No thread can be started while the interpreter ends.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread
                atexit.unregister(self._finish)
                atexit.register(self._finish)
        finally:
            self._starting.release()

    def _run(self, wake: SimpleQueue[bool]) -> None:
        while wake.get():
            self._read_noted()
            self._deliver()

    def _finish(self) -> None:
        """Lets the thread deliver what is left, for a second at most."""
        if self._thread is not None:
            self._wake.put(False)
            self._thread.join(timeout=1.0)


def log(event: Event) -> None:
    opened = event.new in (State.OPEN, State.FORCED_OPEN)
    logger.log(
        logging.WARNING if opened else logging.INFO,
        "%s: %s -> %s (%s%s)",
        event.policy,
        event.old,
        event.new,
        event.reason,
        "" if event.rate is None else f", {event.rate:.2%} of the calls",
    )


def call_listener(listener: Callable[[Event], object], event: Event) -> None:
    try:
        listener(event)
    except BaseException:
        logger.exception("a listener failed on %r", event)


_feed = Feed()
os.register_at_fork(after_in_child=_feed.after_fork)
changed = _feed.changed
clear = _feed.clear


def events(since: int = 0) -> list[Event]:
    """The last state changes of the named policies with a sequence above `since`, oldest first.

    Up to 1024 are kept. A gap in the sequence numbers is what was pushed out.
    """
    return _feed.events(since)


def events_lost() -> int:
    """How many events were lost: overwritten in their policy before they were read (it keeps 8), or
    pushed out of the history before the listeners got them."""
    return _feed.lost()


def on_event(listener: Callable[[Event], object]) -> Callable[[], None]:
    """Calls `listener` with each state change of a named policy from now on; returns a function
    that ends it.

    Listeners are called from one daemon thread, in order. What they raise goes to the log.
    """
    return _feed.listen(listener)
