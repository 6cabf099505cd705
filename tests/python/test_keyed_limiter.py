"""The keyed limiter: its keys, what it does when its table is full, and guarded functions."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND
from hypothesis import given, settings
from hypothesis import strategies as st

MS = 1_000_000


@pytest.fixture
def clock() -> Iterator[sw.testing.VirtualTime]:
    with sw.testing.virtual_time(seed=1) as clock:
        yield clock


@pytest.fixture
def limiter() -> sw.KeyedLimiter:
    """One a second of each key, two at once."""
    return sw.KeyedLimiter("per_user", rate=1.0, burst=2)


def test_each_key_has_a_limit_of_its_own(limiter: sw.KeyedLimiter) -> None:
    assert [limiter.try_acquire("ann", now_ns=0).remaining for _ in range(2)] == [1, 0]
    refused = limiter.try_acquire("ann", now_ns=0)
    assert not refused
    assert refused.reason is sw.KeyedLimiterRejection.EXHAUSTED
    assert (refused.remaining, refused.limit) == (0, 2)
    assert (refused.retry_after_ns, refused.next_after_ns) == (SECOND, SECOND)
    assert refused.reset_after_ns == 2 * SECOND
    assert limiter.try_acquire("bob", 2, now_ns=0)
    assert not limiter.try_acquire("ann", now_ns=SECOND - 1)
    assert limiter.try_acquire("ann", now_ns=SECOND)
    never = limiter.try_acquire(key="cleo", n=3, now_ns=0)
    assert (never.reason, never.retry_after_ns) == ("exceeds_burst", None)


def test_what_is_one_key_and_what_is_two(limiter: sw.KeyedLimiter) -> None:
    """A text is its UTF-8 form; a number is another key than any text."""
    one: list[Any] = ["é1", "é1".encode(), bytearray("é1".encode()), memoryview("é1".encode())]
    for key in one:
        assert limiter.try_acquire("é1", 0, now_ns=0).remaining == 2
        assert limiter.try_acquire(key, 2, now_ns=0)
        assert limiter.try_acquire("é1", 0, now_ns=0).remaining == 0
        limiter.forget("é1")
    others: list[Any] = ["", "1", 1, 0, 2**64 - 1, b"\x01\0\0\0\0\0\0\0", "x" * 2**20, "\0", "a\0b"]
    for key in others:
        assert limiter.try_acquire(key, 2, now_ns=0), key
        assert not limiter.try_acquire(key, now_ns=0)
    assert limiter.count_live_keys(now_ns=0) == len(others)


@pytest.mark.parametrize("verb", ["try_acquire", "refund", "forget", "_take"])
@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (None, TypeError, r"^key is None; it must be a str, bytes or an int"),
        (True, TypeError, r"^key is True; it must be a str, bytes or an int"),
        (1.0, TypeError, r"^key is 1.0; it must be a str, bytes or an int"),
        (("a", 1), TypeError, r"^key is \('a', 1\); it must be a str, bytes or an int"),
        (-1, ValueError, r"^key is -1; it must be 0 to 2\*\*64 - 1, or as bytes"),
        (2**64, ValueError, r"^key is 18446744073709551616; it must be 0 to 2\*\*64 - 1"),
        ("a\ud800", ValueError, r"^key is 'a\\ud800'; it must be a str that has a UTF-8 form"),
        (memoryview(b"abcd")[::2], ValueError, r"^key is <memory .*; it must be bytes that stand"),
    ],
)
def test_what_is_no_key_is_named(
    limiter: sw.KeyedLimiter, verb: str, key: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(limiter, verb)(key)


@pytest.mark.parametrize("verb", ["try_acquire", "refund"])
def test_counts_and_times_are_checked(limiter: sw.KeyedLimiter, verb: str) -> None:
    ask = getattr(limiter, verb)
    for value in (True, 1.0, "1", None):
        with pytest.raises(TypeError, match=r"^n is .+; it must be an int"):
            ask("ann", value, now_ns=0)
    for value in (-1, 2**63):
        with pytest.raises(ValueError, match=rf"^n is {value}; it must be 0 to 2\*\*63 - 1"):
            ask("ann", value, now_ns=0)
    with pytest.raises(TypeError, match=r"^now_ns is 1.5; it must be an int or None"):
        ask("ann", now_ns=1.5)
    with pytest.raises(ValueError, match=r"^now_ns is 9223372036854775808; it must be"):
        ask("ann", now_ns=2**63)
    with pytest.raises(TypeError, match=rf"^{verb}\(\) needs its argument 'key'"):
        ask()
    with pytest.raises(TypeError, match=rf"^{verb}\(\) has no argument 'm'"):
        ask("ann", m=1)
    assert limiter.count_live_keys(now_ns=0) == 0
    assert ask("ann", 2**63 - 1, now_ns=0) is None or verb == "try_acquire"


def test_what_is_given_back_can_be_taken(limiter: sw.KeyedLimiter) -> None:
    assert limiter.try_acquire("ann", 2, now_ns=0)
    assert limiter.refund("ann", now_ns=0) is None  # type: ignore[func-returns-value]
    assert limiter.try_acquire("ann", 0, now_ns=0).remaining == 1
    limiter.refund("ann", 2**63 - 1, now_ns=0)
    limiter.refund("bob", 7, now_ns=0)
    for key in ("ann", "bob"):
        assert limiter.try_acquire(key, 0, now_ns=0).remaining == 2


def test_keys_leave_when_they_are_as_good_as_new(limiter: sw.KeyedLimiter) -> None:
    for number in range(1000):
        assert limiter.try_acquire(number, now_ns=0)
    assert limiter.count_live_keys(now_ns=SECOND - MS) == 1000
    assert limiter.count_live_keys(now_ns=SECOND) == 0


@pytest.mark.parametrize("when_full", list(sw.KeyedLimiterWhenFull))
def test_a_full_table(when_full: sw.KeyedLimiterWhenFull) -> None:
    limiter = sw.KeyedLimiter(rate=1.0, max_keys=4, when_full=when_full, seed=3)
    cells = limiter.snapshot(now_ns=0).cells
    decisions = [limiter.try_acquire(number, now_ns=0) for number in range(3 * cells)]
    snapshot = limiter.snapshot(now_ns=0)
    assert limiter.count_live_keys(now_ns=0) == cells
    without = 2 * cells
    totals = (
        snapshot.total_evicted,
        snapshot.total_forgiven_tokens,
        snapshot.total_refused_without_cell,
        snapshot.total_admitted_without_cell,
    )
    if when_full == "refuse":
        refusals = [decision for decision in decisions if not decision]
        assert {decision.reason for decision in refusals} == {sw.KeyedLimiterRejection.TABLE_FULL}
        assert {decision.retry_after_ns for decision in refusals} == {SECOND}
        assert totals == (0, 0, without, 0)
    else:
        assert all(decisions)
        assert totals == ((without,) * 2 + (0, 0) if when_full == "evict" else (0, 0, 0, without))


@settings(max_examples=60, deadline=None)
@given(
    burst=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.sampled_from(["a", b"a", "b", 7]), st.integers(0, 5), st.integers(0, 3)),
        min_size=1,
        max_size=80,
    ),
)
def test_each_key_is_admitted_as_by_a_bucket(
    burst: int, steps: list[tuple[str | bytes | int, int, int]]
) -> None:
    limiter = sw.KeyedLimiter(rate=4.0, burst=burst)  # a token is a whole number of its units
    buckets = {key: sw.TokenBucket(rate=4.0, burst=burst) for key in ("a", "b", 7)}
    now = 10 * SECOND
    for key, n, quarters in steps:
        now += quarters * SECOND // 8
        bucket = buckets["a" if key == b"a" else key]  # type: ignore[index]
        ours, theirs = limiter.try_acquire(key, n, now), bucket.try_acquire(n, now)
        assert (bool(ours), ours.remaining) == (bool(theirs), theirs.remaining)
        assert ours.retry_after_ns == theirs.retry_after_ns


# ---- guarded functions


class Shop:
    def __init__(self, limiter: sw.KeyedLimiter) -> None:
        self.buy = limiter.by(lambda user, *_, **__: user)(self._buy)

    def _buy(self, user: str, what: str = "tea") -> str:
        return f"{what} for {user}"


def test_a_function_takes_one_of_its_key(
    clock: sw.testing.VirtualTime, limiter: sw.KeyedLimiter
) -> None:
    shop = Shop(limiter)
    assert shop.buy("ann") == "tea for ann"
    assert shop.buy("ann", what="milk") == "milk for ann"
    with pytest.raises(sw.RateLimited) as raised:
        shop.buy("ann")
    refusal = raised.value
    assert (refusal.policy, refusal.reason) == ("per_user", sw.KeyedLimiterRejection.EXHAUSTED)
    assert refusal.retry_after_ns == SECOND
    assert pickle.loads(pickle.dumps(refusal)).retry_after_ns == SECOND
    assert shop.buy("bob") == "tea for bob"
    clock.advance(1)
    assert shop.buy("ann") == "tea for ann"


def test_methods_of_all_kinds_are_guarded(
    clock: sw.testing.VirtualTime, limiter: sw.KeyedLimiter
) -> None:
    class Service:
        @limiter.by(lambda self, user: user)
        def one(self, user: str) -> str:
            return f"one {user}"

        @limiter.by(lambda cls, user: user)
        @classmethod
        def two(cls, user: str) -> str:
            return f"{cls.__name__} {user}"

        @limiter.by(lambda user: user)
        @staticmethod
        def three(user: str) -> str:
            """Its text."""
            return f"three {user}"

    service = Service()
    assert service.one("a") == "one a"
    assert Service.two("a") == "Service a"
    assert service.three("b") == "three b"
    assert Service.three.__doc__ == "Its text."
    for refused in (service.one, Service.two, Service.three):
        with pytest.raises(sw.RateLimited):
            refused("a")


def test_a_coroutine_takes_one_when_it_is_awaited(
    clock: sw.testing.VirtualTime, limiter: sw.KeyedLimiter
) -> None:
    @limiter.by(lambda user: user)
    async def fetch(user: str) -> str:
        return f"fetched for {user}"

    async def run() -> None:
        assert asyncio.iscoroutinefunction(fetch)
        waiting = fetch("ann")
        assert limiter.count_live_keys() == 0
        assert await waiting == "fetched for ann"
        assert await fetch("ann") == "fetched for ann"
        with pytest.raises(sw.RateLimited):
            await fetch("ann")

    asyncio.run(run())


def test_what_a_key_function_raises_goes_to_the_caller(limiter: sw.KeyedLimiter) -> None:
    ran: list[int] = []

    def fail(_: int) -> str:
        raise LookupError("who?")

    for key, error in ((fail, LookupError), (lambda _: None, TypeError)):
        with pytest.raises(error):
            limiter.by(key)(ran.append)(1)  # type: ignore[arg-type]
    assert ran == []


def test_without_a_key_nothing_can_be_guarded(limiter: sw.KeyedLimiter) -> None:
    with pytest.raises(TypeError, match=r"<KeyedLimiter 'per_user' .*@limiter.by\(key_function\)"):
        limiter(len)
    with pytest.raises(TypeError, match=r"limiter.by\(key_function\)"):
        limiter.call(len, "abc")
    with pytest.raises(TypeError, match="is not callable"):
        limiter.by("user")  # type: ignore[arg-type]

    def numbers() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="generator function"):
        limiter.by(lambda: "a")(numbers)


# ---- the rest


def test_a_dry_run_says_yes(clock: sw.testing.VirtualTime, limiter: sw.KeyedLimiter) -> None:
    limiter.reconfigure(dry_run=True)
    assert all(limiter.try_acquire("ann") for _ in range(5))
    snapshot = limiter.snapshot()
    assert (snapshot.total_admitted, snapshot.total_dry_run) == (2, 3)


def test_changes_and_a_fresh_start(clock: sw.testing.VirtualTime, limiter: sw.KeyedLimiter) -> None:
    """In virtual time it was given a seed, which does not count as a change."""
    limiter.reconfigure(when_full="refuse")
    assert limiter.options.when_full == "refuse"
    clock.advance(1e6)
    assert limiter.try_acquire("ann", 2)
    limiter.reset()
    assert limiter.count_live_keys() == 0
    assert limiter.try_acquire("ann", 2, now_ns=0)
    assert limiter.try_acquire("ann", now_ns=SECOND)
    assert repr(limiter) == "<KeyedLimiter 'per_user' 1/s, burst 2 for each key>"
    assert sw.registry.get(sw.KeyedLimiter, "per_user") is limiter
    sw.testing.reset()
    assert limiter.count_live_keys() == 0


def test_a_decision_outlives_its_limiter() -> None:
    decision = sw.KeyedLimiter(rate=1.0).try_acquire("ann", 2, now_ns=0)
    assert decision.reason == "exceeds_burst"
    assert decision.limit == 1


def test_threads_share_a_limiter_and_each_token_is_taken_once() -> None:
    limiter = sw.KeyedLimiter(rate=1e-3, burst=250)
    taken: list[int] = []

    def take() -> None:
        keys = ["a", "b", "c", "d"] * 125
        taken.append(sum(bool(limiter.try_acquire(key, now_ns=0)) for key in keys))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000
    snapshot = limiter.snapshot(now_ns=0)
    assert (snapshot.total_admitted, snapshot.total_refused) == (1000, 1000)
