"""try_acquire() and settle() by hand."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import sys
import threading
import weakref
from fractions import Fraction
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND
from hypothesis import given
from hypothesis import strategies as st


def test_a_permit_is_true_and_settles_once(tripped: sw.CircuitBreaker) -> None:
    probe = tripped.try_acquire(now_ns=5 * SECOND)
    assert probe
    assert repr(probe) == "<Permit of None>"
    assert probe.settled is False
    assert probe.settle(sw.Outcome.SUCCESS, 6 * SECOND) is True
    assert probe.settled is True
    assert repr(probe) == "<Permit of None, settled>"
    assert probe.settle(sw.Outcome.FAILURE, now_ns=6 * SECOND) is False
    assert tripped.state == "closed"
    assert tripped.snapshot(now_ns=6 * SECOND).total_misused == 1


def test_a_stale_permit_changes_only_a_counter(tripped: sw.CircuitBreaker) -> None:
    probe = tripped.try_acquire(now_ns=5 * SECOND)
    assert probe
    tripped.reset(now_ns=5 * SECOND)
    assert probe.settle(sw.Outcome.FAILURE, now_ns=6 * SECOND) is False
    assert tripped.state == "closed"
    assert tripped.snapshot(now_ns=6 * SECOND).total_stale == 1


def test_a_rejection_is_false_and_says_when(tripped: sw.CircuitBreaker) -> None:
    rejection = tripped.try_acquire(now_ns=1)
    assert not rejection
    assert rejection.reason is sw.CircuitBreakerRejection.OPEN
    assert rejection.retry_after_ns == 5 * SECOND - 1
    assert rejection.retry_after == pytest.approx(4.999999999, rel=1e-15)
    assert repr(rejection) == "<Rejection by None: open, retry after 4999999999 ns>"


@given(st.integers(1, 86400 * SECOND))
def test_retry_after_in_seconds_is_rounded_up(ns: int) -> None:
    breaker = sw.CircuitBreaker(window=sw.Consecutive(1), open_for=86400, max_open=86400, jitter=0)
    permit = breaker.try_acquire(now_ns=0)
    assert permit
    permit.settle(sw.Outcome.FAILURE, now_ns=0)
    rejection = breaker.try_acquire(now_ns=86400 * SECOND - ns)
    assert not rejection
    assert rejection.retry_after_ns == ns
    assert ns <= Fraction(rejection.retry_after) * SECOND < ns + Fraction(1, 16)


@pytest.mark.parametrize("now", ["0", 1.0, True, object()], ids=repr)
def test_now_is_an_int(now: Any) -> None:
    breaker = sw.CircuitBreaker()
    permit = breaker.try_acquire(now_ns=None)
    assert permit
    uses = [breaker.try_acquire, breaker.snapshot, breaker.reset, breaker.force_open]
    for use in [*uses, lambda now_ns: permit.settle(sw.Outcome.SUCCESS, now_ns)]:
        with pytest.raises(TypeError, match=r"now_ns is .+; it must be an int or None"):
            use(now_ns=now)
    assert permit.settle(sw.Outcome.SUCCESS)


@pytest.mark.parametrize("now", [2**63, -(2**63) - 1, 10**30])
def test_now_has_64_bits(now: int) -> None:
    with pytest.raises(ValueError, match=r"now_ns is -?\d+; it must be -2\*\*63 to 2\*\*63 - 1"):
        sw.CircuitBreaker().try_acquire(now_ns=now)


@pytest.mark.parametrize("now", [-(2**63), -1, 0, 2**63 - 1])
def test_any_time_of_64_bits_is_good(now: int) -> None:
    breaker = sw.CircuitBreaker(window=sw.Consecutive(1))
    permit = breaker.try_acquire(now_ns=now)
    assert permit
    assert permit.settle(sw.Outcome.FAILURE, now_ns=now)
    assert breaker.events()[0].time_ns == max(now, 0)
    if now < 2**63 - 1:  # the end of time, where each deadline has come
        assert not breaker.try_acquire(now_ns=now)


@pytest.mark.parametrize("outcome", ["success", 0, True, None, sw.State.CLOSED], ids=repr)
def test_an_outcome_is_a_member(outcome: Any) -> None:
    breaker = sw.CircuitBreaker()
    permit = breaker.try_acquire()
    assert permit
    with pytest.raises(TypeError, match=r"outcome is .+; it must be a member of spillway\.Outcome"):
        permit.settle(outcome)
    assert not permit.settled
    assert permit.settle(sw.Outcome.SUCCESS)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1, 2), {}, r"try_acquire\(\) takes at most 1 arguments, not 2"),
        ((), {"now": 1}, r"try_acquire\(\) has no argument 'now'"),
        ((1,), {"now_ns": 1}, r"try_acquire\(\) got its argument 'now_ns' twice"),
    ],
)
def test_arguments_of_try_acquire(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sw.CircuitBreaker().try_acquire(*args, **kwargs)


def test_arguments_of_settle() -> None:
    permit: Any = sw.CircuitBreaker().try_acquire()
    with pytest.raises(TypeError, match=r"settle\(\) needs its argument 'outcome'"):
        permit.settle(now_ns=3)
    assert permit.settle(now_ns=3, outcome=sw.Outcome.SUCCESS)


@pytest.mark.parametrize("use", [copy.copy, pickle.dumps, lambda one: type(one)()])
def test_permits_and_rejections_are_not_made_by_hand(use: Any) -> None:
    breaker = sw.CircuitBreaker()
    with breaker.acquire() as permit:
        breaker.force_open()
        for thing in (permit, breaker.try_acquire(), breaker.acquire()):
            with pytest.raises(TypeError, match=r"cannot (pickle|create)"):
                use(thing)


# ---- permits and the collector


def test_a_permit_that_is_lost_is_given_back_with_a_warning(tripped: sw.CircuitBreaker) -> None:
    probe = tripped.try_acquire(now_ns=5 * SECOND)
    assert probe
    assert not tripped.try_acquire(now_ns=5 * SECOND)
    with pytest.warns(ResourceWarning, match="a permit of policy None was never settled"):
        del probe
    got = tripped.snapshot(now_ns=5 * SECOND)
    assert (got.total_ignored, got.probes_issued) == (1, 0)
    with contextlib.closing(contextlib.ExitStack()) as stack:
        probe = tripped.try_acquire(now_ns=5 * SECOND)  # its slot is free again
        assert probe
        stack.callback(probe.settle, sw.Outcome.SUCCESS, now_ns=5 * SECOND)
    assert tripped.state == "closed"


def test_a_permit_that_is_lost_in_a_cycle() -> None:
    breaker = sw.CircuitBreaker()
    permit = breaker.try_acquire()
    cycle: list[Any] = [permit, breaker]
    cycle.append(cycle)
    found = weakref.ref(breaker)
    del permit, breaker, cycle
    with pytest.warns(ResourceWarning, match="never settled"):
        gc.collect()
    assert found() is None


def test_a_warning_that_is_an_error_does_not_break_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    breaker = sw.CircuitBreaker()
    breaker.try_acquire()  # warnings are errors in these tests
    assert [one.exc_type for one in seen] == [ResourceWarning]
    assert breaker.snapshot().total_ignored == 1


def test_a_permit_keeps_its_breaker_alive() -> None:
    breaker = sw.CircuitBreaker("payments")
    permit = breaker.try_acquire()
    assert permit
    del breaker
    gc.collect()
    assert sw.registry.get(sw.CircuitBreaker, "payments") is not None
    assert permit.settle(sw.Outcome.SUCCESS)
    del permit
    assert sw.registry.get(sw.CircuitBreaker, "payments") is None


def test_a_breaker_in_a_cycle_with_its_callbacks_is_collected() -> None:
    def make() -> weakref.ref[sw.CircuitBreaker]:
        breaker = sw.CircuitBreaker(
            on_result=lambda _: breaker.state == "open", classify=lambda result, error: None
        )
        breaker.call(breaker(lambda: 3))
        return weakref.ref(breaker)

    found = make()
    assert found() is not None
    gc.collect()
    assert found() is None


def test_no_reference_is_lost_or_kept() -> None:
    breaker = sw.CircuitBreaker(min_calls=10_000_000)
    thing = object()

    @breaker
    def work(value: object) -> object:
        return value

    @breaker
    def fail(value: object) -> object:
        raise ValueError(value)

    def use() -> None:
        work(thing)
        breaker.call(work, thing)
        with contextlib.suppress(ValueError):
            fail(thing)
        with breaker.acquire() as permit:
            permit.settle_result(thing)
        with contextlib.suppress(ValueError), breaker.acquire():
            raise ValueError(thing)
        breaker.force_open()
        with contextlib.suppress(sw.CircuitOpen):
            work(thing)
        breaker.try_acquire()
        breaker.reset()

    watched = (thing, breaker, work, sw.Outcome.SUCCESS, sw.CircuitOpen, None)
    use()
    gc.collect()
    before = [sys.getrefcount(one) for one in watched]
    for _ in range(200):
        use()
    gc.collect()
    after = [sys.getrefcount(one) for one in watched]
    assert all(abs(new - old) < 50 for old, new in zip(before, after, strict=True)), (before, after)


# ---- threads


def test_threads_share_a_breaker() -> None:
    """Each thread makes calls in every way; each call is counted once."""
    breaker = sw.CircuitBreaker(window=sw.TimeWindow(3600.0), min_calls=10_000_000, slow_call=None)
    threads, rounds = 8, 400
    start = threading.Barrier(threads)
    work = breaker(lambda value: value)
    errors: list[BaseException] = []

    def use() -> None:
        try:
            start.wait()
            for number in range(rounds):
                assert work(number) == number
                with breaker.acquire():
                    pass
                permit = breaker.try_acquire()
                assert permit
                permit.settle(sw.Outcome.FAILURE if number % 2 else sw.Outcome.IGNORED)
                breaker.snapshot()
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=use) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert errors == []
    got = breaker.snapshot()
    assert got.total_successes == 2 * threads * rounds
    assert got.total_failures == got.total_ignored == threads * rounds // 2


def test_one_permit_settled_by_many_threads_counts_once() -> None:
    breaker = sw.CircuitBreaker()
    for _ in range(50):
        permit = breaker.try_acquire()
        assert permit
        answers: list[bool] = []
        start = threading.Barrier(4)

        def settle(one: sw.Permit, start: threading.Barrier, answers: list[bool]) -> None:
            start.wait()
            answers.append(one.settle(sw.Outcome.SUCCESS))

        running = [threading.Thread(target=settle, args=(permit, start, answers)) for _ in range(4)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert sorted(answers) == [False, False, False, True]
    got = breaker.snapshot()
    assert (got.total_successes, got.total_misused) == (50, 150)


def test_a_permit_settles_in_another_thread() -> None:
    breaker = sw.CircuitBreaker()
    permit = breaker.try_acquire()
    assert permit
    thread = threading.Thread(target=permit.settle, args=(sw.Outcome.SUCCESS,))
    thread.start()
    thread.join()
    assert permit.settled
    assert breaker.snapshot().total_successes == 1
