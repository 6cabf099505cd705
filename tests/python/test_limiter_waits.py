"""Waiting for a limiter: blocking and in asyncio. Time is virtual where a test does not say so."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

MS = 1_000_000


@pytest.fixture
def bucket() -> sw.TokenBucket:
    """Ten a second, one at once, full."""
    return sw.TokenBucket("api", rate=10.0)


def tokens(bucket: sw.TokenBucket) -> int:
    return bucket.snapshot().tokens


def test_a_wait_lasts_until_the_token_is_there(
    clock: sw.testing.VirtualTime, bucket: sw.TokenBucket
) -> None:
    times = []
    for _ in range(4):
        bucket.acquire()
        times.append(clock.now_ns)
    assert times == [0, 100 * MS, 200 * MS, 300 * MS]
    assert clock.slept == [0.1, 0.1, 0.1]
    assert not bucket.try_acquire()


def test_waits_for_a_bucket_that_warms_up(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=2.0, warm_up=4.0)
    for _ in range(7):
        bucket.acquire()
    assert clock.slept == [1.375, 1.125, 0.875, 0.625, 0.5, 0.5]


def test_a_wait_is_as_long_as_the_nanoseconds_say(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=3.0)
    for _ in range(4):
        bucket.acquire()
    assert clock.now_ns == SECOND
    assert clock.slept == pytest.approx([0.333333334, 0.333333333, 0.333333333], abs=1e-12)


@pytest.mark.parametrize("timeout", [0.2, timedelta(seconds=0.2), 1e300, None], ids=str)
def test_a_wait_within_the_timeout(
    clock: sw.testing.VirtualTime, bucket: sw.TokenBucket, timeout: Any
) -> None:
    bucket.force_acquire(2)
    bucket.acquire(timeout=timeout)
    assert clock.now_ns == 200 * MS


@pytest.mark.parametrize(
    ("n", "timeout", "reason", "retry_after_ns"),
    [
        (1, 0, "exhausted", 200 * MS),
        (1, 0.199, "exceeds_wait", 1 * MS),
        (2, None, "exceeds_burst", None),
        (2, 0.199, "exceeds_burst", None),
    ],
)
def test_a_wait_that_would_be_too_long_is_refused_at_once(
    clock: sw.testing.VirtualTime,
    bucket: sw.TokenBucket,
    n: int,
    timeout: float | None,
    reason: str,
    retry_after_ns: int | None,
) -> None:
    bucket.force_acquire(2)

    def blocking() -> None:
        bucket.acquire(n, timeout)

    for ask in (blocking, lambda: asyncio.run(bucket.acquire_async(n, timeout))):
        with pytest.raises(sw.RateLimited) as raised:
            ask()
        refusal = raised.value
        assert (refusal.reason, refusal.retry_after_ns) == (reason, retry_after_ns)
        assert refusal.policy == "api"
    assert (clock.now_ns, clock.slept, tokens(bucket)) == (0, [], -1)


def test_a_wait_of_years_goes_on_after_each_sleep(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=2e-9)
    bucket.acquire()
    bucket.acquire()
    assert clock.now_ns == 5 * 10**8 * SECOND
    assert clock.slept == [1e8] * 5


class Interrupted(BaseException):
    pass


def test_an_exception_during_a_wait_gives_the_tokens_back(
    clock: sw.testing.VirtualTime, bucket: sw.TokenBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        clock.advance(seconds / 4)
        assert tokens(bucket) == -1
        raise Interrupted

    monkeypatch.setattr(time, "sleep", sleep)
    bucket.acquire()
    with pytest.raises(Interrupted):
        bucket.acquire()
    monkeypatch.undo()
    assert tokens(bucket) == 0
    clock.advance(0.075)
    assert tokens(bucket) == 1


def test_tasks_are_served_in_the_order_in_which_they_asked(
    clock: sw.testing.VirtualTime,
) -> None:
    bucket = sw.TokenBucket(rate=10.0, burst=5, initial_tokens=0)
    served: list[tuple[str, int]] = []

    async def ask(name: str, n: int) -> None:
        await bucket.acquire_async(n)
        served.append((name, clock.now_ns // MS))

    async def run() -> None:
        await asyncio.gather(ask("large", 5), *(ask(f"small {i}", 1) for i in range(3)))

    asyncio.run(run())
    assert served == [("large", 500), ("small 0", 600), ("small 1", 700), ("small 2", 800)]


def test_a_cancelled_task_gives_its_tokens_back(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=10.0, burst=5, initial_tokens=0)

    async def run() -> None:
        task = asyncio.create_task(bucket.acquire_async(5))
        await asyncio.sleep(0)
        assert tokens(bucket) == -5
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tokens(bucket) == 0
        await bucket.acquire_async()
        assert clock.now_ns == 100 * MS

    asyncio.run(run())


def test_who_need_not_wait_does_not_let_others_run(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=10.0)

    async def run() -> list[str]:
        order: list[str] = []

        async def other() -> None:
            order.append("other")

        task = asyncio.create_task(other())
        await bucket.acquire_async()
        order.append("first")
        await task
        return order

    assert asyncio.run(run()) == ["first", "other"]
    assert clock.slept == []


def test_in_real_time_a_wait_lets_other_threads_run() -> None:
    bucket = sw.TokenBucket(rate=20.0)
    bucket.acquire()
    reservation = bucket.reserve(0)
    assert reservation is not None
    ran = threading.Event()
    thread = threading.Timer(0.001, ran.set)
    thread.start()
    bucket.acquire()
    thread.join()
    assert ran.is_set()
    assert time.monotonic_ns() >= reservation.act_at_ns + 50 * MS


def test_in_real_time_a_task_waits_long_enough() -> None:
    bucket = sw.TokenBucket(rate=100.0)

    async def run() -> None:
        first = bucket.reserve()
        assert first is not None
        await bucket.acquire_async()
        assert time.monotonic_ns() >= first.act_at_ns + 10 * MS

    asyncio.run(run())


def test_in_real_time_a_signal_ends_a_wait_and_gives_the_token_back() -> None:
    bucket = sw.TokenBucket(rate=0.001)
    bucket.acquire()
    seen: list[int] = []

    def handle(number: int, _: object) -> None:
        seen.append(number)
        if len(seen) == 2:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handle)
    try:
        # The first is handled and the wait goes on; the second ends it.
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        with pytest.raises(KeyboardInterrupt):
            bucket.acquire()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM] * 2
    assert tokens(bucket) == 0


def test_threads_share_a_bucket_and_each_token_is_taken_once() -> None:
    bucket = sw.TokenBucket(rate=1e-10, burst=1000)
    taken: list[int] = []

    def take() -> None:
        taken.append(sum(bool(bucket.try_acquire(now_ns=0)) for _ in range(500)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000
    snapshot = bucket.snapshot(now_ns=0)
    assert (snapshot.total_admitted, snapshot.total_refused) == (1000, 1000)
