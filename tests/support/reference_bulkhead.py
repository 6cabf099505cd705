"""What the bulkhead does, one call after the other: a number of slots and a queue.

The vectors in tests/vectors are checked against it. Nothing here depends on the time.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reference_options import Schema

SCHEMA = Schema("bulkhead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    max_concurrent: int
    max_queue: int
    max_wait_ns: int
    normal_share: float
    sheddable_share: float
    counted: bool


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


def is_good(options: Options) -> bool:
    return SCHEMA.in_range(options) and options.sheddable_share <= options.normal_share


class Permit:
    """What a call was given, and what it holds by now."""

    def __init__(self, holds: str) -> None:
        self.holds = holds  # "slot", "place" or "nothing"


class Bulkhead:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.most_places = options.max_queue
        self.in_flight = 0
        self.queue: deque[Permit] = deque()  # with those who left, up to the first who did not
        self.totals = dict.fromkeys(
            ("admitted", "full", "queue_full", "shed", "refused_normal", "refused_critical",
             "refused_sheddable", "queued", "left", "misused"), 0)  # fmt: skip

    def _count(self, *names: str) -> None:
        for name in names:
            self.totals[name] += self.options.counted or name == "misused"

    def _share(self, priority: str) -> int:
        """In 0.01 %."""
        shares = {
            "critical": 1.0,
            "normal": self.options.normal_share,
            "sheddable": self.options.sheddable_share,
        }
        return round(shares[priority] * 10_000)

    def ask(self, priority: str, may_wait: bool) -> tuple[str, Permit]:
        share = self._share(priority)
        if not self.queue and self.in_flight * 10_000 < share * self.options.max_concurrent:
            self.in_flight += 1
            self._count("admitted")
            return "admitted", Permit("slot")
        reason = "full"
        if not self.queue and self.in_flight < self.options.max_concurrent:
            reason = "shed"
        elif may_wait and self.options.max_queue > 0 and share == 10_000:
            if len(self.queue) < self.options.max_queue:
                self._count("queued")
                self.queue.append(Permit("place"))
                return "queued", self.queue[-1]
            reason = "queue_full"
        self._count(reason, f"refused_{priority}")
        return reason, Permit("nothing")

    def settle(self, permit: Permit) -> str:
        held, permit.holds = permit.holds, "nothing"
        if held == "nothing":
            self._count("misused")
            return "misused"
        if held == "slot":
            self.in_flight -= 1
        else:
            self._count("left")
        self._promote()
        return "counted"

    def _promote(self) -> None:
        while self.queue:
            if self.queue[0].holds == "place":
                if self.in_flight >= self.options.max_concurrent:
                    return
                self.queue[0].holds = "slot"
                self.in_flight += 1
                self._count("admitted")
            self.queue.popleft()

    def reconfigure(self, changes: Mapping[str, Any]) -> bool:
        wanted = replace(self.options, **changes)
        fixed = wanted.counted == self.options.counted
        if not is_good(wanted) or not fixed or wanted.max_queue > self.most_places:
            return False
        self.options = wanted
        self._promote()
        return True

    def snapshot(self) -> dict[str, int]:
        return {
            "in_flight": self.in_flight,
            "queued": len(self.queue),
            "max_concurrent": self.options.max_concurrent,
            "max_queue": self.options.max_queue,
            **{f"total_{name}": total for name, total in self.totals.items()},
        }
