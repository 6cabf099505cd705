"""Typical uses, for mypy and pyright: a guarded function keeps its types, and answers have theirs.

Never run. What must be refused is marked; an unused mark is an error too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Literal, assert_type

import spillway as sw

breaker = sw.CircuitBreaker(
    "payments",
    window=sw.TimeWindow(10.0, buckets=10),
    failure_rate=0.5,
    slow_call=None,
    open_for=timedelta(seconds=5),
    on=(OSError, ValueError),
    ignore=(KeyError,),
    on_result=lambda response: response is None,
    classify=lambda result, error: sw.Outcome.IGNORED if error else None,
)


@breaker
def charge(amount: int, *, currency: str = "EUR") -> str:
    return f"{amount} {currency}"


@breaker
async def refund(amount: int) -> bytes:
    return bytes(amount)


class Client:
    @breaker
    def get(self, url: str) -> int:
        return len(url)

    @breaker
    async def get_async(self, url: str) -> int:
        return len(url)

    @breaker
    @classmethod
    def make(cls, url: str) -> Client:
        return cls()

    @classmethod
    @breaker
    def make_inside(cls, url: str) -> Client:
        return cls()

    @breaker
    @staticmethod
    def parse(text: str) -> float:
        return float(text)


def decorated() -> None:
    assert_type(charge(3), str)
    assert_type(charge(3, currency="USD"), str)
    charge("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    charge(3, colour=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client = Client()
    assert_type(client.get("/"), int)
    client.get(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(Client.make("/"), Client)
    assert_type(Client.make_inside("/"), Client)
    assert_type(client.parse("3"), float)
    assert_type(breaker(len)("abc"), int)
    again: Callable[[int], str] = breaker(str)
    assert_type(again(3), str)


async def decorated_async() -> None:
    waiting: Coroutine[Any, Any, bytes] = refund(3)
    assert_type(await waiting, bytes)
    assert_type(await refund(3), bytes)
    assert_type(await Client().get_async("/"), int)
    await refund("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def called() -> None:
    assert_type(breaker.call(charge, 3, currency="USD"), str)
    assert_type(await breaker.call(refund, 3), bytes)
    breaker.call(charge)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def guarded() -> None:
    with breaker.acquire() as permit:
        assert_type(permit, sw.Permit)
    # A block never swallows what is raised in it, so this value is always bound.
    with breaker.acquire():
        total = charge(3)
    assert_type(total, str)
    async with breaker.acquire() as permit:
        assert_type(permit.settle(sw.Outcome.SUCCESS), bool)


def by_hand() -> float:
    answer = breaker.try_acquire(now_ns=3)
    assert_type(answer, sw.Permit | sw.Rejection)
    if not answer:
        assert_type(answer, sw.Rejection)
        return answer.retry_after
    assert_type(answer, sw.Permit)
    answer.settle(sw.Outcome.FAILURE, now_ns=4)
    answer.settle("failure")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return 0.0


def inspected() -> None:
    assert_type(breaker.name, str | None)
    assert_type(breaker.state, sw.State)
    assert_type(breaker.options, sw.CircuitBreakerOptions)
    assert_type(breaker.snapshot().failure_rate, float | None)
    assert_type(breaker.snapshot().as_dict(), dict[str, Any])
    assert_type(breaker.events(), list[sw.Event])
    assert_type(sw.events(since=3), list[sw.Event])
    assert_type(sw.registry.get(sw.CircuitBreaker, "payments"), sw.CircuitBreaker | None)
    unsubscribe = sw.on_event(lambda event: print(event.new))
    assert_type(unsubscribe(), None)
    breaker.reconfigure(probes=3)
    assert_type(breaker.force_open(), bool)
    scope: Literal["process"] = breaker.options.scope
    sw.CircuitBreaker(scope=scope)
    sw.CircuitBreaker(scope="host")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    sw.CircuitBreaker("payments", sw.KOfN(3, 5))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def refused() -> None:
    try:
        charge(3)
    except sw.CircuitOpen as refusal:
        assert_type(refusal.retry_after, float)
        assert_type(refusal.retry_after_ns, int)
        assert_type(refusal.policy, str | None)


def tested() -> None:
    with sw.testing.virtual_time(seed=1) as time:
        time.advance(timedelta(seconds=5))
        assert_type(time.now_ns, int)
        assert_type(time.slept, list[float])
    sw.testing.reset()
