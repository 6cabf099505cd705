"""One line a second of what happens while the drill runs."""

from __future__ import annotations

import asyncio
import time

from arm import Arm
from measure import GUARDED, PLAIN
from schedule import BROWSE, BROWSE_RATE, Schedule

BAR = 12  # characters


class Progress:
    def __init__(self, arms: dict[str, Arm], schedule: Schedule, epoch: float) -> None:
        self._arms = arms
        self._schedule = schedule
        self._epoch = epoch
        self._seen = dict.fromkeys(arms, 0)  # results already shown

    def header(self) -> str:
        side = f"{BROWSE}: good answers, waiting"
        return f"{'':>5}  {'payments':<11}{PLAIN + '  ' + side:<46}{GUARDED}  {side}, breaker"

    def _side(self, name: str) -> str:
        """The good answers of the last second on the healthy route, and who waits on any route."""
        arm = self._arms[name]
        new = arm.log.results[self._seen[name] :]
        self._seen[name] += len(new)
        good = sum(result.is_good for result in new if result.arrival.route == BROWSE)
        bar = "█" * min(BAR, round(BAR * good / BROWSE_RATE))
        return f"{bar:░<{BAR}} {good:>3}/s  {arm.waiting:>4} waiting"

    def line(self, second: int) -> str:
        behaviour = self._schedule.phase_at(second - 0.5).behaviour
        changes = self._arms[GUARDED].log.transitions
        state = changes[-1].new if changes else "closed"
        return (
            f"{second:>3} s  {behaviour:<11}{self._side(PLAIN):<46}{self._side(GUARDED)}   {state}"
        )

    async def show(self) -> None:
        """Prints until cancelled."""
        print(self.header(), flush=True)
        second = 0
        while True:
            second += 1
            await asyncio.sleep(self._epoch + second - time.monotonic())
            print(self.line(second), flush=True)
