"""The clock of the breakers: which one they read, and virtual time."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

COARSE = 6  # CLOCK_MONOTONIC_COARSE of Linux, which Python has no name for


def coarse_ns() -> int:
    return time.clock_gettime_ns(COARSE)


def precise_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


TICK = time.clock_getres(COARSE)
ONE = sw.Consecutive(1)


def trip(breaker: sw.CircuitBreaker) -> int:
    """When the breaker says it tripped."""
    permit = breaker.try_acquire()
    assert permit
    permit.settle(sw.Outcome.FAILURE)
    return breaker.events()[-1].time_ns


@pytest.mark.parametrize(
    ("options", "clock"),
    [
        ({"window": ONE}, coarse_ns),
        ({"window": ONE, "slow_call": 16 * TICK}, coarse_ns),
        ({"window": ONE, "slow_call": 15.9 * TICK}, precise_ns),
        ({"window": ONE, "slow_call": None, "ramp": 16 * TICK}, coarse_ns),
        ({"window": ONE, "slow_call": None, "ramp": 15.9 * TICK}, precise_ns),
        ({"window": sw.TimeWindow(10 * 16 * TICK), "min_calls": 1}, coarse_ns),
        ({"window": sw.TimeWindow(10 * 15.9 * TICK), "min_calls": 1}, precise_ns),
    ],
    ids=str,
)
def test_which_clock_a_closed_breaker_reads(options: Any, clock: Any) -> None:
    breaker = sw.CircuitBreaker(**options)
    before = clock()
    at = trip(breaker)
    assert before <= at <= clock()


def test_reconfigure_may_change_the_clock() -> None:
    breaker = sw.CircuitBreaker(window=ONE, slow_call=TICK)
    breaker.reconfigure(slow_call=1.0)
    before = coarse_ns()
    assert before <= trip(breaker) <= coarse_ns()
    breaker.reset()
    breaker.reconfigure(slow_call=TICK)
    before = precise_ns()
    assert before <= trip(breaker) <= precise_ns()


def test_what_is_not_closed_reads_the_precise_clock() -> None:
    breaker = sw.CircuitBreaker(window=ONE, open_for=3600, max_open=3600, jitter=0.0)
    opened = trip(breaker)
    before = precise_ns()
    rejection = breaker.try_acquire()
    after = precise_ns()
    assert not rejection
    assert before <= opened + 3600 * SECOND - rejection.retry_after_ns <= after


def test_the_clock_of_virtual_time() -> None:
    with sw.testing.virtual_time() as clock:
        assert clock.now_ns == 0
        breaker = sw.CircuitBreaker(window=ONE, open_for=5.0, jitter=0.0, slow_call=None)
        clock.advance(1.5)
        assert trip(breaker) == clock.now_ns == 1_500_000_000
        clock.advance(timedelta(seconds=4.999999))
        rejection = breaker.try_acquire()
        assert not rejection
        assert rejection.retry_after_ns == 1000
        assert breaker.snapshot().time_to_half_open_ns == 1000
        clock.advance(1e-6)
        probe = breaker.try_acquire()
        assert probe
        probe.settle(sw.Outcome.SUCCESS)
        assert [event.new for event in breaker.events()] == ["open", "half_open", "closed"]
    assert trip(breaker) >= 10 * SECOND  # the real clock again


@pytest.mark.parametrize("seconds", [-1, -1e-9, float("nan"), timedelta(seconds=-1)], ids=str)
def test_time_does_not_run_backwards(seconds: Any) -> None:
    with sw.testing.virtual_time() as clock, pytest.raises(ValueError, match="it must be 0 or mor"):
        clock.advance(seconds)


def test_sleeps_take_no_time() -> None:
    real_sleep, real_asyncio_sleep = time.sleep, asyncio.sleep
    with sw.testing.virtual_time() as clock:
        time.sleep(3600)
        time.sleep(0.5)
        assert clock.now_ns == 3600_500_000_000
        assert asyncio.run(asyncio.sleep(60, "slept")) == "slept"
        assert clock.slept == [3600, 0.5, 60]
        assert clock.now_ns == 3660_500_000_000
    assert (time.sleep, asyncio.sleep) == (real_sleep, real_asyncio_sleep)


def test_async_sleeps_overlap() -> None:
    woke: list[tuple[str, int]] = []

    async def sleep(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woke.append((name, clock.now_ns // SECOND))

    async def run() -> None:
        await asyncio.gather(sleep("long", 5), sleep("short", 3), sleep("longer", 7))
        await sleep("none", 0)

    with sw.testing.virtual_time() as clock:
        asyncio.run(run())
    assert woke == [("short", 3), ("long", 5), ("longer", 7), ("none", 7)]


def test_a_cancelled_sleep_holds_up_nobody() -> None:
    async def run() -> None:
        task = asyncio.create_task(asyncio.sleep(1))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(5)

    with sw.testing.virtual_time() as clock:
        asyncio.run(run())
        assert clock.now_ns == 5 * SECOND


def test_virtual_time_does_not_nest_and_ends_after_an_error() -> None:
    with (
        pytest.raises(RuntimeError, match="cannot be nested"),
        sw.testing.virtual_time(),
        sw.testing.virtual_time(),
    ):
        pytest.fail("it nested")
    breaker = sw.CircuitBreaker(window=ONE)
    before = coarse_ns()
    assert before <= trip(breaker) <= coarse_ns()


def open_for(seed: int | None) -> list[int]:
    with sw.testing.virtual_time(seed):
        waits = []
        for _ in range(3):
            breaker = sw.CircuitBreaker(window=ONE, jitter=1.0)
            trip(breaker)
            waits.append(breaker.snapshot().time_to_half_open_ns)
    return waits


def test_jitter_repeats_with_the_seed() -> None:
    assert open_for(1) == open_for(1)
    assert len({*open_for(1), *open_for(2), *open_for(None), *open_for(None)}) == 12


def test_a_seed_of_its_own_comes_first() -> None:
    waits = []
    for seed in (1, 2):
        with sw.testing.virtual_time(seed):
            breaker = sw.CircuitBreaker(window=ONE, jitter=1.0, seed=9)
            trip(breaker)
            waits.append(breaker.snapshot().time_to_half_open_ns)
    assert waits[0] == waits[1]


def test_events_come_at_once_in_virtual_time() -> None:
    heard: list[str] = []

    def listen(event: sw.Event) -> None:
        heard.append(event.new)
        if event.new == "forced_open":
            breaker.reset()  # its event comes after this one is told to all

    unsubscribe = [sw.on_event(listen), sw.on_event(lambda event: heard.append(event.new.upper()))]
    with sw.testing.virtual_time():
        breaker = sw.CircuitBreaker("payments")
        breaker.force_open()
        assert heard == ["forced_open", "FORCED_OPEN", "closed", "CLOSED"]
    for one in unsubscribe:
        one()


def test_reset_fills_a_bucket_that_another_time_left() -> None:
    bucket = sw.TokenBucket("api", rate=1.0, burst=3)
    bucket.reset()
    bucket.reconfigure(rate=2.0)
    bucket.force_acquire(9)
    with sw.testing.virtual_time() as clock:
        assert not bucket.try_acquire()
        sw.testing.reset()
        assert bucket.try_acquire(3)
        assert not bucket.try_acquire()
        clock.advance(0.5)
        assert bucket.try_acquire()
        bucket.reconfigure("reset", rate=1.0)
        bucket.acquire(3)
        bucket.acquire()
        assert clock.now_ns == 1_500_000_000
    sw.testing.reset()
    assert bucket.try_acquire(3)


def test_reset_makes_fresh_what_another_time_left() -> None:
    breaker = sw.CircuitBreaker("payments", window=ONE)
    trip(breaker)
    with sw.testing.virtual_time() as clock:
        assert not breaker.try_acquire()
        sw.testing.reset()
        assert sw.events() == []
        assert breaker.state == "closed"
        trip(breaker)
        clock.advance(6)
        with breaker.acquire():
            pass
        assert breaker.state == "closed"
        assert [event.sequence for event in sw.events()] == [1, 2, 3]
    sw.testing.reset()
    trip(breaker)
    assert breaker.state == "open"
