"""How a task of asyncio waits in the queue of a policy. Knows no policy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import asyncio

    from ._core import Guard, Permit, _Place

P = ParamSpec("P")
R = TypeVar("R")


def guard_in_turn(
    acquire: Callable[[], Guard], function: Callable[P, Coroutine[Any, Any, R]]
) -> Callable[P, Coroutine[Any, Any, R]]:
    """As guard_async, for a policy whose calls may wait for their turn."""

    @functools.wraps(function)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        async with acquire() as permit:
            result = await function(*args, **kwargs)
            permit.settle_result(result)
            return result

    return guarded


def under_guard(
    guard: Guard, function: Callable[P, Coroutine[Any, Any, R]]
) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same for one call, with a guard that has its place in the queue already."""
    return guard_in_turn(lambda: guard, function)


async def enter_in_turn(guard: Guard, place: _Place) -> Permit:
    """Enters a guard once it is the turn of its place in the queue; meanwhile other tasks run.

    Raises the policy's exception when the place has waited long enough. Whatever else ends the
    wait, as a cancellation, gives up the place, and a turn that has come already.
    """
    import asyncio  # who awaits this has imported it

    try:
        loop = asyncio.get_running_loop()
        while True:
            woken = loop.create_future()
            wake = functools.partial(_set, woken)
            # First: from here on no wake-up is missed.
            place.wake_by(functools.partial(loop.call_soon_threadsafe, wake))
            if place.decided():
                return guard.__enter__()
            timer = _call_later(loop, place, wake)
            try:
                await woken
            finally:
                timer.cancel()
    except BaseException:
        guard._leave_queue()
        raise


def _call_later(
    loop: asyncio.AbstractEventLoop, place: _Place, wake: Callable[[], None]
) -> asyncio.TimerHandle | asyncio.Task[None]:
    if not place.sleeps_virtually:
        return loop.call_later(place.next_sleep, wake)
    import asyncio

    sleep = loop.create_task(asyncio.sleep(place.next_sleep))
    sleep.add_done_callback(lambda _: wake())
    return sleep


def _set(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
