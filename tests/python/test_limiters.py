"""What is asked of a limiter for each request, and what it answers; see test_limiter_waits.py."""

from __future__ import annotations

import asyncio
import gc
import pickle
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

MS = 1_000_000
VERBS = ("try_acquire", "peek", "acquire_up_to", "force_acquire", "refund", "reserve")


@pytest.fixture
def bucket() -> sw.TokenBucket:
    """Ten a second, five at once, full."""
    return sw.TokenBucket("api", rate=10.0, burst=5)


def test_a_decision_says_how_much_is_left_and_until_when(bucket: sw.TokenBucket) -> None:
    admitted = bucket.try_acquire(3, now_ns=0)
    assert admitted
    assert (admitted.reason, admitted.remaining, admitted.limit) == (None, 2, 5)
    assert (admitted.retry_after, admitted.retry_after_ns) == (0.0, 0)
    assert admitted.reset_after_ns == 300 * MS
    assert admitted.reset_after == pytest.approx(0.3, abs=1e-12)  # of the floats, the next above
    refused = bucket.try_acquire(n=4, now_ns=50 * MS)
    assert not refused
    assert refused.reason is sw.TokenBucketRejection.EXHAUSTED
    assert (refused.remaining, refused.limit) == (2, 5)
    assert refused.retry_after_ns == 150 * MS
    assert refused.retry_after == pytest.approx(0.15, abs=1e-12)
    assert refused.reset_after_ns == 250 * MS
    assert repr(admitted) == "<Decision: admitted, 2 of 5 left>"
    assert repr(refused) == "<Decision: exhausted, 2 of 5 left, retry after 150000000 ns>"
    assert bucket.try_acquire(4, now_ns=200 * MS)


def test_what_is_never_there_is_never_to_be_asked_again(bucket: sw.TokenBucket) -> None:
    decision = bucket.try_acquire(6, now_ns=0)
    assert decision.reason is sw.TokenBucketRejection.EXCEEDS_BURST
    assert (decision.retry_after, decision.retry_after_ns) == (float("inf"), None)
    assert repr(decision) == "<Decision: exceeds_burst, 5 of 5 left>"


def test_the_numbers_are_those_of_the_call(bucket: sw.TokenBucket) -> None:
    decision = bucket.try_acquire(now_ns=0)
    bucket.try_acquire(4, now_ns=0)
    assert decision.remaining == 4
    bucket.reconfigure(burst=50, now_ns=0)
    assert (decision.remaining, decision.limit) == (0, 50)


def test_a_decision_outlives_its_limiter(bucket: sw.TokenBucket) -> None:
    other = sw.TokenBucket(rate=1.0)
    decision, reservation = other.try_acquire(2, now_ns=0), other.reserve(now_ns=0)
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None
    assert decision.reason == "exceeds_burst"
    assert decision.limit == 1
    assert reservation is not None
    assert reservation.cancel(now_ns=0)


def test_seconds_are_rounded_up() -> None:
    bucket = sw.TokenBucket(rate=3.0)
    assert bucket.try_acquire(now_ns=0)
    refused = bucket.try_acquire(now_ns=0)
    assert refused.retry_after_ns == 333_333_334
    assert refused.retry_after * SECOND >= 333_333_334
    assert not bucket.try_acquire(now_ns=333_333_333)
    assert bucket.try_acquire(now_ns=333_333_334)


def test_a_look_takes_nothing(bucket: sw.TokenBucket) -> None:
    for _ in range(3):
        assert bucket.peek(5, now_ns=0)
    assert bucket.try_acquire(4, now_ns=0)
    decision = bucket.peek(2, now_ns=0)
    assert not decision
    assert (decision.reason, decision.retry_after_ns) == ("exhausted", 100 * MS)
    assert bucket.peek(6, now_ns=0).reason == "exceeds_burst"
    assert bucket.peek(now_ns=0)
    snapshot = bucket.snapshot(now_ns=0)
    assert (snapshot.tokens, snapshot.total_admitted, snapshot.total_refused) == (1, 1, 0)


def test_as_many_as_there_are(bucket: sw.TokenBucket) -> None:
    assert bucket.acquire_up_to(3, now_ns=0) == 3
    assert bucket.acquire_up_to(n=3, now_ns=0) == 2
    assert bucket.acquire_up_to(3, now_ns=0) == 0


def test_what_is_taken_by_force_is_owed(bucket: sw.TokenBucket) -> None:
    decision = bucket.force_acquire(7, now_ns=0)
    assert decision
    assert (decision.remaining, decision.reset_after_ns) == (0, 700 * MS)
    assert bucket.snapshot(now_ns=0).tokens == -2
    assert bucket.try_acquire(now_ns=0).retry_after_ns == 300 * MS
    assert not bucket.force_acquire(2**63 - 1, now_ns=0)


def test_what_is_given_back_can_be_taken(bucket: sw.TokenBucket) -> None:
    assert bucket.try_acquire(5, now_ns=0)
    assert bucket.refund(now_ns=0) is None  # type: ignore[func-returns-value]
    bucket.refund(2, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 3
    bucket.refund(2**63 - 1, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 5


def test_a_reservation_is_cancelled_once(bucket: sw.TokenBucket) -> None:
    first = bucket.reserve(5, now_ns=0)
    second = bucket.reserve(2, max_wait=0.2, now_ns=100)
    assert first is not None
    assert second is not None
    assert (first.delay, first.delay_ns, first.act_at_ns) == (0.0, 0, 0)
    assert (second.delay_ns, second.act_at_ns) == (200 * MS - 100, 200 * MS)
    assert repr(second) == "<Reservation of 2 in 199999900 ns>"
    assert bucket.reserve(1, max_wait=0.2, now_ns=100) is None
    assert bucket.reserve(6, now_ns=0) is None
    assert second.cancel(now_ns=100) is True
    assert second.cancel(now_ns=100) is False
    assert repr(second) == "<Reservation of 2 in 199999900 ns, cancelled>"
    assert bucket.snapshot(now_ns=100).tokens == 0


def test_a_dry_run_says_yes(clock: sw.testing.VirtualTime, bucket: sw.TokenBucket) -> None:
    bucket.reconfigure(dry_run=True)
    for n in (5, 5, 6):
        assert bucket.try_acquire(n)
    assert bucket.acquire_up_to(3) == 3
    reservation = bucket.reserve(max_wait=0)
    assert reservation is not None
    assert reservation.delay_ns == 0
    bucket.acquire(6, timeout=0)
    assert not bucket.peek()
    assert bucket.snapshot().total_dry_run == 5
    assert clock.slept == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_count_is_a_whole_number_from_0(bucket: sw.TokenBucket, verb: str) -> None:
    ask = getattr(bucket, verb)
    for value in (True, 1.0, "1", None, [1]):
        with pytest.raises(TypeError, match=r"^n is .+; it must be an int"):
            ask(value, now_ns=0)
    for value in (-1, -(2**63), 2**63, 2**100):
        with pytest.raises(ValueError, match=rf"^n is {value}; it must be 0 to 2\*\*63 - 1"):
            ask(value, now_ns=0)
    with pytest.raises(TypeError, match=r"^now_ns is 1.5; it must be an int or None"):
        ask(1, now_ns=1.5)
    with pytest.raises(TypeError, match=rf"^{verb}\(\) has no argument 'm'"):
        ask(1, m=1)
    assert bucket.snapshot(now_ns=0).tokens == 5
    ask(0, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 5


@pytest.mark.parametrize(
    ("verb", "name"), [("reserve", "max_wait"), ("acquire", "timeout"), ("_claim", "timeout")]
)
def test_a_wait_is_seconds_or_a_timedelta(bucket: sw.TokenBucket, verb: str, name: str) -> None:
    ask = getattr(bucket, verb)
    for value in ("1", True, [1], 1j):
        with pytest.raises(TypeError, match=rf"^{name} is .+; it must be seconds as a number"):
            ask(1, value)
    for bad in (-1, -1e-9, float("nan")):
        with pytest.raises(ValueError, match=rf"^{name} is .+; it must be 0 or more"):
            ask(1, bad)
    with pytest.raises(TypeError, match=f"^{name} is 1000"):  # too long for a float
        ask(1, 10**400)
    for good in (0, 0.0, 1e300, float("inf"), None):
        ask(0, **{name: good})
    assert bucket.snapshot().tokens == 5


class Client:
    def __init__(self, bucket: sw.TokenBucket) -> None:
        self.get = bucket(self._get)
        self.get_async = bucket(self._get_async)

    def _get(self, url: str) -> str:
        return f"got {url}"

    async def _get_async(self, url: str) -> str:
        return f"got {url} later"


def test_a_guarded_function_takes_one_for_each_call(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket("api", rate=1.0, burst=2)
    client = Client(bucket)
    assert client.get("/") == "got /"
    assert bucket.call(client._get, url="/") == "got /"
    for refused in (lambda: client.get("/"), lambda: bucket.call(client._get, "/")):
        with pytest.raises(sw.RateLimited) as raised:
            refused()
        assert raised.value.reason is sw.TokenBucketRejection.EXHAUSTED
        assert (raised.value.retry_after, raised.value.retry_after_ns) == (1.0, SECOND)
        assert raised.value.policy == "api"
    clock.advance(1.0)
    assert client.get("/") == "got /"


def test_a_guarded_coroutine_takes_one_when_it_is_awaited(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=1.0)
    client = Client(bucket)

    async def run() -> None:
        waiting = client.get_async("/")
        assert bucket.snapshot().tokens == 1
        assert await waiting == "got / later"
        with pytest.raises(sw.RateLimited):
            await client.get_async("/")
        with pytest.raises(sw.RateLimited):
            await bucket.call(client._get_async, "/")
        clock.advance(1)
        assert await bucket.call(client._get_async, "/") == "got / later"

    asyncio.run(run())


def test_what_a_guarded_function_raises_goes_on_and_its_token_is_gone(
    clock: sw.testing.VirtualTime,
) -> None:
    bucket = sw.TokenBucket(rate=1.0)
    with pytest.raises(ZeroDivisionError):
        bucket(lambda: 1 / 0)()
    with pytest.raises(sw.RateLimited):
        bucket(lambda: 1 / 0)()


def test_a_block_takes_one(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=2)

    async def run() -> None:
        async with bucket as decision:
            assert decision.remaining == 0
        with pytest.raises(sw.RateLimited):
            async with bucket:
                pytest.fail("it was entered")

    with bucket as decision:
        assert decision.remaining == 1
    asyncio.run(run())
    with pytest.raises(sw.RateLimited), bucket:
        pytest.fail("it was entered")


def test_generators_are_refused(bucket: sw.TokenBucket) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    for guard in (bucket, bucket.call):
        with pytest.raises(TypeError, match="generator function"):
            guard(numbers)
    assert bucket.snapshot(now_ns=0).tokens == 5


def test_an_exception_pickles_with_its_attributes(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket("api", rate=1.0)
    refusals: list[Any] = []
    for n, timeout in ((2, None), (1, 0.5)):
        bucket.force_acquire(1)
        with pytest.raises(sw.RateLimited) as raised:
            bucket.acquire(n, timeout)
        refusals += [raised.value, pickle.loads(pickle.dumps(raised.value))]
    for one in refusals[:2]:
        assert (one.reason, one.retry_after, one.retry_after_ns, one.policy) == (
            sw.TokenBucketRejection.EXCEEDS_BURST,
            float("inf"),
            None,
            "api",
        )
        assert str(one) == "limiter 'api' refused the call (exceeds_burst); no wait helps"
    for one in refusals[2:]:
        assert one.reason is sw.TokenBucketRejection.EXCEEDS_WAIT
        assert (one.retry_after, one.retry_after_ns) == (1.5, 1_500 * MS)
        assert str(one) == "limiter 'api' refused the call (exceeds_wait); retry after 1.500 s"
    assert issubclass(sw.RateLimited, sw.Rejected)


def test_there_are_no_events_of_a_limiter(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket("api", rate=1.0)
    bucket.force_acquire(5)
    bucket.reconfigure(rate=2.0)
    assert sw.events() == []
    sw.testing.reset()
    assert bucket.try_acquire()
