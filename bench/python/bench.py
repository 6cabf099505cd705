#!/usr/bin/env python3
"""What policies cost in Python, beside bare calls and other packages.

Each figure is the median of repeats, all measured in turn in this run. Figures are printed, never
judged.

    bench/python/bench.py [--seconds 0.2] [--repeats 9]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import logging
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import aiolimiter
import circuitbreaker
import limits
import pybreaker
import pyrate_limiter
import spillway as sw

FORMAT = argparse.RawDescriptionHelpFormatter

Work = Callable[[], Any]
AsyncWork = Callable[[], Coroutine[Any, Any, Any]]


class Case(NamedTuple):
    name: str
    loop: Callable[[int], float]  # seconds for so many calls
    base: str = ""  # the case it is set beside


def no_op() -> None:
    pass


async def no_op_async() -> None:
    pass


def calls(work: Work) -> Callable[[int], float]:
    def loop(count: int) -> float:
        begin = time.perf_counter()
        for _ in range(count):
            work()
        return time.perf_counter() - begin

    return loop


def awaits(work: AsyncWork) -> Callable[[int], float]:
    async def run(count: int) -> float:
        begin = time.perf_counter()
        for _ in range(count):
            await work()
        return time.perf_counter() - begin

    return lambda count: asyncio.run(run(count))


def caught(work: Work, refusal: type[Exception]) -> Work:
    def ask() -> None:
        try:
            work()
        except refusal:
            pass
        else:
            raise RuntimeError(f"{work} was not refused")

    return ask


def blocks(policy: sw.CircuitBreaker | sw.Bulkhead) -> Callable[[int], float]:
    acquire = policy.acquire

    def loop(count: int) -> float:
        begin = time.perf_counter()
        for _ in range(count):
            with acquire():
                pass
        return time.perf_counter() - begin

    return loop


def permits(breaker: sw.CircuitBreaker, now: int | None) -> Callable[[int], float]:
    try_acquire, success = breaker.try_acquire, sw.Outcome.SUCCESS

    def loop(count: int) -> float:
        begin = time.perf_counter()
        for _ in range(count):
            try_acquire(now_ns=now).settle(success, now_ns=now)  # type: ignore[union-attr]
        return time.perf_counter() - begin

    return loop


def open_forever() -> sw.CircuitBreaker:
    breaker = sw.CircuitBreaker(window=sw.Consecutive(1), open_for=86400, max_open=86400)
    permit = breaker.try_acquire()
    assert permit
    permit.settle(sw.Outcome.FAILURE)
    return breaker


def cases() -> list[Case]:
    breaker = sw.CircuitBreaker()
    precise = sw.CircuitBreaker(window=sw.TimeWindow(0.01))
    counting = sw.CircuitBreaker(window=sw.CountWindow(100), slow_call=None)
    judging = sw.CircuitBreaker(on_result=lambda _: False)
    their_pybreaker = pybreaker.CircuitBreaker(reset_timeout=86400)
    their_circuitbreaker = circuitbreaker.CircuitBreaker(recovery_timeout=86400)
    opened = open_forever()
    pybreaker_open = pybreaker.CircuitBreaker(reset_timeout=86400)
    pybreaker_open.open()
    circuitbreaker_open = circuitbreaker.CircuitBreaker(failure_threshold=1, recovery_timeout=86400)
    with contextlib.suppress(ZeroDivisionError):
        circuitbreaker_open(lambda: 1 / 0)()
    bare, bare_async = "bare call", "bare await"
    return [
        Case(bare, calls(no_op)),
        Case("@breaker", calls(breaker(no_op)), bare),
        Case("@breaker, precise time", calls(precise(no_op)), bare),
        Case("@breaker, count window", calls(counting(no_op)), bare),
        Case("@breaker, on_result", calls(judging(no_op)), bare),
        Case("breaker.call", calls(functools.partial(breaker.call, no_op)), bare),
        Case("pybreaker", calls(their_pybreaker(no_op)), bare),
        Case("circuitbreaker", calls(their_circuitbreaker(no_op)), bare),
        Case("with breaker.acquire()", blocks(breaker)),
        Case("try_acquire + settle", permits(breaker, None)),
        Case("try_acquire + settle, time given", permits(breaker, 10**12)),
        Case(bare_async, awaits(no_op_async)),
        Case("@breaker async", awaits(breaker(no_op_async)), bare_async),
        Case("circuitbreaker async", awaits(their_circuitbreaker(no_op_async)), bare_async),
        Case("rejection, try_acquire", calls(opened.try_acquire)),
        Case("rejection, @breaker", calls(caught(opened(no_op), sw.CircuitOpen))),
        Case(
            "rejection, pybreaker",
            calls(caught(pybreaker_open(no_op), pybreaker.CircuitBreakerError)),
        ),
        Case(
            "rejection, circuitbreaker",
            calls(caught(circuitbreaker_open(no_op), circuitbreaker.CircuitBreakerError)),
        ),
    ]


def semaphore_blocks(count: int) -> float:
    semaphore = threading.Semaphore(25)
    begin = time.perf_counter()
    for _ in range(count):
        with semaphore:
            pass
    return time.perf_counter() - begin


async def async_block(policy: sw.Bulkhead | asyncio.Semaphore) -> None:
    async with policy.acquire() if isinstance(policy, sw.Bulkhead) else policy:
        pass


def waits(count: int) -> float:
    """Two tasks that take turns at one slot, so that each waits for the other."""

    async def run() -> float:
        bulkhead = sw.Bulkhead(max_concurrent=1, max_queue=2, max_wait=3600)

        async def use() -> None:
            for _ in range(count // 2):
                async with bulkhead.acquire():
                    await asyncio.sleep(0)

        begin = time.perf_counter()
        await asyncio.gather(use(), use())
        return time.perf_counter() - begin

    return asyncio.run(run())


def concurrency_cases() -> list[Case]:
    """What limits how many calls are in flight. Nothing waits, but where it says so."""
    bulkhead = sw.Bulkhead()
    waiting = sw.Bulkhead(max_queue=10, max_wait=1.0)
    critical = bulkhead.with_priority("critical")
    limiter, throttle = sw.AdaptiveLimiter(), sw.ClientThrottle()
    full = sw.Bulkhead(normal_share=0.0, sheddable_share=0.0)
    bare = "bare call"
    return [
        Case("@bulkhead", calls(bulkhead(no_op)), bare),
        Case("@bulkhead, would wait", calls(waiting(no_op)), bare),
        Case("@bulkhead, critical", calls(critical(no_op)), bare),
        Case("with bulkhead.acquire()", blocks(bulkhead)),
        Case("with threading.Semaphore", semaphore_blocks),
        Case("async with bulkhead.acquire()", awaits(functools.partial(async_block, bulkhead))),
        Case(
            "async with asyncio.Semaphore",
            awaits(functools.partial(async_block, asyncio.Semaphore(25))),
        ),
        Case("a task that waits and is woken", waits),
        Case("rejection, bulkhead.try_acquire", calls(full.try_acquire)),
        Case("@limiter, adaptive", calls(limiter(no_op)), bare),
        Case("@throttle", calls(throttle(no_op)), bare),
    ]


PLENTY = 10**9


def aiolimited(count: int) -> float:
    """It belongs to one event loop, and each measurement has its own."""
    return awaits(aiolimiter.AsyncLimiter(PLENTY, 1).acquire)(count)


def drained() -> sw.TokenBucket:
    bucket = sw.TokenBucket(rate=1e-10)
    assert bucket.try_acquire()
    return bucket


def limiter_cases() -> list[Case]:
    """Limiters that admit everything, and the same that refuse everything."""
    bucket = sw.TokenBucket(rate=PLENTY, burst=PLENTY)
    uncounted = sw.TokenBucket(rate=PLENTY, burst=PLENTY, counted=False)
    empty = drained()
    leaky = sw.LeakyBucket(rate=PLENTY, capacity=PLENTY)
    window = sw.SlidingWindowLimiter(limit=1000, per=1e-6)
    keyed = sw.KeyedLimiter(rate=PLENTY, burst=2**24)
    multi = sw.MultiLimiter(bucket, leaky)
    exhausted = sw.KeyedLimiter(rate=1e-9)
    exhausted.try_acquire("user")
    plenty, nothing = limits.RateLimitItemPerSecond(PLENTY), limits.RateLimitItemPerYear(1)
    storage = limits.storage.MemoryStorage()
    fixed = limits.strategies.FixedWindowRateLimiter(storage)
    sliding = limits.strategies.SlidingWindowCounterRateLimiter(storage)
    sliding.hit(nothing, "empty")
    pyrate, pyrate_empty = (
        pyrate_limiter.Limiter(
            pyrate_limiter.StateBucket([rate], pyrate_limiter.TokenBucket())
        ).try_acquire
        for rate in (pyrate_limiter.Rate(PLENTY, 1000), pyrate_limiter.Rate(1, 10**10))
    )
    pyrate_empty("empty", blocking=False)
    base, base_async = "C method that does nothing", "bare await"
    return [
        Case(base, calls((5).conjugate)),
        Case("bucket.try_acquire()", calls(bucket.try_acquire), base),
        Case("bucket.try_acquire(), uncounted", calls(uncounted.try_acquire), base),
        Case("bucket.try_acquire(3, now_ns)", calls(lambda: bucket.try_acquire(3, PLENTY)), base),
        Case("bucket.reserve()", calls(bucket.reserve), base),
        Case("bucket.acquire(), no wait", calls(bucket.acquire), base),
        Case("leaky.try_acquire()", calls(leaky.try_acquire), base),
        Case("window.try_acquire()", calls(window.try_acquire), base),
        Case("multi.try_acquire(), of two", calls(multi.try_acquire), base),
        Case('keyed.try_acquire("user")', calls(lambda: keyed.try_acquire("user")), base),
        Case("keyed.try_acquire(7)", calls(lambda: keyed.try_acquire(7)), base),
        Case("limits, fixed window", calls(lambda: fixed.hit(plenty, "user")), base),
        Case("limits, sliding counter", calls(lambda: sliding.hit(plenty, "user")), base),
        Case("pyrate-limiter, token bucket", calls(lambda: pyrate("user", blocking=False)), base),
        Case("@bucket", calls(bucket(no_op)), "bare call"),
        Case("@keyed.by()", calls(keyed.by(lambda: "user")(no_op)), "bare call"),
        Case("bucket.acquire_async(), no wait", awaits(bucket.acquire_async), base_async),
        Case("aiolimiter, no wait", aiolimited, base_async),
        Case("refusal, bucket.try_acquire()", calls(empty.try_acquire), base),
        Case(
            'refusal, keyed.try_acquire("user")', calls(lambda: exhausted.try_acquire("user")), base
        ),
        Case("refusal and its retry_after", calls(lambda: empty.try_acquire().retry_after), base),
        Case("refusal, @bucket", calls(caught(empty(no_op), sw.RateLimited))),
        Case("refusal, limits sliding", calls(lambda: sliding.hit(nothing, "empty")), base),
        Case(
            "refusal, pyrate-limiter",
            calls(lambda: pyrate_empty("empty", blocking=False)),
            base,
        ),
    ]


def measure(found: list[Case], seconds: float, repeats: int) -> dict[str, float]:
    """Nanoseconds a call, by name. In turn, so that a slow moment meets every case."""
    counts = {}
    for case in found:
        count = 1000
        while (took := case.loop(count)) < seconds / 4:
            count *= 2
        counts[case.name] = max(int(count * seconds / took), 1)
    times: dict[str, list[float]] = {case.name: [] for case in found}
    for _ in range(repeats):
        for case in found:
            times[case.name].append(case.loop(counts[case.name]) / counts[case.name] * 1e9)
    return {name: statistics.median(of_case) for name, of_case in times.items()}


def memory(make: Callable[[], object]) -> float:
    """Bytes of one object, as Python's allocators see it."""
    kept = [make()]
    gc.collect()
    tracemalloc.start()
    kept += [make() for _ in range(1000)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / (len(kept) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=FORMAT)
    parser.add_argument("--seconds", type=float, default=0.2, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    logging.disable()
    found = [*cases(), *limiter_cases(), *concurrency_cases()]
    ns = measure(found, arguments.seconds, arguments.repeats)
    print(f"Python {sys.version.split()[0]}, medians of {arguments.repeats}\n")
    print(f"{'':34}{'ns a call':>10}{'over its base':>20}")
    for case in found:
        over = f"{ns[case.name] - ns[case.base]:+.0f}" if case.base else ""
        print(f"{case.name:34}{ns[case.name]:10.0f}{over:>20}".rstrip())
    print("\nmemory of one in Python, in bytes (its counters in C++ are not among them)")
    for name, make in (
        ("spillway, breaker", sw.CircuitBreaker),
        ("spillway, bulkhead", sw.Bulkhead),
        ("spillway, token bucket", functools.partial(sw.TokenBucket, rate=1.0)),
        ("aiolimiter", functools.partial(aiolimiter.AsyncLimiter, 1)),
        ("pybreaker", pybreaker.CircuitBreaker),
        ("circuitbreaker", circuitbreaker.CircuitBreaker),
    ):
        print(f"{name:34}{memory(make):10.0f}")


if __name__ == "__main__":
    main()
