"""Typical uses of a limiter, for mypy and pyright; see usage.py. Never run."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from enum import StrEnum
from typing import Any, assert_type

import spillway as sw
import spillway.asgi
from spillway._limiter import BucketLimiter, Limiter

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


leaky = sw.LeakyBucket("shaper", rate=10, capacity=5, free=1)
sliding = sw.SlidingWindowLimiter("in", limit=5, per=timedelta(seconds=1), also=[(100, 60.0)])
keyed = sw.KeyedLimiter("per_user", rate=5.0, burst=10, when_full="refuse", seed=0)
multi = sw.MultiLimiter(bucket, leaky, name="all")


def user_of(user: str, *_: Any, **__: Any) -> str:
    return user


@keyed.by(user_of)
def show(user: str, page: int) -> str:
    return f"{page} {user}"


@keyed.by(user_of)
async def show_async(user: str) -> bytes:
    return user.encode()


@sliding
def sign_in(name: str) -> bool:
    return bool(name)


@multi
def send(name: str) -> bool:
    return bool(name)


async def others() -> None:
    assert_type(leaky.reserve(2, max_wait=1.0), sw.Reservation | None)
    await leaky.acquire_async(timeout=1.0)
    leaky.reconfigure("keep", rate=5.0)
    leaky.acquire_up_to(3)  # type: ignore[attr-defined]  # pyright: ignore
    assert_type(leaky.snapshot(), sw.LeakyBucketSnapshot)
    assert_type(sliding.try_acquire().next_after_ns, int | None)
    assert_type(sliding.snapshot(), sw.SlidingWindowLimiterSnapshot)
    assert_type(sliding.options, sw.SlidingWindowLimiterOptions)
    assert_type(sign_in("ann"), bool)
    sliding.reserve()  # type: ignore[attr-defined]  # pyright: ignore
    sw.SlidingWindowLimiter(limit=5)  # type: ignore[call-arg]  # pyright: ignore
    assert_type(send("ann"), bool)
    assert_type(multi.members, tuple[BucketLimiter, ...])
    assert_type(multi.try_acquire(2).refused_by, Limiter | None)
    assert_type(multi.snapshot(), sw.MultiLimiterSnapshot)
    sw.MultiLimiter(sliding)  # type: ignore[arg-type]  # pyright: ignore


async def by_key() -> None:
    for key in ("ann", b"ann", bytearray(b"ann"), memoryview(b"ann"), 7):
        assert_type(keyed.try_acquire(key, 2, now_ns=0), sw.Decision)
        keyed.refund(key)
        keyed.forget(key)
    keyed.try_acquire(1.5)  # type: ignore[arg-type]  # pyright: ignore
    keyed.try_acquire()  # type: ignore[call-arg]  # pyright: ignore
    assert_type(keyed.count_live_keys(), int)
    assert_type(show("ann", page=1), str)
    show("ann", page="1")  # type: ignore[arg-type]  # pyright: ignore
    assert_type(await show_async("ann"), bytes)
    assert_type(keyed.snapshot(), sw.KeyedLimiterSnapshot)


async def app(scope: Any, receive: Any, send: Any) -> None: ...


spillway.asgi.RateLimitMiddleware(app, bucket, cost=lambda scope: 2)
spillway.asgi.RateLimitMiddleware(app, keyed, key=spillway.asgi.client_address(1), name="api")
spillway.asgi.RateLimitMiddleware(app, keyed, key=lambda scope: None)
