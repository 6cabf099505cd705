"""For tests of code that uses spillway: time that passes when the test says so."""

from __future__ import annotations

import contextlib
import heapq
import random
import time
from collections.abc import Generator
from datetime import timedelta
from typing import SupportsIndex, TypeVar

from . import _clock, _core, _events
from ._registry import registry

T = TypeVar("T")

NANOS = 1_000_000_000
QUIET_TURNS = 4
"""So many turns of the event loop after the last change, the next sleep of virtual time ends: as
many as it takes from the end of a sleep through two futures to the task that waits for it."""


class VirtualTime:
    """A clock that stands still until it is told to move. From virtual_time()."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        """The seconds of each sleep so far."""
        self._now_ns = 0
        self._sleepers: list[int] = []  # heap: when each async sleep ends

    @property
    def now_ns(self) -> int:
        """The time in nanoseconds; it begins at 0."""
        return self._now_ns

    def advance(self, seconds: float | timedelta) -> None:
        """Lets time pass. Raises ValueError when it would run backwards."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        if not seconds >= 0:
            raise ValueError(f"seconds is {seconds}; it must be 0 or more")
        self._move_to(self._now_ns + round(seconds * NANOS))

    def sleep(self, seconds: float | SupportsIndex) -> None:
        """In place of time.sleep: takes no time, and that much time has passed."""
        self.advance(float(seconds))
        self.slept.append(float(seconds))

    def _move_to(self, now_ns: int) -> None:
        self._now_ns = max(self._now_ns, now_ns)
        _core.set_virtual_time(self._now_ns)

    @contextlib.contextmanager
    def _in_place_of_asyncio_sleep(self) -> Generator[None, None, None]:
        import asyncio  # only tests pay for it

        pause = asyncio.sleep

        async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
            self.slept.append(delay)
            until = self._now_ns + round(max(delay, 0) * NANOS)
            heapq.heappush(self._sleepers, until)
            try:
                await pause(0)  # what can run, runs first
                # Sleeps that overlap end in the order of their ends, and their times do not add up.
                # What the end of one leads to comes before that of the next.
                quiet = 0
                while self._now_ns < until and quiet < QUIET_TURNS:
                    quiet = quiet + 1 if until == self._sleepers[0] else 0
                    await pause(0)
                self._move_to(until)
            finally:
                self._sleepers.remove(until)
                heapq.heapify(self._sleepers)
            return result

        asyncio.sleep = sleep
        try:
            yield
        finally:
            asyncio.sleep = pause


@contextlib.contextmanager
def virtual_time(seed: int | None = None) -> Generator[VirtualTime, None, None]:
    """The clock of every policy of this process, set by hand: no test ever sleeps.

    >>> import spillway as sw
    >>> with sw.testing.virtual_time(seed=1) as time:
    ...     breaker = sw.CircuitBreaker(window=sw.Consecutive(1), open_for=5.0, jitter=0.0)
    ...     breaker.try_acquire().settle(sw.Outcome.FAILURE)
    ...     before = breaker.try_acquire()
    ...     time.advance(5.0)
    ...     after = breaker.try_acquire()
    ...     after.settle(sw.Outcome.SUCCESS)
    True
    True
    >>> before
    <Rejection by None: open, retry after 5000000000 ns>
    >>> after
    <Permit of None, settled>

    Time begins at 0 and moves by advance(), time.sleep() and asyncio.sleep(), which take no time
    (name them so: a `sleep` that was imported from its module before is not replaced). Policies
    that are made meanwhile and have no seed get theirs from `seed`, so that jitter repeats. Events
    are delivered at once, in the thread that caused them. It holds for the whole process, one at a
    time; policies that were used before belong to another time: reset() makes them fresh.
    """
    if _clock.virtual is not None:
        raise RuntimeError("virtual time has begun already; it cannot be nested")
    clock = VirtualTime()
    real_sleep = time.sleep
    _clock.virtual = random.Random(seed)
    _core.set_virtual_time(0)
    time.sleep = clock.sleep
    try:
        with clock._in_place_of_asyncio_sleep():
            yield clock
    finally:
        time.sleep = real_sleep
        _core.set_virtual_time(None)
        _clock.virtual = None


def reset() -> None:
    """Resets every named policy and forgets all events: one test leaves nothing to the next.

    Listeners stay. Policies without a name are not known here.
    """
    for policy in registry:
        policy.reset()
    _events.clear()
