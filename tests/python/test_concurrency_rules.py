"""ClientThrottle and AdaptiveLimiter: every way of calling, and what a call counts as."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import spillway as sw

Policy = sw.ClientThrottle | sw.AdaptiveLimiter
Make = Callable[..., Policy]


def open_throttle(**options: Any) -> sw.ClientThrottle:
    """Counts and refuses nothing."""
    return sw.ClientThrottle(max_rejection=0.0, **options)


MAKES = pytest.mark.parametrize("make", [open_throttle, sw.AdaptiveLimiter])


def outcomes(policy: Policy) -> tuple[int, int, int]:
    """Successes, failures and ignored calls."""
    got: Any = policy.snapshot()
    good = got.total_accepted if isinstance(policy, sw.ClientThrottle) else got.total_succeeded
    return good, got.total_failed, got.total_ignored


class BadError(Exception):
    pass


class MineError(Exception):
    pass


@MAKES
def test_every_way_of_calling_is_counted(make: Make) -> None:
    policy = make()

    @policy
    def call(error: Exception | None = None) -> str:
        if error is not None:
            raise error
        return "done"

    @policy
    async def call_async(error: Exception | None = None) -> str:
        await asyncio.sleep(0)
        return call.__wrapped__(error)

    async def run() -> None:
        assert await call_async() == "done"
        assert await policy.call(call_async.__wrapped__) == "done"
        with pytest.raises(BadError):
            await call_async(BadError())
        async with policy.acquire():
            pass

    assert call() == "done"
    assert policy.call(call.__wrapped__) == "done"
    with pytest.raises(BadError):
        call(BadError())
    with pytest.raises(BadError), policy.acquire():
        raise BadError
    asyncio.run(run())
    permit = policy.try_acquire()
    assert permit
    assert permit.settle(sw.Outcome.SUCCESS)
    assert outcomes(policy) == (6, 3, 0)


@MAKES
def test_the_rules_are_those_of_the_breaker(make: Make) -> None:
    policy = make(
        on=(BadError, KeyError),
        ignore=(KeyError,),
        on_result=lambda result: result == "bad",
        classify=lambda _, error: sw.Outcome.FAILURE if isinstance(error, MineError) else None,
    )

    def end(result: object = None, error: BaseException | None = None) -> object:
        if error is not None:
            raise error
        return result

    for case, expected in (
        ({}, (1, 0, 0)),
        ({"result": "bad"}, (1, 1, 0)),
        ({"error": BadError()}, (1, 2, 0)),
        ({"error": KeyError()}, (1, 2, 1)),
        ({"error": ValueError()}, (1, 2, 2)),
        ({"error": MineError()}, (1, 3, 2)),
        ({"error": KeyboardInterrupt()}, (1, 3, 3)),
    ):
        with contextlib.suppress(BaseException):
            policy.call(end, **case)
        assert outcomes(policy) == expected


@MAKES
def test_a_cancelled_call_is_ignored(make: Make) -> None:
    policy = make()

    @policy
    async def call() -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        task = asyncio.create_task(call())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())
    assert outcomes(policy) == (0, 0, 1)


@MAKES
def test_a_permit_that_is_collected_is_ignored(make: Make) -> None:
    policy = make()
    with pytest.warns(ResourceWarning, match="it counts as ignored"):
        policy.try_acquire()
    assert outcomes(policy) == (0, 0, 1)


@MAKES
def test_reset(make: Make) -> None:
    policy = make()
    permit = policy.try_acquire()
    assert permit
    policy.call(print, end="")
    policy.reset()
    assert outcomes(policy) == (0, 0, 0)
    assert permit.settle(sw.Outcome.SUCCESS) is False
    assert policy.snapshot().total_misused == 1
    policy.call(print, end="")
    assert outcomes(policy) == (1, 0, 0)


@pytest.mark.parametrize(
    ("policy", "error", "said"),
    [
        (
            lambda: sw.ClientThrottle("stock", max_rejection=1.0, min_calls=1, k=1.0,
                                      sheddable_k=1.0),
            sw.Throttled,
            "client throttle 'stock' refused the call (throttled)",
        ),
        (
            lambda: sw.AdaptiveLimiter("stock", initial_limit=1),
            sw.ConcurrencyLimited,
            "adaptive limiter 'stock' refused the call (limited)",
        ),
    ],
    ids=["client throttle", "adaptive limiter"],
)  # fmt: skip
def test_a_refusal_is_an_exception_that_pickles(
    policy: Callable[[], Policy], error: type[sw.Rejected], said: str
) -> None:
    refusing = policy()
    held: list[sw.Permit] = []
    while permit := refusing.try_acquire():
        held.append(permit)
    ran: list[int] = []

    async def run() -> None:
        async with refusing.acquire():
            ran.append(1)

    asks = [lambda: refusing.call(ran.append, 1), lambda: refusing.acquire().__enter__()]
    asks += [refusing(lambda: ran.append(1)), lambda: asyncio.run(run())]
    refused = []
    for ask in asks * 50:  # a throttle refuses by chance, and nearly always here
        try:
            entered = ask()
        except error as refusal:
            refused.append(refusal)
        else:
            if entered is not None:
                held.append(entered)
    assert len(refused) > 100
    refusal = refused[0]
    assert isinstance(refusal, sw.Rejected)
    assert str(refusal) == said
    for again in (pickle.loads(pickle.dumps(refusal)), copy.copy(refusal)):
        assert type(again) is error
        assert (again.reason, again.retry_after, again.policy) == (refusal.reason, 0.0, "stock")
    for one in held:
        one.settle(sw.Outcome.IGNORED)
    gc.collect()


def test_the_throttle_refuses_what_matters_less_first() -> None:
    """SRE's formula, for each class with its k: 1000 asked for, 500 accepted."""
    throttle = sw.ClientThrottle(max_rejection=0.0, seed=7)
    for _ in range(500):
        for outcome in (sw.Outcome.SUCCESS, sw.Outcome.FAILURE):
            permit = throttle.try_acquire(now_ns=0)
            assert permit
            permit.settle(outcome, now_ns=0)
    assert throttle.snapshot(now_ns=0).rejection_rate == 0.0
    throttle.reconfigure(max_rejection=1.0)
    refused = {}
    for priority in ("sheddable", "normal", "critical"):
        one = throttle.with_priority(priority)
        answers = [one.try_acquire(now_ns=0) for _ in range(200)]
        refused[priority] = sum(not answer for answer in answers)
        for answer in answers:
            if answer:
                answer.settle(sw.Outcome.SUCCESS, now_ns=0)
    got = throttle.snapshot(now_ns=0)
    assert refused["sheddable"] > refused["normal"] >= refused["critical"] == 0
    assert got.total_throttled_sheddable == refused["sheddable"] > 20
    assert got.total_throttled_critical == 0


def test_the_limit_falls_when_calls_are_dropped() -> None:
    limiter = sw.AdaptiveLimiter(algorithm="aimd", initial_limit=100)
    for now in range(200):
        permit = limiter.try_acquire(now_ns=now * 10**8)
        assert permit
        permit.settle(sw.Outcome.FAILURE, now_ns=now * 10**8 + 10**6)
    assert limiter.limit < 50
    with contextlib.ExitStack() as held:
        for _ in range(limiter.limit):
            held.enter_context(limiter.acquire())
        refused = limiter.try_acquire()
        assert not refused
        assert refused.reason is sw.AdaptiveLimiterRejection.LIMITED
    assert limiter.snapshot().in_flight == 0
