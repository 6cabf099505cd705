"""Waiting for a slot of a bulkhead, in threads and in tasks: who is served, and when.

No test waits for time to pass: who waits is woken, or its time is virtual.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND
from bulkheads import ENOUGH, Worker, give_back, idle, run, take, turns, until_waiting, waiting


@pytest.fixture
def bulkhead() -> sw.Bulkhead:
    return sw.Bulkhead("reports", max_concurrent=1, max_queue=10, max_wait=ENOUGH)


# ---- order


def test_threads_are_served_in_the_order_in_which_they_asked(bulkhead: sw.Bulkhead) -> None:
    served: list[int] = []
    permit = take(bulkhead)
    workers = [Worker(bulkhead, served, number) for number in range(5)]
    assert not bulkhead.try_acquire()
    give_back(permit)
    for worker in workers:
        worker.join()
    assert served == [0, 1, 2, 3, 4]
    assert idle(bulkhead)


def test_tasks_are_served_in_the_order_in_which_they_asked(bulkhead: sw.Bulkhead) -> None:
    """asyncio.Semaphore let newcomers overtake and could wake nobody (gh-90155)."""
    served: list[str] = []

    async def one(name: str) -> None:
        async with bulkhead.acquire():
            served.append(name)
            await asyncio.sleep(0)

    async def newcomer() -> None:
        await turns()
        await one("newcomer")

    run(*(one(str(number)) for number in range(5)), newcomer())
    assert served == ["0", "1", "2", "3", "4", "newcomer"]
    assert idle(bulkhead)


def test_threads_and_tasks_stand_in_one_queue(bulkhead: sw.Bulkhead) -> None:
    served: list[str] = []
    permit = take(bulkhead)

    async def one(name: str) -> None:
        async with bulkhead.acquire():
            served.append(name)

    async def main() -> None:
        first = Worker(bulkhead, served, "thread")
        task = asyncio.create_task(one("task"))
        await turns()
        second = Worker(bulkhead, served, "another thread")
        give_back(permit)
        await task
        await asyncio.to_thread(first.join)
        await asyncio.to_thread(second.join)

    run(main())
    assert served == ["thread", "task", "another thread"]
    assert idle(bulkhead)


def test_a_thread_wakes_the_task_of_a_loop_in_another(bulkhead: sw.Bulkhead) -> None:
    permit = take(bulkhead)

    async def one() -> str:
        async with bulkhead.acquire():
            return "served"

    thread = threading.Thread(target=lambda: (until_waiting(bulkhead, 1), give_back(permit)))
    thread.start()
    assert run(one()) == ["served"]
    thread.join()
    assert idle(bulkhead)


def test_a_slot_that_is_promised_is_not_given_to_another(bulkhead: sw.Bulkhead) -> None:
    async def one() -> None:
        async with bulkhead.acquire():
            pass

    async def main() -> None:
        permit = take(bulkhead)
        task = asyncio.create_task(one())
        await turns()
        give_back(permit)
        assert not bulkhead.try_acquire()  # the task has not run since
        await task
        give_back(take(bulkhead))

    assert run(main()) == [None]


# ---- every way of calling


def test_a_decorated_function_waits(bulkhead: sw.Bulkhead) -> None:
    permit = take(bulkhead)
    answers: list[int] = []
    double = bulkhead(lambda number: 2 * number)
    calls: list[Callable[[], int]] = [
        lambda: double(3),
        lambda: bulkhead.call(double.__wrapped__, 4),
    ]
    threads = []
    for call in calls:
        thread = threading.Thread(target=lambda call=call: answers.append(call()))
        thread.start()
        threads.append(thread)
        until_waiting(bulkhead, len(threads))
    give_back(permit)
    for thread in threads:
        thread.join()
    assert sorted(answers) == [6, 8]
    assert idle(bulkhead)


def test_a_decorated_async_function_waits(bulkhead: sw.Bulkhead) -> None:
    @bulkhead
    async def double(number: int) -> int:
        await turns(1)
        if number == 9:
            raise ValueError(number)
        return 2 * number

    plain = double.__wrapped__
    answers = run(
        double(1), double(9), bulkhead.call(plain, 2), bulkhead.call(plain, 9), double(number=3)
    )
    assert [repr(one) for one in answers] == ["2", "ValueError(9)", "4", "ValueError(9)", "6"]
    assert idle(bulkhead)


def test_an_async_call_does_not_block_the_loop_before_it_is_awaited(bulkhead: sw.Bulkhead) -> None:
    async def work() -> str:
        return "done"

    async def main() -> list[str]:
        permit = take(bulkhead)
        first, second = bulkhead.call(work), bulkhead.call(work)
        assert waiting(bulkhead) == 2
        second.close()  # it leaves the queue
        assert bulkhead.snapshot().total_left == 1
        give_back(permit)
        return [await first]

    assert run(main()) == [["done"]]
    assert idle(bulkhead)


def test_try_acquire_does_not_wait(bulkhead: sw.Bulkhead) -> None:
    with bulkhead.acquire():
        assert not bulkhead.try_acquire()
        assert waiting(bulkhead) == 0


def test_the_queue_has_an_end(bulkhead: sw.Bulkhead) -> None:
    bulkhead.reconfigure(max_queue=1)

    async def one() -> None:
        async with bulkhead.acquire():
            await turns()

    answers = run(one(), one(), one())
    assert answers[:2] == [None, None]
    assert isinstance(answers[2], sw.BulkheadFull)
    assert answers[2].reason is sw.BulkheadRejection.QUEUE_FULL


def test_who_may_not_use_every_slot_does_not_wait(bulkhead: sw.Bulkhead) -> None:
    with bulkhead.acquire(), pytest.raises(sw.BulkheadFull, match=r"\(full\)"):
        bulkhead.with_priority("sheddable").acquire().__enter__()


# ---- an end of the wait


@pytest.mark.parametrize("timeout", [3, 3.0, timedelta(seconds=3)], ids=repr)
def test_a_wait_ends_after_its_timeout(
    clock: sw.testing.VirtualTime, bulkhead: sw.Bulkhead, timeout: Any
) -> None:
    async def enter() -> None:
        async with bulkhead.acquire(timeout):
            pytest.fail("there was no slot")

    with bulkhead.acquire():
        asks = [bulkhead.acquire(timeout).__enter__, lambda: asyncio.run(enter())]
        for end, ask in zip((3, 6), asks, strict=True):
            with pytest.raises(sw.BulkheadFull) as raised:
                ask()
            assert raised.value.reason is sw.BulkheadRejection.TIMED_OUT
            assert clock.now_ns == end * SECOND
    assert clock.slept == [3.0, 3.0]
    assert idle(bulkhead)


def test_a_wait_lasts_max_wait_unless_it_says_so(clock: sw.testing.VirtualTime) -> None:
    bulkhead = sw.Bulkhead(max_concurrent=1, max_queue=1)
    with bulkhead.acquire():
        with pytest.raises(sw.BulkheadFull, match=r"\(full\)"):
            bulkhead.call(print)
        bulkhead.reconfigure(max_wait=0.25)
        for ask in (lambda: bulkhead.call(print), bulkhead.acquire(None).__enter__):
            with pytest.raises(sw.BulkheadFull, match=r"\(timed_out\)"):
                ask()
        with pytest.raises(sw.BulkheadFull, match=r"\(full\)"):
            bulkhead.acquire(timeout=0).__enter__()
    assert clock.slept == [0.25, 0.25]


@pytest.mark.parametrize(
    ("timeout", "error"), [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError)], ids=str
)
def test_a_timeout_is_a_time(bulkhead: sw.Bulkhead, timeout: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^timeout is "):
        bulkhead.acquire(timeout)
    with pytest.raises(TypeError, match="wait"):
        bulkhead.acquire(wait=1)  # type: ignore[call-arg]


def test_in_virtual_time_waits_end_in_the_order_of_their_ends(
    clock: sw.testing.VirtualTime, bulkhead: sw.Bulkhead
) -> None:
    async def hold() -> None:
        async with bulkhead.acquire():
            await asyncio.sleep(2)

    async def wait(timeout: float) -> int:
        async with bulkhead.acquire(timeout):
            return clock.now_ns // SECOND

    _, long, short, longest = run(hold(), wait(3), wait(1), wait(10**9))
    assert (long, longest) == (2, 2)
    assert isinstance(short, sw.BulkheadFull)
    assert idle(bulkhead)
