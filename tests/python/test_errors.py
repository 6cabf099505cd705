"""The exceptions: what they say, and that they survive pickling and copying."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND


@pytest.fixture
def refusal(tripped: sw.CircuitBreaker) -> sw.CircuitOpen:
    breaker = sw.CircuitBreaker("payments")
    breaker.force_open()
    with pytest.raises(sw.CircuitOpen) as raised:
        breaker.call(print, "not printed")
    return raised.value


def test_the_family() -> None:
    assert sw.CircuitOpen.__mro__[:4] == (sw.CircuitOpen, sw.Rejected, sw.SpillwayError, Exception)


def test_what_it_says(refusal: sw.CircuitOpen) -> None:
    assert refusal.reason is sw.CircuitBreakerRejection.FORCED_OPEN
    assert (refusal.retry_after, refusal.retry_after_ns) == (5.0, 5 * SECOND)
    assert refusal.policy == "payments"
    text = "circuit breaker 'payments' refused the call (forced_open); retry after 5.000 s"
    assert str(refusal) == text


def test_without_a_name() -> None:
    refusal = sw.CircuitOpen(sw.CircuitBreakerRejection.OPEN, 1.5, None)
    assert str(refusal) == "circuit breaker refused the call (open); retry after 1.500 s"
    assert refusal.retry_after_ns == 1_500_000_000


@pytest.mark.parametrize(
    "duplicate", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy]
)
def test_it_pickles_and_copies_with_its_attributes(refusal: sw.CircuitOpen, duplicate: Any) -> None:
    refusal.add_note("seen by the worker")
    again = duplicate(refusal)
    assert type(again) is sw.CircuitOpen
    for name in ("reason", "retry_after", "retry_after_ns", "policy", "__notes__"):
        assert getattr(again, name) == getattr(refusal, name)
    assert str(again) == str(refusal)


def test_a_refusal_is_not_a_failure_of_the_callee() -> None:
    """A breaker around a guarded function does not open because the inner one is open."""
    inner = sw.CircuitBreaker(window=sw.Consecutive(1))
    outer = sw.CircuitBreaker(window=sw.Consecutive(1), ignore=(sw.Rejected,))
    inner.force_open()
    with pytest.raises(sw.CircuitOpen):
        outer.call(inner.call, print)
    assert outer.state == "closed"
