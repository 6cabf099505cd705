"""The multi limiter: all or nothing. What limiters share is in test_limiters.py."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

MS = 1_000_000


@pytest.fixture
def second() -> sw.TokenBucket:
    return sw.TokenBucket("second", rate=10.0, burst=2)


@pytest.fixture
def minute() -> sw.LeakyBucket:
    return sw.LeakyBucket("minute", rate=1.0, capacity=5)


def left(second: sw.TokenBucket, minute: sw.LeakyBucket) -> tuple[int, int]:
    return second.snapshot(now_ns=0).tokens, 5 - minute.snapshot(now_ns=0).level


def test_a_call_takes_from_all_or_from_none(second: sw.TokenBucket, minute: sw.LeakyBucket) -> None:
    limiter = sw.MultiLimiter(second, minute, name="both")
    assert limiter.members == (second, minute)
    admitted = limiter.try_acquire(2, now_ns=0)
    assert admitted
    assert admitted.refused_by is None
    assert (admitted.remaining, admitted.limit) == (0, 2)
    assert left(second, minute) == (0, 3)
    refused = limiter.try_acquire(now_ns=0)
    assert refused.reason is sw.MultiLimiterRejection.EXHAUSTED
    assert refused.refused_by is second
    assert refused.retry_after_ns == 100 * MS
    assert left(second, minute) == (0, 3)
    assert minute.try_acquire(3, now_ns=0)
    second.reset(now_ns=0)
    refused = limiter.try_acquire(now_ns=0)
    assert refused.refused_by is minute
    assert (refused.limit, refused.retry_after_ns) == (5, SECOND)
    assert left(second, minute) == (2, 0)
    never = limiter.try_acquire(3, now_ns=0)
    assert (never.reason, never.refused_by, never.retry_after_ns) == (
        sw.MultiLimiterRejection.EXCEEDS_MEMBER,
        second,
        None,
    )
    snapshot = limiter.snapshot()
    assert (snapshot.total_admitted, snapshot.total_refused) == (1, 3)


def test_a_look_says_what_a_call_would_be_told() -> None:
    for taken in range(4):
        for n in range(7):
            bucket = sw.TokenBucket(rate=10.0, burst=3)
            shaper = sw.LeakyBucket(rate=1.0, capacity=6, free=4)
            limiter = sw.MultiLimiter(shaper, bucket)
            assert bucket.try_acquire(taken, now_ns=0)
            look, answer = limiter.peek(n, now_ns=0), limiter.try_acquire(n, now_ns=0)
            assert (look.reason, look.refused_by) == (answer.reason, answer.refused_by)
            assert bool(look) or look.retry_after_ns == answer.retry_after_ns


def test_a_look_passes_by_a_member_that_refuses_nothing(
    second: sw.TokenBucket, minute: sw.LeakyBucket
) -> None:
    limiter = sw.MultiLimiter(second, minute)
    second.reconfigure(dry_run=True)
    assert limiter.peek(3, now_ns=0)
    assert limiter.try_acquire(3, now_ns=0)
    assert limiter.peek(3, now_ns=0).refused_by is minute


def test_it_has_one_to_eight_members_and_each_once(second: sw.TokenBucket) -> None:
    with pytest.raises(ValueError, match="0 members; accepted: 1 to 8"):
        sw.MultiLimiter()
    with pytest.raises(ValueError, match="9 members; accepted: 1 to 8"):
        sw.MultiLimiter(*(sw.TokenBucket(rate=1.0) for _ in range(9)))
    with pytest.raises(ValueError, match="members 0 and 1 are one bucket"):
        sw.MultiLimiter(second, second)
    with pytest.raises(ValueError, match="member 1 warms up"):
        sw.MultiLimiter(second, sw.TokenBucket(rate=1.0, warm_up=5.0))
    others: list[Any] = [
        None,
        "second",
        sw.TokenBucket,
        sw.CircuitBreaker(),
        sw.SlidingWindowLimiter(limit=1, per=1.0),
        sw.KeyedLimiter(rate=1.0),
        sw.MultiLimiter(second),
    ]
    for other in others:
        with pytest.raises(
            TypeError, match=r"^a member is .*; it must be a TokenBucket or a LeakyBucket"
        ):
            sw.MultiLimiter(second, other)
    with pytest.raises(RuntimeError, match="was not initialised"):
        sw.MultiLimiter(second, sw.TokenBucket.__new__(sw.TokenBucket))


def test_it_keeps_its_members_alive() -> None:
    bucket = sw.TokenBucket(rate=1.0)
    alive = weakref.ref(bucket)
    limiter = sw.MultiLimiter(bucket)
    refused = limiter.try_acquire(2, now_ns=0)
    del bucket
    gc.collect()
    assert limiter.members == (alive(),)
    del limiter
    gc.collect()
    assert refused.refused_by is alive()
    del refused
    gc.collect()
    assert alive() is None


def test_functions_and_blocks_take_one(
    clock: sw.testing.VirtualTime, second: sw.TokenBucket, minute: sw.LeakyBucket
) -> None:
    limiter = sw.MultiLimiter(second, minute, name="both")
    assert limiter(lambda: "called")() == "called"
    with limiter as decision:
        assert decision.remaining == 0
    with pytest.raises(sw.RateLimited) as raised, limiter:
        pytest.fail("it was entered")
    assert (raised.value.policy, raised.value.reason) == ("both", "exhausted")
    assert raised.value.retry_after == 0.1


def test_nothing_here_waits() -> None:
    for verb in ("reserve", "acquire", "acquire_async", "refund"):
        assert not hasattr(sw.MultiLimiter, verb)


def test_changes_and_a_fresh_start(second: sw.TokenBucket, minute: sw.LeakyBucket) -> None:
    limiter = sw.MultiLimiter(second, minute)
    assert limiter.options == sw.MultiLimiterOptions(dry_run=False, counted=True, scope="process")
    limiter.reconfigure(dry_run=True)
    assert limiter.try_acquire(3, now_ns=0)
    limiter.reconfigure(dry_run=False)
    with pytest.raises(ValueError, match="counted"):
        limiter.reconfigure(counted=False)
    with pytest.raises(TypeError, match="rate"):
        limiter.reconfigure(rate=1.0)
    second.reconfigure(burst=4, inheritance="reset", now_ns=0)
    assert limiter.try_acquire(4, now_ns=0)
    limiter.reset(now_ns=0)
    assert left(second, minute) == (4, 5)
    assert repr(limiter) == f"<MultiLimiter of {second!r}, {minute!r}>"
    with pytest.raises(TypeError, match="cannot be pickled"):
        limiter.__reduce__()


def test_threads_take_each_token_once_from_members_in_any_order() -> None:
    buckets = [sw.TokenBucket(rate=1e-10, burst=1000), sw.TokenBucket(rate=1e-10, burst=1200)]
    limiters = [sw.MultiLimiter(*buckets), sw.MultiLimiter(*reversed(buckets))]
    taken: list[int] = []

    def take(limiter: sw.MultiLimiter) -> None:
        taken.append(sum(bool(limiter.try_acquire(now_ns=0)) for _ in range(500)))

    threads = [threading.Thread(target=take, args=(limiters[i % 2],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000
    assert [bucket.snapshot(now_ns=0).tokens for bucket in buckets] == [0, 200]
