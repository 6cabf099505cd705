"""How waits for a slot of a bulkhead end without one: interrupted, cancelled, forgotten or reset.

No test waits for time to pass, but for the two that say so.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import pytest
import spillway as sw
from bulkheads import ENOUGH, Worker, give_back, idle, run, take, turns, until_waiting, waiting


@pytest.fixture
def bulkhead() -> sw.Bulkhead:
    return sw.Bulkhead("reports", max_concurrent=1, max_queue=10, max_wait=ENOUGH)


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("granted", [False, True], ids=["while it waits", "once granted"])
def test_what_is_raised_in_a_wait_gives_up_the_place_or_the_slot(
    clock: sw.testing.VirtualTime,
    bulkhead: sw.Bulkhead,
    granted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the handler of a signal raises it."""
    permit = take(bulkhead)

    def sleep(_: float) -> None:
        if granted:
            give_back(permit)
        raise Interrupted

    monkeypatch.setattr(time, "sleep", sleep)
    for ask in (bulkhead.acquire(1.0).__enter__, lambda: bulkhead.call(print, "not printed")):
        with pytest.raises(Interrupted):
            ask()
        if granted:
            assert idle(bulkhead)
            permit = take(bulkhead)
    give_back(permit)
    assert idle(bulkhead)


def test_a_cancelled_task_leaves_the_queue(bulkhead: sw.Bulkhead) -> None:
    served: list[str] = []

    async def one(name: str) -> None:
        async with bulkhead.acquire():
            served.append(name)

    async def main() -> None:
        permit = take(bulkhead)
        tasks = [asyncio.create_task(one(name)) for name in ("first", "second", "third")]
        await turns()
        tasks[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]
        assert bulkhead.snapshot().total_left == 1
        give_back(permit)
        await asyncio.gather(tasks[0], tasks[2])

    assert run(main()) == [None]
    assert served == ["first", "third"]
    assert idle(bulkhead)


@pytest.mark.parametrize("turn", range(3))
def test_a_task_that_is_cancelled_at_the_moment_of_the_grant_passes_the_slot_on(
    bulkhead: sw.Bulkhead, turn: int
) -> None:
    """asyncio.Semaphore and asyncio.Lock lost a wake-up so (bpo-32734, gh-90155)."""
    served: list[str] = []

    async def one(name: str) -> None:
        async with bulkhead.acquire():
            served.append(name)

    async def main() -> None:
        permit = take(bulkhead)
        first, second = (asyncio.create_task(one(name)) for name in ("first", "second"))
        await turns()
        give_back(permit)
        await turns(turn)  # 0: before the loop hears of it; then before the task does; then after
        first.cancel()
        await asyncio.wait([first, second])
        assert served[-1] == "second"
        assert first.cancelled() is (served == ["second"])

    assert run(main()) == [None]
    assert idle(bulkhead)


def test_a_timeout_around_a_wait_leaves_the_queue(
    clock: sw.testing.VirtualTime, bulkhead: sw.Bulkhead
) -> None:
    async def main() -> None:
        async with bulkhead.acquire():
            task = asyncio.create_task(bulkhead.acquire(100).__aenter__())
            await turns()
            assert waiting(bulkhead) == 1
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    assert run(main()) == [None]
    assert idle(bulkhead)


def test_a_guard_that_was_refused_or_cancelled_may_ask_again(
    clock: sw.testing.VirtualTime, bulkhead: sw.Bulkhead
) -> None:
    async def main() -> None:
        guard = bulkhead.acquire(1.0)
        async with bulkhead.acquire():
            with pytest.raises(sw.BulkheadFull):
                await guard.__aenter__()
            task = asyncio.create_task(guard.__aenter__())
            await turns()
            task.cancel()
            await asyncio.wait([task])
        async with guard:
            assert bulkhead.snapshot().in_flight == 1

    assert run(main()) == [None]
    assert idle(bulkhead)


def test_a_guard_that_waits_serves_nobody_else(bulkhead: sw.Bulkhead) -> None:
    permit = take(bulkhead)
    guard = bulkhead.acquire()
    thread = threading.Thread(target=lambda: guard.__enter__().settle(sw.Outcome.SUCCESS))
    thread.start()
    until_waiting(bulkhead, 1)
    with pytest.raises(RuntimeError, match="one block"):
        guard.__enter__()
    with pytest.raises(RuntimeError, match="left by the `with` block"):
        guard.__exit__(None, None, None)
    give_back(permit)
    thread.join()
    assert idle(bulkhead)


# ---- who is gone


def test_a_place_of_a_closed_loop_is_skipped(bulkhead: sw.Bulkhead) -> None:
    permit = take(bulkhead)
    loop = asyncio.new_event_loop()

    async def one() -> None:
        async with bulkhead.acquire():
            pytest.fail("the loop is closed")

    kept = [loop.create_task(one()) for _ in range(3)]
    loop.run_until_complete(turns())
    loop.close()
    served: list[str] = []
    worker = Worker(bulkhead, served, "thread")
    give_back(permit)
    worker.join()
    assert served == ["thread"]
    assert idle(bulkhead)
    for task in kept:
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_coroutine_that_is_dropped_leaves_the_queue(bulkhead: sw.Bulkhead) -> None:
    permit = take(bulkhead)

    async def one() -> None:
        async with bulkhead.acquire():
            pytest.fail("it was dropped")

    async def begin() -> None:
        waits = one()
        future = waits.send(None)
        assert waiting(bulkhead) == 1
        waits.close()
        future.cancel()

    asyncio.run(begin())
    assert bulkhead.snapshot().total_left == 1
    give_back(permit)
    assert idle(bulkhead)


# ---- more slots


def test_who_waits_gets_the_slots_that_are_added(bulkhead: sw.Bulkhead) -> None:
    async def one() -> int:
        async with bulkhead.acquire():
            await turns()
            return bulkhead.snapshot().in_flight

    async def main() -> list[int]:
        permit = take(bulkhead)
        tasks = [asyncio.create_task(one()) for _ in range(3)]
        await turns()
        bulkhead.reconfigure(max_concurrent=3)
        answers = await asyncio.gather(*tasks)
        give_back(permit)
        return answers

    assert run(main()) == [[3, 3, 2]]
    assert idle(bulkhead)


def test_reset_refuses_who_waits(clock: sw.testing.VirtualTime, bulkhead: sw.Bulkhead) -> None:
    async def main() -> None:
        permit = take(bulkhead)
        task = asyncio.create_task(bulkhead.acquire(1.0).__aenter__())
        await turns()
        bulkhead.reset()
        with pytest.raises(sw.BulkheadFull, match="timed_out"):
            await task
        assert permit.settle(sw.Outcome.SUCCESS) is False

    assert run(main()) == [None]


# ---- in real time


def test_in_real_time_a_thread_waits_no_longer_than_it_may(bulkhead: sw.Bulkhead) -> None:
    with bulkhead.acquire():
        began = time.monotonic()
        with pytest.raises(sw.BulkheadFull):
            bulkhead.acquire(timeout=0.02).__enter__()
        assert time.monotonic() >= began + 0.02


def test_in_real_time_a_task_waits_no_longer_than_it_may(bulkhead: sw.Bulkhead) -> None:
    async def wait() -> float:
        began = time.monotonic()
        with pytest.raises(sw.BulkheadFull):
            await bulkhead.acquire(timeout=0.02).__aenter__()
        return time.monotonic() - began

    with bulkhead.acquire():
        assert run(wait())[0] >= 0.02


def test_a_signal_ends_a_wait_and_gives_up_the_place(bulkhead: sw.Bulkhead) -> None:
    seen: list[int] = []

    def handle(number: int, _: object) -> None:
        seen.append(number)
        if len(seen) == 2:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handle)
    permit = take(bulkhead)
    try:
        # The first is handled and the wait goes on; the second ends it.
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        with pytest.raises(KeyboardInterrupt):
            bulkhead.acquire(timeout=float("inf")).__enter__()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM] * 2
    give_back(permit)
    assert idle(bulkhead)


def test_threads_and_tasks_at_once(bulkhead: sw.Bulkhead) -> None:
    """Every call is served or gives up, and never more are in flight than there are slots."""
    bulkhead.reconfigure(max_concurrent=2)
    most: list[int] = []

    def use() -> None:
        for _ in range(200):
            with bulkhead.acquire():
                most.append(bulkhead.snapshot().in_flight)

    async def use_async(number: int) -> None:
        for turn in range(50):
            task = asyncio.current_task()
            assert task is not None
            if (number + turn) % 7 == 0:
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                async with bulkhead.acquire():
                    most.append(bulkhead.snapshot().in_flight)
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                task.uncancel()

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert run(*(use_async(number) for number in range(6))) == [None] * 6
    for thread in threads:
        thread.join()
    assert max(most) <= 2
    got = bulkhead.snapshot()
    assert idle(bulkhead)
    assert got.total_queue_full == got.total_full == 0
