"""What every test of the Python package leaves behind: nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import spillway as sw
from breakers import SECOND


@pytest.fixture(autouse=True)
def _leave_nothing() -> Iterator[None]:
    if len(sw.registry) > 0:
        gc.collect()  # pytest kept them longer than their test; now their names are free
    yield
    sw.testing.reset()


@pytest.fixture
def clock() -> Iterator[sw.testing.VirtualTime]:
    with sw.testing.virtual_time() as clock:
        yield clock


@pytest.fixture
def tripped() -> sw.CircuitBreaker:
    """An open breaker, at time 0, that admits a probe at 5 s."""
    breaker = sw.CircuitBreaker(window=sw.Consecutive(1), open_for=5.0, jitter=0.0)
    permit = breaker.try_acquire(now_ns=0)
    assert permit
    assert permit.settle(sw.Outcome.FAILURE, now_ns=0)
    rejection = breaker.try_acquire(now_ns=0)
    assert not rejection
    assert rejection.retry_after_ns == 5 * SECOND
    return breaker
