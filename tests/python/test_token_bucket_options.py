"""What the options of TokenBucket mean, and their changes while it runs; see also
test_limiter_options.py."""

from __future__ import annotations

import pickle
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND


def test_a_rate_is_the_number_that_people_mean() -> None:
    for rate in (Fraction(1, 3), 1 / 3):
        bucket = sw.TokenBucket(rate=rate)  # type: ignore[arg-type]
        assert bucket.try_acquire(now_ns=0)
        assert not bucket.try_acquire(now_ns=3 * SECOND - 1)
        assert bucket.try_acquire(now_ns=3 * SECOND)


def test_initial_tokens() -> None:
    assert sw.TokenBucket(rate=1.0, burst=5).snapshot(now_ns=0).tokens == 5
    assert sw.TokenBucket(rate=1.0, burst=5, initial_tokens=2).snapshot(now_ns=0).tokens == 2
    assert sw.TokenBucket(rate=1.0, burst=5, initial_tokens=9).snapshot(now_ns=0).tokens == 5
    assert not sw.TokenBucket(rate=1.0, initial_tokens=0).try_acquire(now_ns=0)


def test_options_are_shown_and_make_another_bucket() -> None:
    bucket = sw.TokenBucket("api", rate=2.5, burst=7, dry_run=True)
    assert repr(bucket) == "<TokenBucket 'api' 2.5/s, burst 7>"
    assert bucket.options == sw.TokenBucketOptions(
        rate=2.5,
        burst=7,
        initial_tokens=None,
        dry_run=True,
        counted=True,
        warm_up=0.0,
        cold_factor=3.0,
        scope="process",
    )
    again = pickle.loads(pickle.dumps(bucket.options))
    assert again == bucket.options
    assert sw.TokenBucket(**again.as_dict()).options == bucket.options


def test_changes() -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=4)
    assert bucket.try_acquire(2, now_ns=0)
    bucket.reconfigure(rate=10.0, burst=8, now_ns=0)
    assert (bucket.options.rate, bucket.options.burst) == (10.0, 8)
    assert bucket.snapshot(now_ns=0).tokens == 2
    bucket.reconfigure("proportional", burst=16, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 4
    bucket.reconfigure(sw.Inheritance.ADDITIVE, burst=17, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 5
    bucket.reconfigure(dry_run=True)
    assert bucket.try_acquire(17, now_ns=0)
    bucket.reconfigure(dry_run=False)
    bucket.reset(now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 17


def test_a_change_in_the_middle_of_a_change_is_not_lost() -> None:
    """As a signal handler makes one."""
    bucket = sw.TokenBucket(rate=1.0, burst=2)
    handlers = [lambda: bucket.reconfigure(burst=7, now_ns=0)]

    def apply(options: sw.TokenBucketOptions) -> None:
        bucket._core.reconfigure(options.settings(), "keep", 0)
        while handlers:
            handlers.pop()()

    bucket._reconfigure({"rate": 5.0}, apply)
    assert (bucket.options.rate, bucket.options.burst) == (5.0, 7)
    assert bucket.snapshot(now_ns=0).burst == 7
    assert bucket.try_acquire(2, now_ns=0)
    assert bucket.try_acquire(now_ns=0).retry_after_ns == SECOND // 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial_tokens": 3}, "initial_tokens"),
        ({"counted": False}, "counted"),
        ({"scope": "host"}, r"^scope is 'host'"),
        ({"burst": 0}, r"^burst is 0; it must be 1 to 1000000000"),
        ({"inheritance": "half"}, r"^inheritance is half; it must be one of keep, reset, prop"),
    ],
    ids=str,
)
def test_what_cannot_change(changes: dict[str, Any], message: str) -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=2)
    before = bucket.options
    with pytest.raises(ValueError, match=message):
        bucket.reconfigure(**({"rate": 5.0} | changes))
    with pytest.raises(TypeError, match="colour"):
        bucket.reconfigure(colour=1)
    assert bucket.options is before
    assert bucket.snapshot(now_ns=0).burst == 2
    assert bucket.try_acquire(2, now_ns=0)
    assert not bucket.try_acquire(1, now_ns=SECOND // 2)  # at 5 a second it were there


def test_a_policy_is_initialised_once() -> None:
    bucket = sw.TokenBucket(rate=1.0)
    with pytest.raises(RuntimeError, match="initialised once"):
        bucket.__init__(rate=2.0)  # type: ignore[misc]
    assert bucket.try_acquire(now_ns=0)
    bare = sw.TokenBucket.__new__(sw.TokenBucket)
    for use in (bare.try_acquire, bare.acquire, bare.__enter__, bare.peek, bare.refund):
        with pytest.raises(RuntimeError, match="was not initialised"):
            use()


@pytest.mark.parametrize("warm_up", [4.0, 4, timedelta(seconds=4)], ids=str)
def test_a_bucket_that_warms_up(warm_up: Any) -> None:
    bucket = sw.TokenBucket(rate=2.0, warm_up=warm_up)
    assert bucket.options.warm_up == warm_up
    delays = []
    for _ in range(6):
        slot = bucket.reserve(now_ns=0)
        assert slot is not None
        delays.append(slot.delay)
    assert delays == [0.0, 1.375, 2.5, 3.375, 4.0, 4.5]
    assert bucket.try_acquire(now_ns=0).retry_after == 5.0
    assert sw.TokenBucket(**bucket.options.as_dict()).options == bucket.options
    bucket.reset(now_ns=0)
    assert bucket.try_acquire(now_ns=0).reset_after == 1.375


def test_a_bucket_that_pays_later_and_is_never_cold() -> None:
    bucket = sw.TokenBucket(rate=2.0, burst=4, warm_up=4.0, cold_factor=1.0)
    assert bucket.try_acquire(4, now_ns=0).reset_after == 2.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warm_up": -1.0}, r"^warm_up is -1"),
        ({"warm_up": "4"}, r"^warm_up"),
        ({"warm_up": 0.5}, r"^warm_up = 0.5 s at rate = 2 is 1 tokens; accepted: 2 to 1e\+07"),
        ({"warm_up": 4.0, "cold_factor": 0.5}, r"^cold_factor is 0.5"),
        ({"warm_up": 4.0, "burst": 3, "initial_tokens": 2}, r"^initial_tokens = 2 with warm_up"),
    ],
)
def test_a_warm_up_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        sw.TokenBucket(rate=2.0, **options)


@pytest.mark.parametrize("changes", [{"rate": 3.0}, {"burst": 2}, {"warm_up": 0.0}], ids=str)
def test_a_bucket_that_warms_up_keeps_its_rate(changes: dict[str, Any]) -> None:
    bucket = sw.TokenBucket(rate=2.0, warm_up=4.0)
    before = bucket.options
    with pytest.raises((ValueError, sw.SpillwayError)):
        bucket.reconfigure(**changes)
    assert bucket.options == before
    bucket.reconfigure(dry_run=True)
    assert bucket.options.dry_run
