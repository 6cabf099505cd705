"""Guarded async functions: from the await to the end, whatever the end is."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import subprocess
import sys
from collections.abc import Coroutine
from typing import Any

import pytest
import spillway as sw


@pytest.fixture
def breaker() -> sw.CircuitBreaker:
    return sw.CircuitBreaker(window=sw.Consecutive(1), jitter=0.0, slow_call=None)


def test_it_is_an_async_function(breaker: sw.CircuitBreaker) -> None:
    @breaker
    async def work(one: int, *, other: int = 2) -> int:
        """Adds."""
        return one + other

    assert inspect.iscoroutinefunction(work)
    assert asyncio.iscoroutinefunction(work)
    assert (work.__name__, work.__doc__) == ("work", "Adds.")
    assert str(inspect.signature(work)) == "(one: 'int', *, other: 'int' = 2) -> 'int'"
    assert asyncio.run(work(1, other=5)) == 6


def test_the_permit_is_asked_for_when_it_is_awaited(breaker: sw.CircuitBreaker) -> None:
    @breaker
    async def work() -> int:
        return 1

    waiting = work()
    breaker.force_open()
    with pytest.raises(sw.CircuitOpen):
        asyncio.run(waiting)
    work().close()  # never awaited: nothing was asked
    assert breaker.snapshot().total_rejected == 1
    assert breaker.snapshot().total_ignored == 0


def test_a_call_lasts_until_it_is_done() -> None:
    breaker = sw.CircuitBreaker(window=sw.Consecutive(1), slow_call=1.0)
    with sw.testing.virtual_time():

        async def work(seconds: float) -> None:
            await asyncio.sleep(seconds)

        asyncio.run(breaker(work)(1.0))
        assert breaker.state == "closed"
        asyncio.run(breaker.call(work, 1.000000001))
        assert breaker.state == "open"


async def cancel(running: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(running)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def forever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("how", ["decorator", "call", "block", "lambda"])
def test_a_cancellation_is_ignored(breaker: sw.CircuitBreaker, how: str) -> None:
    async def block() -> None:
        async with breaker.acquire():
            await forever()

    async def run() -> None:
        await cancel(
            {
                "decorator": lambda: breaker(forever)(),
                "call": lambda: breaker.call(forever),
                "block": block,
                "lambda": lambda: breaker.call(lambda: forever()),
            }[how]()
        )

    asyncio.run(run())
    got = breaker.snapshot()
    assert (got.total_ignored, got.total_failures, got.total_successes) == (1, 0, 0)


def test_a_timeout_around_the_call_is_ignored_and_one_inside_it_fails() -> None:
    breaker = sw.CircuitBreaker(min_calls=1000)

    async def inside() -> None:
        async with asyncio.timeout(0):
            await forever()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await breaker.call(forever)
        with pytest.raises(TimeoutError):
            await breaker.call(inside)

    asyncio.run(run())
    got = breaker.snapshot()
    assert (got.total_ignored, got.total_failures) == (1, 1)


class Yielding:
    """Awaitable that waits once, in no particular loop."""

    def __await__(self) -> Any:
        yield "waiting"


def test_any_loop_can_run_it(breaker: sw.CircuitBreaker) -> None:
    @breaker
    async def work() -> int:
        await Yielding()
        return 5

    running = work()
    assert running.send(None) == "waiting"
    assert breaker.snapshot().total_successes == 0
    with pytest.raises(StopIteration) as stopped:
        running.send(None)
    assert stopped.value.value == 5
    assert breaker.snapshot().total_successes == 1
    running = work()
    running.send(None)
    running.close()
    assert breaker.snapshot().total_ignored == 1
    running = work()
    running.send(None)
    del running
    gc.collect()
    assert breaker.snapshot().total_ignored == 2


class Client:
    async def __call__(self, number: int) -> int:
        return number

    async def get(self, number: int) -> int:
        return number


@pytest.mark.parametrize(
    "function",
    [Client(), Client().get, functools.partial(Client().get), lambda number: Client().get(number)],
    ids=["object", "method", "partial", "lambda"],
)
def test_what_returns_a_coroutine_is_awaited(breaker: sw.CircuitBreaker, function: Any) -> None:
    assert asyncio.run(breaker(function)(3)) == 3
    assert asyncio.run(breaker.call(function, 4)) == 4
    assert breaker.snapshot().total_successes == 2


def test_a_coroutine_from_call_that_is_never_awaited_gives_its_permit_back(
    breaker: sw.CircuitBreaker,
) -> None:
    running = breaker.call(Client().get, 1)
    with pytest.warns(RuntimeWarning, match="never awaited"), pytest.warns(ResourceWarning):
        running.close()
    assert breaker.snapshot().total_ignored == 1


def test_the_package_does_not_import_asyncio() -> None:
    code = "import spillway, sys; sys.exit('asyncio' in sys.modules)"
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
