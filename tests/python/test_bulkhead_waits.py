"""Waiting for a slot of a bulkhead, in threads and in tasks.

No test waits for time to pass, but for the two that say so: who waits is woken, or its time is
virtual.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

ENOUGH = 60.0  # seconds to wait for what must happen, before giving up


@pytest.fixture
def bulkhead() -> sw.Bulkhead:
    return sw.Bulkhead("reports", max_concurrent=1, max_queue=10, max_wait=ENOUGH)


@pytest.fixture
def clock() -> Iterator[sw.testing.VirtualTime]:
    with sw.testing.virtual_time() as clock:
        yield clock


def take(bulkhead: sw.Bulkhead) -> sw.Permit:
    permit = bulkhead.try_acquire()
    assert permit
    return permit


def give_back(permit: sw.Permit) -> None:
    assert permit.settle(sw.Outcome.SUCCESS)


def waiting(bulkhead: sw.Bulkhead) -> int:
    return bulkhead.snapshot().queued


def until_waiting(bulkhead: sw.Bulkhead, count: int) -> None:
    """Lets other threads run until so many wait."""
    end = time.monotonic() + ENOUGH
    while waiting(bulkhead) != count:
        assert time.monotonic() < end
        time.sleep(0.0005)


def idle(bulkhead: sw.Bulkhead) -> bool:
    got = bulkhead.snapshot()
    return (got.in_flight, got.queued, got.total_misused) == (0, 0, 0)


class Worker(threading.Thread):
    """Waits for a slot in a thread of its own, and notes when it has it."""

    def __init__(self, bulkhead: sw.Bulkhead, served: list[Any], name: Any) -> None:
        super().__init__()
        self.bulkhead, self.served, self.label = bulkhead, served, name
        before = waiting(bulkhead)
        self.start()
        until_waiting(bulkhead, before + 1)

    def run(self) -> None:
        with self.bulkhead.acquire():
            self.served.append(self.label)


def run(*tasks: Coroutine[Any, Any, Any]) -> list[Any]:
    async def main() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), ENOUGH)

    return asyncio.run(main())


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


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
