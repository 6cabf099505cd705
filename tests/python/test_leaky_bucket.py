"""The leaky bucket, as a meter and as a shaper. What limiters share is in test_limiters.py."""

from __future__ import annotations

import asyncio

import pytest
import spillway as sw
from breakers import SECOND

MS = 1_000_000


@pytest.fixture
def shaper() -> sw.LeakyBucket:
    """Ten a second, each 100 ms after the one before, and at most three at a time."""
    return sw.LeakyBucket("shaper", rate=10.0, capacity=3, free=1)


def test_a_meter_refuses_what_does_not_fit() -> None:
    meter = sw.LeakyBucket(rate=10.0, capacity=3)
    assert meter.try_acquire(2, now_ns=0)
    refused = meter.try_acquire(2, now_ns=0)
    assert refused.reason is sw.LeakyBucketRejection.FULL
    assert (refused.remaining, refused.limit) == (1, 3)
    assert (refused.retry_after_ns, refused.reset_after_ns) == (100 * MS, 200 * MS)
    assert refused.next_after_ns == 100 * MS
    assert refused.refused_by is None
    assert meter.try_acquire(2, now_ns=100 * MS)
    never = meter.try_acquire(4, now_ns=0)
    assert (never.reason, never.retry_after_ns) == ("exceeds_capacity", None)


def test_a_shaper_spaces_who_waits(clock: sw.testing.VirtualTime, shaper: sw.LeakyBucket) -> None:
    times = []
    for _ in range(4):
        shaper.acquire()
        times.append(clock.now_ns)
    assert times == [0, 100 * MS, 200 * MS, 300 * MS]
    assert not shaper.try_acquire()  # it would have to wait
    clock.advance(0.1)
    assert shaper.try_acquire()


def test_a_line_that_is_full_refuses(clock: sw.testing.VirtualTime, shaper: sw.LeakyBucket) -> None:
    reservations = [shaper.reserve() for _ in range(4)]
    assert [one and one.delay_ns for one in reservations] == [0, 100 * MS, 200 * MS, None]
    with pytest.raises(sw.RateLimited) as raised:
        shaper.acquire()
    refusal = raised.value
    assert (refusal.reason, refusal.retry_after_ns) == (sw.LeakyBucketRejection.FULL, 100 * MS)
    assert refusal.policy == "shaper"
    last = reservations[2]
    assert last is not None
    assert last.cancel()
    assert shaper.snapshot().level == 2
    with pytest.raises(sw.RateLimited, match="exceeds_wait"):
        shaper.acquire(timeout=0.199)
    shaper.acquire(timeout=0.2)
    assert clock.now_ns == 200 * MS


def test_tasks_are_spaced_in_the_order_in_which_they_asked(
    clock: sw.testing.VirtualTime, shaper: sw.LeakyBucket
) -> None:
    served: list[tuple[int, int]] = []

    async def ask(number: int) -> None:
        await shaper.acquire_async()
        served.append((number, clock.now_ns // MS))

    async def run() -> None:
        await asyncio.gather(*(ask(number) for number in range(3)))

    asyncio.run(run())
    assert served == [(0, 0), (1, 100), (2, 200)]


def test_a_look_says_what_a_call_would_be_told() -> None:
    """Of every level and count: what only those may fill who wait is not there for the others."""
    for free in (1, 2, 4, 9):
        for level in range(5):
            for n in range(6):
                bucket = sw.LeakyBucket(rate=1.0, capacity=4, free=free)
                if level:
                    assert bucket.reserve(level, now_ns=0)
                look, answer = bucket.peek(n, now_ns=0), bucket.try_acquire(n, now_ns=0)
                assert (look.reason, look.retry_after_ns) == (answer.reason, answer.retry_after_ns)


def test_what_is_given_back_leaks_out_at_once(shaper: sw.LeakyBucket) -> None:
    assert shaper.reserve(3, now_ns=0)
    shaper.refund(2, now_ns=0)
    assert shaper.snapshot(now_ns=0).level == 1
    shaper.reset(now_ns=0)
    assert shaper.snapshot(now_ns=0).level == 0


def test_it_has_no_balance_to_empty_or_overdraw(shaper: sw.LeakyBucket) -> None:
    for verb in ("acquire_up_to", "force_acquire"):
        assert hasattr(sw.TokenBucket, verb)
        assert not hasattr(shaper, verb)


def test_a_block_and_a_function_take_what_passes_at_once(
    clock: sw.testing.VirtualTime, shaper: sw.LeakyBucket
) -> None:
    with shaper as decision:
        assert decision.remaining == 2
    guarded = shaper(lambda: "called")
    with pytest.raises(sw.RateLimited) as raised:
        guarded()
    assert raised.value.retry_after_ns == 100 * MS
    clock.advance(0.1)
    assert guarded() == "called"


def test_changes() -> None:
    bucket = sw.LeakyBucket(rate=1.0, capacity=4)
    assert bucket.try_acquire(4, now_ns=0)
    bucket.reconfigure(rate=10.0, capacity=8, now_ns=0)
    assert (bucket.options.rate, bucket.options.capacity) == (10.0, 8)
    assert bucket.snapshot(now_ns=0).level == 4
    bucket.reconfigure("proportional", capacity=4, now_ns=0)
    assert bucket.snapshot(now_ns=0).level == 2
    bucket.reconfigure(sw.Inheritance.RESET, free=1, now_ns=0)
    assert [bool(bucket.try_acquire(now_ns=0)) for _ in range(2)] == [True, False]
    with pytest.raises(ValueError, match=r"^capacity is 0; it must be 1 to 1000000000"):
        bucket.reconfigure(capacity=0)
    with pytest.raises(ValueError, match=r"^inheritance is half; it must be one of keep"):
        bucket.reconfigure("half", free=2)
    assert (bucket.options.capacity, bucket.options.free) == (4, 1)


def test_how_it_is_shown(shaper: sw.LeakyBucket) -> None:
    assert repr(shaper) == "<LeakyBucket 'shaper' 10/s, capacity 3, 1 of them free>"
    assert repr(sw.LeakyBucket(rate=0.5)) == "<LeakyBucket 0.5/s, capacity 1>"
    assert sw.registry.get(sw.LeakyBucket, "shaper") is shaper
    assert shaper.snapshot(now_ns=SECOND).as_dict() == {
        "level": 0,
        "capacity": 3,
        "time_to_empty_ns": 0,
        "total_admitted": 0,
        "total_refused": 0,
        "total_dry_run": 0,
    }
