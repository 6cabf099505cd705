"""Bulkhead: slots, priorities, and what becomes of permits. Nobody waits here; see
test_bulkhead_waits.py."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import pickle
import threading

import pytest
import spillway as sw


@pytest.fixture
def bulkhead() -> sw.Bulkhead:
    return sw.Bulkhead("reports", max_concurrent=1)


def in_flight(bulkhead: sw.Bulkhead) -> int:
    return bulkhead.snapshot().in_flight


def test_a_slot_is_taken_until_its_call_ends(bulkhead: sw.Bulkhead) -> None:
    permit = bulkhead.try_acquire()
    assert permit
    assert in_flight(bulkhead) == 1
    refused = bulkhead.try_acquire()
    assert not refused
    assert refused.reason is sw.BulkheadRejection.FULL
    assert (refused.retry_after, refused.retry_after_ns) == (0.0, 0)
    assert permit.settle(sw.Outcome.FAILURE)
    assert in_flight(bulkhead) == 0


@pytest.mark.parametrize("outcome", sw.Outcome)
def test_the_outcome_is_not_judged(bulkhead: sw.Bulkhead, outcome: sw.Outcome) -> None:
    for _ in range(3):
        permit = bulkhead.try_acquire()
        assert permit
        assert permit.settle(outcome)
    assert bulkhead.snapshot().total_admitted == 3


def test_every_way_of_calling_takes_a_slot_and_gives_it_back(bulkhead: sw.Bulkhead) -> None:
    seen: list[int] = []

    @bulkhead
    def call(fails: bool = False) -> int:
        seen.append(in_flight(bulkhead))
        if fails:
            raise ValueError("bad")
        return 3

    @bulkhead
    async def call_async() -> int:
        await asyncio.sleep(0)
        return call.__wrapped__()

    async def run() -> None:
        assert await call_async() == 3
        assert await bulkhead.call(call_async.__wrapped__) == 3
        async with bulkhead.acquire():
            seen.append(in_flight(bulkhead))

    assert call() == 3
    assert bulkhead.call(call.__wrapped__) == 3
    with pytest.raises(ValueError, match="bad"):
        call(fails=True)
    with bulkhead.acquire() as permit:
        assert not permit.settled
        seen.append(in_flight(bulkhead))
    asyncio.run(run())
    assert seen == [1] * 7
    assert in_flight(bulkhead) == 0


def test_a_refusal_is_an_exception_that_pickles(bulkhead: sw.Bulkhead) -> None:
    ran: list[int] = []
    call = bulkhead(lambda: ran.append(1))
    with bulkhead.acquire():
        for ask in (call, lambda: bulkhead.call(ran.append, 1), bulkhead.acquire().__enter__):
            with pytest.raises(sw.BulkheadFull) as raised:
                ask()
    assert ran == []
    refusal = raised.value
    assert isinstance(refusal, sw.Rejected)
    assert str(refusal) == "bulkhead 'reports' refused the call (full)"
    for again in (pickle.loads(pickle.dumps(refusal)), copy.copy(refusal)):
        assert type(again) is sw.BulkheadFull
        assert (again.reason, again.retry_after, again.policy) == ("full", 0.0, "reports")
        assert str(again) == str(refusal)


def test_a_slot_comes_back_once(bulkhead: sw.Bulkhead) -> None:
    """threading.Semaphore counts a second release as one more slot."""
    permit = bulkhead.try_acquire()
    assert permit
    assert [permit.settle(sw.Outcome.SUCCESS) for _ in range(3)] == [True, False, False]
    with bulkhead.acquire():
        assert not bulkhead.try_acquire()
    assert bulkhead.snapshot().total_misused == 2


def test_a_permit_that_is_collected_gives_its_slot_back(bulkhead: sw.Bulkhead) -> None:
    with pytest.warns(ResourceWarning, match="a permit of policy 'reports' was never settled"):
        bulkhead.try_acquire()
    assert in_flight(bulkhead) == 0


def test_a_block_that_was_not_entered_holds_nothing(bulkhead: sw.Bulkhead) -> None:
    bulkhead.acquire(timeout=1.0)
    assert in_flight(bulkhead) == 0


def test_lower_priorities_are_refused_first() -> None:
    bulkhead = sw.Bulkhead(max_concurrent=4, normal_share=0.75, sheddable_share=0.5)
    with contextlib.ExitStack() as held:
        answers = []
        for priority in ("sheddable", "normal", "critical"):
            one = bulkhead.with_priority(priority)
            while permit := one.try_acquire():
                held.callback(permit.settle, sw.Outcome.SUCCESS)
            answers.append((in_flight(bulkhead), str(permit.reason)))
    assert answers == [(2, "shed"), (3, "shed"), (4, "full")]
    got = bulkhead.snapshot()
    assert (got.total_refused_sheddable, got.total_refused_normal) == (1, 1)
    assert (got.total_refused_critical, got.total_shed, got.total_full) == (1, 2, 1)


def test_a_priority_goes_with_every_way_of_calling() -> None:
    bulkhead = sw.Bulkhead(sheddable_share=0.0)
    shed = bulkhead.with_priority(sw.Priority.SHEDDABLE)
    ran: list[str] = []

    @shed
    async def call_async() -> None:
        ran.append("async")

    async def enter() -> None:
        async with shed.acquire():
            ran.append("block")

    asks = [
        shed(lambda: ran.append("call")),
        lambda: shed.call(ran.append, "call"),
        shed.acquire().__enter__,
        lambda: asyncio.run(call_async()),
        lambda: asyncio.run(enter()),
    ]
    for ask in asks:
        with pytest.raises(sw.BulkheadFull, match="shed"):
            ask()
    assert not shed.try_acquire()
    assert ran == []
    assert bulkhead.snapshot().total_refused_sheddable == len(asks) + 1
    assert bulkhead.with_priority("normal").call(len, "ok") == 2


def test_a_priority_is_a_view_of_the_same_bulkhead() -> None:
    bulkhead = sw.Bulkhead("reports", max_concurrent=3)
    view = bulkhead.with_priority("critical").with_priority("sheddable")
    assert (view.name, type(view), repr(view)) == ("reports", sw.Bulkhead, repr(bulkhead))
    view.reconfigure(max_concurrent=8)
    assert view.options is bulkhead.options
    assert bulkhead.options.max_concurrent == 8
    assert view.snapshot() == bulkhead.snapshot()
    assert list(sw.registry) == [bulkhead]
    with pytest.raises(ValueError, match=r"^priority is 'low'; it must be one of normal, critical"):
        bulkhead.with_priority("low")


def test_reset_forgets_what_is_in_flight(bulkhead: sw.Bulkhead) -> None:
    permit = bulkhead.try_acquire()
    assert permit
    sw.testing.reset()
    assert in_flight(bulkhead) == 0
    assert permit.settle(sw.Outcome.SUCCESS) is False
    with bulkhead.acquire():
        assert not bulkhead.try_acquire()
    got = bulkhead.snapshot()
    assert (got.total_admitted, got.total_misused) == (1, 1)


def test_threads_share_the_slots() -> None:
    bulkhead = sw.Bulkhead(max_concurrent=3)
    most: list[int] = []

    def use() -> None:
        for _ in range(300):
            with contextlib.suppress(sw.BulkheadFull), bulkhead.acquire():
                most.append(in_flight(bulkhead))

    threads = [threading.Thread(target=use) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 3
    got = bulkhead.snapshot()
    assert (got.in_flight, got.total_misused) == (0, 0)
    assert got.total_admitted + got.total_full == 1500
