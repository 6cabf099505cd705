"""Slots that are taken, and who waits for them in a thread or a task."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import spillway as sw

ENOUGH = 60.0  # seconds to wait for what must happen, before giving up


def take(bulkhead: sw.Bulkhead) -> sw.Permit:
    permit = bulkhead.try_acquire()
    assert permit
    return permit


def give_back(permit: sw.Permit) -> None:
    assert permit.settle(sw.Outcome.SUCCESS)


def waiting(bulkhead: sw.Bulkhead) -> int:
    return bulkhead.snapshot().queued


def until_waiting(bulkhead: sw.Bulkhead, count: int) -> None:
    """Lets other threads run until so many wait."""
    end = time.monotonic() + ENOUGH
    while waiting(bulkhead) != count:
        assert time.monotonic() < end
        time.sleep(0.0005)


def idle(bulkhead: sw.Bulkhead) -> bool:
    got = bulkhead.snapshot()
    return (got.in_flight, got.queued, got.total_misused) == (0, 0, 0)


class Worker(threading.Thread):
    """Waits for a slot in a thread of its own, and notes when it has it."""

    def __init__(self, bulkhead: sw.Bulkhead, served: list[Any], name: Any) -> None:
        super().__init__()
        self.bulkhead, self.served, self.label = bulkhead, served, name
        before = waiting(bulkhead)
        self.start()
        until_waiting(bulkhead, before + 1)

    def run(self) -> None:
        with self.bulkhead.acquire():
            self.served.append(self.label)


def run(*tasks: Coroutine[Any, Any, Any]) -> list[Any]:
    async def main() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), ENOUGH)

    return asyncio.run(main())


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
