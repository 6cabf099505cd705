"""Typical uses of a limiter, for mypy and pyright; see usage.py. Never run."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from enum import StrEnum
from typing import Any, assert_type

import spillway as sw

bucket = sw.TokenBucket("api", rate=100, burst=20, initial_tokens=None, dry_run=False)


@bucket
def fetch(number: int, *, fast: bool = False) -> str:
    return f"{number} {fast}"


@bucket
async def fetch_async(number: int) -> bytes:
    return bytes(number)


def decorated() -> None:
    assert_type(fetch(3, fast=True), str)
    fetch("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(bucket.call(fetch, 3), str)
    bucket.call(fetch)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def decorated_async() -> None:
    waiting: Coroutine[Any, Any, bytes] = fetch_async(3)
    assert_type(await waiting, bytes)


def asked() -> None:
    decision = bucket.try_acquire(3, now_ns=0)
    assert_type(decision, sw.Decision)
    assert_type(decision.reason, StrEnum | None)
    assert_type(decision.remaining, int)
    assert_type(decision.limit, int)
    assert_type(decision.retry_after, float)
    assert_type(decision.retry_after_ns, int | None)
    assert_type(decision.reset_after, float)
    assert_type(decision.reset_after_ns, int | None)
    assert_type(bucket.peek(), sw.Decision)
    assert_type(bucket.acquire_up_to(5), int)
    assert_type(bucket.force_acquire(5), sw.Decision)
    bucket.refund(n=2)
    bucket.try_acquire(1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def reserved() -> float:
    reservation = bucket.reserve(max_wait=timedelta(seconds=1))
    assert_type(reservation, sw.Reservation | None)
    if reservation is None:
        return 0.0
    assert_type(reservation.delay_ns, int)
    assert_type(reservation.act_at_ns, int)
    assert_type(reservation.cancel(), bool)
    return reservation.delay


async def waited() -> None:
    bucket.acquire(2, timeout=0.5)
    await bucket.acquire_async(timeout=timedelta(seconds=1))
    with bucket as decision:
        assert_type(decision, sw.Decision)
    async with bucket as decision:
        assert_type(decision, sw.Decision)
    # A block never swallows what is raised in it, so this value is always bound.
    with bucket:
        text = fetch(3)
    assert_type(text, str)


def inspected() -> None:
    assert_type(bucket.name, str | None)
    assert_type(bucket.options, sw.TokenBucketOptions)
    assert_type(bucket.options.as_dict(), dict[str, Any])
    assert_type(bucket.snapshot(), sw.TokenBucketSnapshot)
    assert_type(sw.registry.get(sw.TokenBucket, "api"), sw.TokenBucket | None)
    bucket.reconfigure("proportional", rate=5.0)
    bucket.reconfigure(sw.Inheritance.RESET, burst=5)
    sw.TokenBucket()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def refused() -> None:
    try:
        fetch(3)
    except sw.RateLimited as refusal:
        assert_type(refusal.retry_after, float)
        assert_type(refusal.retry_after_ns, int | None)
        assert_type(refusal.policy, str | None)
