"""Replays the vectors of the bulkhead; tests/vectors/README.md says what they hold.

Who joins the queue is a task of asyncio.
"""

from __future__ import annotations

import asyncio
import math

import pytest
import spillway as sw
from permit_replay import PermitReplay, Step, arguments


class Bulkhead(PermitReplay):
    kinds = (*PermitReplay.kinds, "enqueue", "poll")

    def __init__(self, options: Step, origin: int) -> None:
        super().__init__(sw.Bulkhead(**arguments(options)), origin)
        self.loop = asyncio.new_event_loop()
        self.places: dict[str, asyncio.Task[sw.Permit]] = {}
        self.others: list[asyncio.Task[sw.Permit]] = []  # of a name that was used again

    def finish(self) -> None:
        for task in [*self.places.values(), *self.others]:
            task.cancel()
        self.turn()
        super().finish()
        self.loop.close()

    def turn(self) -> None:
        """Lets the tasks do what they can."""

        async def turns() -> None:
            for _ in range(3):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        self.collect()

    def collect(self) -> None:
        """Takes the permits of the tasks that have one."""
        for name, task in list(self.places.items()):
            if task.done():
                del self.places[name]
                if not task.cancelled():
                    self.keep(name, task.result())

    def enqueue(
        self, name: str, at: int, expect: str, priority: str = "normal", times: int = 1
    ) -> None:
        async def enter() -> sw.Permit:
            return await self.of(priority).acquire(timeout=math.inf).__aenter__()

        if expect not in ("admitted", "queued"):
            for _ in range(times):
                with pytest.raises(sw.BulkheadFull) as raised:
                    self.loop.run_until_complete(enter())
                assert raised.value.reason == expect
            return
        tasks = [self.loop.create_task(enter()) for _ in range(times)]
        self.others += tasks[:-1]
        self.places[name] = tasks[-1]
        self.turn()
        assert (name in self.places) == (expect == "queued")

    def poll(self, name: str, at: int, expect: str) -> None:
        self.turn()
        assert ("place" if name in self.places else "slot") == expect
        assert expect == "place" or not self.permits[name].settled

    def settle(self, name: str, at: int, expect: str, outcome: str = "success") -> None:
        self.collect()
        if name not in self.places:
            super().settle(name, at, expect, outcome)
            return
        assert expect == "counted"
        # Not told yet if it was granted a slot: that is then given on.
        self.places[name].cancel()
        self.turn()
        assert name not in self.places
