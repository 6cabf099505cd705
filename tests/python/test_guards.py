"""breaker.acquire(): one permit for one block."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import spillway as sw


@pytest.fixture
def breaker() -> sw.CircuitBreaker:
    return sw.CircuitBreaker(window=sw.Consecutive(1), jitter=0.0)


def test_a_block_that_ends_is_a_success(breaker: sw.CircuitBreaker) -> None:
    with breaker.acquire() as permit:
        assert isinstance(permit, sw.Permit)
        assert not permit.settled
    assert permit.settled
    assert breaker.snapshot().total_successes == 1


@pytest.mark.parametrize("outcome", sw.Outcome)
def test_a_permit_that_was_settled_by_hand_is_left_alone(
    breaker: sw.CircuitBreaker, outcome: sw.Outcome
) -> None:
    with contextlib.suppress(ValueError), breaker.acquire() as permit:
        assert permit.settle(outcome) is True
        raise ValueError
    got = breaker.snapshot()
    assert got.total_misused == 0
    counts = (got.total_successes, got.total_failures, got.total_ignored)
    assert counts == tuple(int(one is outcome) for one in sw.Outcome)


def test_a_refused_block_does_not_run(breaker: sw.CircuitBreaker) -> None:
    breaker.force_open()
    with pytest.raises(sw.CircuitOpen), breaker.acquire():
        pytest.fail("the block ran")

    async def run() -> None:
        async with breaker.acquire():
            pytest.fail("the block ran")

    with pytest.raises(sw.CircuitOpen):
        asyncio.run(run())


def test_nothing_is_asked_before_the_block_begins(breaker: sw.CircuitBreaker) -> None:
    guard = breaker.acquire()
    breaker.force_open()
    with pytest.raises(sw.CircuitOpen), guard:
        pytest.fail("the block ran")
    breaker.reset()
    with guard:  # a guard that was refused may ask again
        pass
    assert breaker.snapshot().total_successes == 1


def test_a_guard_serves_one_block(breaker: sw.CircuitBreaker) -> None:
    guard = breaker.acquire()
    with guard, pytest.raises(RuntimeError, match=r"one block; call acquire\(\) again"), guard:
        pytest.fail("the block ran")
    with pytest.raises(RuntimeError, match="one block"), guard:
        pytest.fail("the block ran")
    assert breaker.snapshot().total_successes == 1


def test_a_guard_is_left_by_its_block(breaker: sw.CircuitBreaker) -> None:
    with pytest.raises(RuntimeError, match="left by the `with` block"):
        breaker.acquire().__exit__(None, None, None)


def test_guards_of_one_breaker_are_apart(breaker: sw.CircuitBreaker) -> None:
    with contextlib.ExitStack() as stack:
        permits = [stack.enter_context(breaker.acquire()) for _ in range(3)]
        assert len({id(permit) for permit in permits}) == 3
    assert breaker.snapshot().total_successes == 3


def test_async_blocks_overlap(breaker: sw.CircuitBreaker) -> None:
    async def one() -> sw.Permit:
        async with breaker.acquire() as permit:
            await asyncio.sleep(0)
            return permit

    async def run() -> list[sw.Permit]:
        return await asyncio.gather(*(one() for _ in range(5)))

    assert len(set(asyncio.run(run()))) == 5
    assert breaker.snapshot().total_successes == 5


def test_an_async_block_that_fails(breaker: sw.CircuitBreaker) -> None:
    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(breaker.acquire())
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        asyncio.run(run())
    assert breaker.state == "open"


def test_what_async_with_awaits_works_in_any_loop(breaker: sw.CircuitBreaker) -> None:
    """By hand, as an event loop of any library does."""

    async def run() -> str:
        async with breaker.acquire() as permit:
            return repr(permit)

    with pytest.raises(StopIteration) as stopped:
        run().send(None)
    assert stopped.value.value == "<Permit of None>"
    iterator = breaker.acquire().__aenter__().__await__()
    with pytest.raises(StopIteration) as stopped:
        next(iterator)
    permit = stopped.value.value
    assert isinstance(permit, sw.Permit)
    permit.settle(sw.Outcome.SUCCESS)
