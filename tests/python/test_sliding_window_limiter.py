"""The sliding window limiter. What limiters share is in test_limiters.py."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND
from hypothesis import given, settings
from hypothesis import strategies as st

MS = 1_000_000


def test_a_decision_says_how_much_is_left_and_until_when() -> None:
    limiter = sw.SlidingWindowLimiter("api", limit=3, per=1.0)
    admitted = [limiter.try_acquire(now_ns=at * MS) for at in (0, 100, 300)]
    assert [one.remaining for one in admitted] == [2, 1, 0]
    refused = limiter.try_acquire(now_ns=400 * MS)
    assert refused.reason is sw.SlidingWindowLimiterRejection.EXHAUSTED
    assert (refused.remaining, refused.limit) == (0, 3)
    assert (refused.retry_after_ns, refused.next_after_ns) == (600 * MS, 600 * MS)
    assert refused.reset_after_ns == 900 * MS
    assert not limiter.try_acquire(now_ns=SECOND - 1)
    assert limiter.try_acquire(now_ns=SECOND)
    assert not limiter.try_acquire(now_ns=SECOND)
    assert repr(limiter) == "<SlidingWindowLimiter 'api' 3 per 1 s>"


def test_a_call_takes_one() -> None:
    limiter = sw.SlidingWindowLimiter(limit=3, per=1.0)
    for ask in (limiter.try_acquire, limiter.peek):
        decision = ask(2, now_ns=0)
        assert (decision.reason, decision.retry_after_ns) == ("exceeds_one", None)
        assert (decision.remaining, decision.limit) == (3, 3)
        assert ask(0, now_ns=0)
        with pytest.raises(ValueError, match=r"^n is -1; it must be 0 to 2\*\*63 - 1"):
            ask(-1, now_ns=0)
        with pytest.raises(TypeError, match=r"^n is 1.0; it must be an int"):
            ask(1.0, now_ns=0)  # type: ignore[arg-type]
    assert limiter.snapshot(now_ns=0).in_window == 0


def test_a_look_takes_nothing() -> None:
    limiter = sw.SlidingWindowLimiter(limit=1, per=1.0)
    assert limiter.peek(now_ns=0)
    assert limiter.try_acquire(now_ns=0)
    look = limiter.peek(now_ns=MS)
    assert (look.reason, look.retry_after_ns) == ("exhausted", 999 * MS)
    snapshot = limiter.snapshot(now_ns=MS)
    assert (snapshot.in_window, snapshot.total_admitted, snapshot.total_refused) == (1, 1, 0)


def test_there_is_nothing_that_waits_or_gives_back() -> None:
    for verb in ("reserve", "acquire", "acquire_async", "refund", "force_acquire"):
        assert not hasattr(sw.SlidingWindowLimiter, verb)


def test_all_windows_hold_or_none_counts() -> None:
    limiter = sw.SlidingWindowLimiter(limit=2, per=1, also=[(3, timedelta(seconds=10)), (4, 60.0)])
    assert limiter.options.also == ((3, timedelta(seconds=10)), (4, 60.0))
    assert repr(limiter) == "<SlidingWindowLimiter 2 per 1 s, 3 per 10 s, 4 per 60 s>"
    admitted = [at for at in range(75) if limiter.try_acquire(now_ns=at * SECOND // 2)]
    assert admitted == [0, 1, 2, 20]
    assert limiter.try_acquire(now_ns=37 * SECOND).retry_after_ns == 23 * SECOND


@pytest.mark.parametrize(
    ("also", "error", "message"),
    [
        ([(0, 1.0)], ValueError, r"^also is \[\(0, 1.0\)\]; .*neither of them 0"),
        ([(1, 0)], ValueError, r"^also is .*neither of them 0"),
        ([(1, timedelta())], ValueError, r"^also is .*neither of them 0"),
        ([(1, 1), (2, 2), (3, 3)], ValueError, r"^also is .*must be up to 2 pairs"),
        (None, TypeError, r"^also is None; it must be up to 2 pairs of a limit and its time"),
        ([1], TypeError, r"^also is \[1\]; it must be up to 2 pairs of a limit and its time"),
        ([(1, 2, 3)], TypeError, r"^also is .*it must be up to 2 pairs"),
        ([(1.5, 2.0)], TypeError, r"^second_limit is 1.5; it must be an int"),
        ([(1, 2.0), (True, 2.0)], TypeError, r"^third_limit is True; it must be an int"),
        ([(-1, 2.0)], ValueError, r"^second_limit is -1; it must be 0 \(none\) or 1 to 1048576"),
        ([(1, -2.0)], ValueError, r"^second_per is -2(.0)? s; it must be 0 \(none\) or "),
    ],
)
def test_what_the_other_windows_may_be(also: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sw.SlidingWindowLimiter(limit=1, per=1.0, also=also)


def test_a_clock_that_steps_back_mints_nothing() -> None:
    limiter = sw.SlidingWindowLimiter(limit=2, per=1.0)
    times = [10 * SECOND, 0] * 500
    assert sum(bool(limiter.try_acquire(now_ns=at)) for at in times) == 2


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 40)), min_size=1, max_size=3),
    steps=st.lists(st.integers(0, 12), min_size=1, max_size=120),
)
def test_it_admits_as_a_list_of_times_does(pairs: list[tuple[int, int]], steps: list[int]) -> None:
    (limit, per), *also = [(limit, per / SECOND) for limit, per in pairs]
    limiter = sw.SlidingWindowLimiter(limit=limit, per=per, also=also)
    log: list[int] = []
    now = 0
    for step in steps:
        now += step
        room = all(sum(now - at < per for at in log) < limit for limit, per in pairs)
        assert bool(limiter.try_acquire(now_ns=now)) is room
        if room:
            log.append(now)


def test_functions_and_blocks_take_one(clock: sw.testing.VirtualTime) -> None:
    limiter = sw.SlidingWindowLimiter("sign_in", limit=2, per=timedelta(minutes=1))
    assert limiter(lambda: "in")() == "in"
    with limiter:
        pass
    with pytest.raises(sw.RateLimited) as raised, limiter:
        pytest.fail("it was entered")
    assert (raised.value.policy, raised.value.retry_after) == ("sign_in", 60.0)
    clock.advance(60)
    assert limiter.call(len, "abc") == 3


def test_changes_and_a_fresh_start(clock: sw.testing.VirtualTime) -> None:
    limiter = sw.SlidingWindowLimiter(limit=1, per=1.0)
    assert limiter.try_acquire()
    limiter.reconfigure(dry_run=True)
    assert limiter.try_acquire()
    limiter.reconfigure(dry_run=False)
    assert not limiter.try_acquire()
    limiter.reset()
    clock.advance(0.5)
    assert limiter.try_acquire()
    assert limiter.snapshot().as_dict() == {
        "in_window": 1,
        "limit": 1,
        "time_to_empty_ns": SECOND,
        "total_admitted": 2,
        "total_refused": 1,
        "total_dry_run": 1,
    }


def test_threads_share_a_limiter_and_each_place_is_taken_once() -> None:
    limiter = sw.SlidingWindowLimiter(limit=1000, per=86400.0)
    taken: list[int] = []

    def take() -> None:
        taken.append(sum(bool(limiter.try_acquire(now_ns=0)) for _ in range(500)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000
    snapshot = limiter.snapshot(now_ns=0)
    assert (snapshot.in_window, snapshot.total_refused) == (1000, 1000)
