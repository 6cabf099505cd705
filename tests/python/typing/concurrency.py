"""Typical uses of the policies that limit what is in flight, for mypy and pyright; see usage.py.
Never run."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from enum import StrEnum
from typing import Any, assert_type

import spillway as sw

bulkhead = sw.Bulkhead("reports", max_concurrent=25, max_queue=10, max_wait=timedelta(seconds=1))
limiter = sw.AdaptiveLimiter("search", algorithm="vegas", on=(OSError,), window=0.5)
throttle = sw.ClientThrottle(
    "stock", k=2, window=120, classify=lambda _, error: sw.Outcome.IGNORED if error else None
)


@bulkhead
def render(page: int, *, fast: bool = False) -> str:
    return f"{page} {fast}"


@bulkhead.with_priority("sheddable")
async def render_ahead(page: int) -> bytes:
    return bytes(page)


@limiter
def search(text: str) -> int:
    return len(text)


@throttle.with_priority(sw.Priority.CRITICAL)
def count(item: str) -> int:
    return len(item)


def decorated() -> None:
    assert_type(render(3, fast=True), str)
    render("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(search("fish"), int)
    assert_type(count("fish"), int)
    assert_type(bulkhead.with_priority("critical").call(render, 3), str)
    bulkhead.call(render)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def entered() -> None:
    waiting: Coroutine[Any, Any, bytes] = render_ahead(3)
    assert_type(await waiting, bytes)
    with bulkhead.acquire(timeout=0.5) as permit:
        assert_type(permit, sw.Permit)
    async with bulkhead.acquire(timedelta(seconds=1)) as permit:
        assert_type(permit.settle(sw.Outcome.SUCCESS), bool)
    async with limiter.acquire(), throttle.acquire():
        pass
    bulkhead.acquire("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    limiter.acquire(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def asked() -> None:
    answer = bulkhead.try_acquire()
    assert_type(answer, sw.Permit | sw.Rejection)
    if not answer:
        assert_type(answer, sw.Rejection)
        assert_type(answer.reason, StrEnum)
    assert_type(throttle.with_priority("normal"), sw.ClientThrottle)


def inspected() -> None:
    assert_type(bulkhead.options, sw.BulkheadOptions)
    assert_type(limiter.options, sw.AdaptiveLimiterOptions)
    assert_type(throttle.options.as_dict(), dict[str, Any])
    assert_type(bulkhead.snapshot().in_flight, int)
    assert_type(limiter.limit, int)
    assert_type(throttle.snapshot().rejection_rate, float | None)
    assert_type(sw.registry.get(sw.Bulkhead, "reports"), sw.Bulkhead | None)
    bulkhead.reconfigure(max_concurrent=5)


def refused() -> None:
    try:
        render(3)
    except (sw.BulkheadFull, sw.ConcurrencyLimited, sw.Throttled) as refusal:
        assert_type(refusal.retry_after, float)
        assert_type(refusal.policy, str | None)
