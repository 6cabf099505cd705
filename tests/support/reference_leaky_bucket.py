"""What the leaky bucket does, in exact arithmetic: rational numbers, no clock that rounds.

The vectors in tests/vectors are checked against it, and the Python property tests may drive it
beside the real one. All times are int nanoseconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from reference_options import Schema
from reference_token_bucket import FOREVER, rate_of

SCHEMA = Schema("leaky_bucket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    rate: float
    capacity: int
    free: int
    dry_run: bool
    counted: bool

    @property
    def at_once(self) -> int:
        """The level up to which calls need not wait."""
        return min(self.free, self.capacity)


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


class Answer(NamedTuple):
    reason: str  # "admitted", or why not
    n: int
    now: int
    max_wait: int = 0
    level: Fraction = Fraction(0)  # after the call
    dry_run: bool = False


class Reservation(NamedTuple):
    answer: Answer
    delay: int = 0
    n: int = 0  # 0 when refused
    empty_at: Fraction = Fraction(0)  # when the bucket would have been empty again
    change: int = 0


class LeakyBucket:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.nano = rate_of(options.rate) / 10**9  # what leaks out in a nanosecond
        self.empty_at = Fraction(0)
        self.change = 0
        self.changed_at = 0
        self.totals = {"admitted": 0, "refused": 0, "dry_run": 0}

    # ---- the state

    def level(self, now: int) -> Fraction:
        return max((self.empty_at - now) * self.nano, Fraction(0))

    def _set(self, now: int, level: Fraction) -> None:
        self.empty_at = now + level / self.nano

    def _wait(self, now: int, surplus: Fraction) -> int:
        """Until `surplus` has leaked out; FOREVER when that is after the end of time."""
        wait = max(math.ceil(surplus / self.nano), 0)
        return wait if now + wait <= FOREVER else FOREVER

    def _admit(self, n: int, now: int, max_wait: int = 0) -> Answer:
        level = self.level(now) + n
        self._set(now, level)
        self._count("admitted")
        return Answer("admitted", n, now, max_wait, level)

    def _refuse(self, reason: str, n: int, now: int, max_wait: int = 0) -> Answer:
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now, max_wait, self.level(now), dry_run=True)
        self._count("refused")
        return Answer(reason, n, now, max_wait, self.level(now))

    def _count(self, what: str) -> None:
        self.totals[what] += self.options.counted

    # ---- pouring in

    def why_not(self, n: int, now: int) -> str:
        """Why `take` would have to refuse; empty where it need not."""
        if n > self.options.at_once:
            return "exceeds_capacity"
        full = n > 0 and self.level(max(now, 0)) + n > self.options.at_once
        return "full" if full else ""

    def take(self, n: int, now: int) -> Answer:
        now = max(now, 0)
        if n < 0:
            return Answer("misuse", n, now)
        if n == 0:
            return Answer("admitted", n, now, 0, self.level(now))
        if reason := self.why_not(n, now):
            return self._refuse(reason, n, now)
        return self._admit(n, now)

    def reserve(self, n: int, now: int, max_wait: int = FOREVER) -> Reservation:
        now = max(now, 0)
        max_wait = max(max_wait, 0)
        if n < 0:
            return Reservation(Answer("misuse", n, now))
        if n > (self.options.capacity if max_wait else self.options.at_once):
            return Reservation(self._refuse("exceeds_capacity", n, now, max_wait))
        level = self.level(now) + n
        delay = self._wait(now, level - self.options.at_once)
        if delay > max_wait > 0:
            return Reservation(self._refuse("exceeds_wait", n, now, max_wait))
        if level > self.options.capacity or delay > 0 == max_wait:
            return Reservation(self._refuse("full", n, now, max_wait))
        answer = self._admit(n, now, max_wait)
        return Reservation(answer, delay, n, self.empty_at, self.change)

    def cancel(self, reservation: Reservation, now: int) -> None:
        """What was poured in comes out, but for what has leaked since the bucket would have been
        empty: an empty bucket would have leaked nothing."""
        now = max(now, 0)
        worth = min(Fraction(reservation.n), (reservation.empty_at - now) * self.nano)
        if reservation.change == self.change and worth > 0:
            self._set(now, max(self.level(now) - worth, Fraction(0)))

    def refund(self, n: int, now: int) -> None:
        now = max(now, 0)
        if n > 0:
            self._set(now, max(self.level(now) - n, Fraction(0)))

    # ---- changing

    def reconfigure(self, changes: Mapping[str, Any], inheritance: str, now: int) -> None:
        before = self.options
        self.options = replace(before, **changes)
        sizes = [(o.rate, o.capacity, o.free) for o in (before, self.options)]
        if sizes[0] == sizes[1] and inheritance == "keep":
            return
        # A change of the past would pay the new rate for a time that had the old one. A reset pays
        # nothing, and time may begin again with it.
        now = max(now, 0 if inheritance == "reset" else self.changed_at)
        self.changed_at = now
        level = self.level(now)
        match inheritance:
            case "keep" | "additive":
                pass
            case "reset":
                level = Fraction(0)
            case "proportional":
                level *= Fraction(self.options.capacity, before.capacity)
            case _:
                raise ValueError(inheritance)
        self.change += 1
        self.nano = rate_of(self.options.rate) / 10**9
        self._set(now, min(level, Fraction(self.options.capacity)))

    # ---- looking

    def look(self, n: int, now: int) -> dict[str, int]:
        """What would be said of a refusal, without one; it may be that there is nothing to wait
        for."""
        now = max(now, 0)
        return self.describe(Answer("look", n, now, 0, self.level(now)))

    def describe(self, answer: Answer) -> dict[str, int]:
        level, now, capacity = answer.level, answer.now, self.options.capacity
        remaining = max(math.floor(capacity - level), 0)
        return {
            "remaining": remaining,
            "limit": capacity,
            "reset_after_ns": self._wait(now, level),
            "retry_after_ns": 0 if answer.reason == "admitted" else self._retry_after(answer),
            "next_after_ns": self._wait(now, level + remaining + 1 - capacity)
            if remaining < capacity
            else 0,
        }

    def _retry_after(self, answer: Answer) -> int:
        n, now, may_wait = Fraction(answer.n), answer.now, answer.max_wait
        if n > self.options.capacity or self._wait(now, n - self.options.at_once) > may_wait:
            return FOREVER  # Not even when it is empty.
        for_its_turn = self._wait(now, answer.level + n - self.options.at_once)
        for_room = self._wait(now, answer.level + n - self.options.capacity)
        return FOREVER if for_its_turn == FOREVER else max(for_its_turn - may_wait, for_room, 0)

    def snapshot(self, now: int) -> dict[str, int]:
        level = self.level(max(now, 0))
        return {
            "level": math.ceil(level),
            "capacity": self.options.capacity,
            "time_to_empty_ns": self._wait(max(now, 0), level),
            **{f"total_{name}": total for name, total in self.totals.items()},
        }
