"""What the keyed limiter does, in exact arithmetic. All times are int nanoseconds.

Its time is a whole number of units, and that is part of what it promises, so the reference counts
in the same: but with rational numbers, and without a word that wraps.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from reference_options import Schema
from reference_token_bucket import FOREVER, rate_of

SCHEMA = Schema("keyed_limiter")

# Keys that share one set of cells, whatever their hash.
ONE_SET = 4
CELLS_OF_SET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    rate: float
    burst: int
    max_keys: int
    when_full: str
    seed: int
    dry_run: bool
    counted: bool


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


class Answer(NamedTuple):
    reason: str  # "admitted", or why not
    n: int
    now: int
    ahead: int = 0  # units until the key has all its tokens, or the first cell is free


@dataclass(slots=True)
class Cell:
    key: str | None = None
    full_at: int = 0  # in units


@dataclass(slots=True)
class KeyedLimiter:
    """With one set, that set; with more of them, a table in which there always is a cell."""

    options: Options
    newest: int = 0
    cells: list[Cell] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    token: int = 0
    unit: Fraction = Fraction(0)  # nanoseconds

    def __post_init__(self) -> None:
        period = 10**9 / rate_of(self.options.rate)
        doublings = (self.options.burst - 1).bit_length()
        most = 2 ** min(max(24 - doublings, 4), 12)
        self.token = max(min(most, math.floor(period)), 1)
        self.unit = period / self.token
        self.cells = [Cell() for _ in range(CELLS_OF_SET)]

    @property
    def capacity(self) -> int:
        return self.token * self.options.burst

    @property
    def lag(self) -> int:
        return max(self.capacity, 2**16)

    @property
    def cell_count(self) -> int:
        return -(-2 * self.options.max_keys // CELLS_OF_SET) * CELLS_OF_SET

    def units(self, now: int) -> int:
        return math.floor(max(now, 0) / self.unit)

    def _count(self, what: str, times: int = 1) -> None:
        always = ("admitted_without_cell", "refused_without_cell", "evicted", "forgiven_tokens")
        if self.options.counted or what in always:
            self.totals[what] = self.totals.get(what, 0) + times

    # ---- the cells

    def _own(self, key: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.key == key), None)

    def _ahead(self, cell: Cell | None, time: int) -> int:
        return max(cell.full_at - time, 0) if cell else 0

    def _room(self) -> Cell:
        """The cell that is free, or will be first."""
        best = min(self.cells, key=lambda cell: self._ahead(cell, self.newest))
        left = self._ahead(best, self.newest)
        if left == 0 or self.options.max_keys <= ONE_SET:
            same = sum(self._ahead(cell, self.newest) == left for cell in self.cells)
            if left > 0 and same > 1:
                raise ValueError("which of them goes depends on the hash")
            return best
        self.cells.append(Cell())
        return self.cells[-1]

    # ---- the calls

    def take(self, key: str, n: int, now: int) -> Answer:
        if n < 0:
            return Answer("misuse", n, now)
        time = max(self.units(now), self.newest)
        cell = self._own(key)
        ahead = self._ahead(cell, time)
        if n == 0:
            return Answer("admitted", n, now, ahead)
        if n > self.options.burst:
            return self._refuse("exceeds_burst", n, now, ahead)
        cost = n * self.token
        if ahead + cost > self.capacity:
            return self._refuse("exhausted", n, now, ahead)
        moves = time - self.newest > self.lag
        if cell is None:
            cell = self._room()
            free_in = self._ahead(cell, time)
            if free_in > 0 and self.options.when_full == "refuse":
                return self._refuse("table_full", n, now, free_in)
            if free_in > 0 and self.options.when_full == "admit":
                self._count("admitted_without_cell")
                return Answer("admitted", n, now, cost)
            if free_in > 0:
                self._count("evicted")
                self._count("forgiven_tokens", -(-free_in // self.token))
            moves |= self._ahead(cell, self.newest) > 0
        if moves:
            self.newest = time
        cell.key, cell.full_at = key, time + ahead + cost
        self._count("admitted")
        return Answer("admitted", n, now, ahead + cost)

    def _refuse(self, reason: str, n: int, now: int, ahead: int) -> Answer:
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now, ahead)
        self._count("refused_without_cell" if reason == "table_full" else "refused")
        return Answer(reason, n, now, ahead)

    def refund(self, key: str, n: int, now: int) -> None:
        time = max(self.units(now), self.newest)
        cell = self._own(key)
        if cell and n > 0 and (ahead := self._ahead(cell, time)) > 0:
            cell.full_at = time + max(ahead - n * self.token, 0)

    def forget(self, key: str) -> None:
        if cell := self._own(key):
            cell.full_at = self.newest

    # ---- looking

    def _wait(self, now: int, units: int) -> int:
        """Until so many units have passed, counted from the latest time; FOREVER when never."""
        if units == 0:
            return 0
        now = max(now, 0)
        then = math.ceil((max(self.units(now), self.newest) + units) * self.unit)
        return then - now if then <= FOREVER else FOREVER

    def describe(self, answer: Answer) -> dict[str, int]:
        full = answer.reason == "table_full"
        there = 0 if full else max(self.capacity - answer.ahead, 0)
        remaining = there // self.token
        status = {
            "remaining": remaining,
            "limit": self.options.burst,
            "reset_after_ns": self._wait(answer.now, answer.ahead),
            "retry_after_ns": 0,
            "next_after_ns": 0,
        }
        if full:
            first_free = self._wait(answer.now, answer.ahead)
            return status | {"retry_after_ns": first_free, "next_after_ns": first_free}
        if remaining < self.options.burst:
            to_next = answer.ahead + (remaining + 1) * self.token - self.capacity
            status["next_after_ns"] = self._wait(answer.now, to_next)
        if answer.reason == "exceeds_burst":
            status["retry_after_ns"] = FOREVER
        elif answer.reason == "exhausted":
            owed = answer.ahead + answer.n * self.token - self.capacity
            status["retry_after_ns"] = self._wait(answer.now, owed)
        return status

    def live(self, now: int) -> int:
        time = max(self.units(now), self.newest)
        return sum(self._ahead(cell, time) > 0 for cell in self.cells)

    def snapshot(self) -> dict[str, int]:
        names = [
            "admitted",
            "refused",
            "dry_run",
            "admitted_without_cell",
            "refused_without_cell",
            "evicted",
            "forgiven_tokens",
        ]
        totals = {f"total_{name}": self.totals.get(name, 0) for name in names}
        return {"cells": self.cell_count, **totals}
