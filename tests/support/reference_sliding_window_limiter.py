"""What the sliding window limiter does, by counting: a list of the times at which it admitted.

The vectors in tests/vectors are checked against it, and the Python property tests may drive it
beside the real one. All times are int nanoseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reference_options import Schema

FOREVER = 2**63 - 1

SCHEMA = Schema("sliding_window_limiter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    limit: int
    per_ns: int
    second_limit: int
    second_per_ns: int
    third_limit: int
    third_per_ns: int
    dry_run: bool
    counted: bool

    @property
    def windows(self) -> list[tuple[int, int]]:
        windows = [
            (self.limit, self.per_ns),
            (self.second_limit, self.second_per_ns),
            (self.third_limit, self.third_per_ns),
        ]
        return [window for window in windows if window[0]]


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


class Answer(NamedTuple):
    reason: str  # "admitted", or why not
    n: int
    now: int


class SlidingWindowLimiter:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.log: list[int] = []
        self.forgotten = 0  # how many of the log, from its beginning
        self.totals = {"refused": 0, "dry_run": 0}
        self.lap = max(limit for limit, _ in options.windows)

    def room(self, now: int) -> int:
        """How many could be taken."""
        least = FOREVER
        for limit, per in self.options.windows:
            # Times never go back, so those within the window are the newest.
            newest = self.log[max(self.forgotten, len(self.log) - limit) :]
            least = min(least, limit - sum(now - time < per for time in newest))
        return least

    def take(self, n: int, now: int) -> Answer:
        now = max(now, 0)
        if n < 0:
            return Answer("misuse", n, now)
        if n > 1:
            return self._refuse("exceeds_one", n, now)
        if n == 1:
            if self.room(now) < 1:
                return self._refuse("exhausted", n, now)
            self.log.append(self._recorded(now))
        return Answer("admitted", n, now)

    def _recorded(self, now: int) -> int:
        newest = self.log[-1] if self.log else 0
        if len(self.log) == self.forgotten and newest - now > max(
            per for _, per in self.options.windows
        ):
            newest = 0  # A clock had run ahead: time begins again.
        time = max(now, newest)
        # One slot of the real one never holds the same time in two laps.
        same = len(self.log) >= self.lap and self.log[-self.lap] == time
        return min(time + same, FOREVER)

    def _refuse(self, reason: str, n: int, now: int) -> Answer:
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now)
        self._count("refused")
        return Answer(reason, n, now)

    def _count(self, what: str) -> None:
        self.totals[what] += self.options.counted

    def reset(self) -> None:
        self.forgotten = len(self.log)

    def wait_for(self, permits: int, now: int) -> int:
        """The shortest wait after which there are so many: until something leaves a window."""
        ends = {
            time + per
            for time in self.log[max(self.forgotten, len(self.log) - self.lap) :]
            for _, per in self.options.windows
        }
        for then in sorted({now, *(end for end in ends if end > now)}):
            if then >= FOREVER:
                break
            if self.room(then) >= permits:
                return then - now
        return FOREVER

    def describe(self, answer: Answer) -> dict[str, int]:
        limit = min(limit for limit, _ in self.options.windows)
        remaining = self.room(answer.now)
        retry_after = 0
        if answer.reason not in ("admitted", "misuse"):
            retry_after = FOREVER if answer.n > 1 else self.wait_for(1, answer.now)
        return {
            "remaining": remaining,
            "limit": limit,
            "reset_after_ns": self.wait_for(limit, answer.now),
            "retry_after_ns": retry_after,
            "next_after_ns": self.wait_for(remaining + 1, answer.now) if remaining < limit else 0,
        }

    def snapshot(self, now: int) -> dict[str, int]:
        now = max(now, 0)
        limit, per = self.options.windows[0]
        kept = self.log[self.forgotten :]
        ends = [kept[-1] + per for _, per in self.options.windows] if kept else []
        return {
            "in_window": sum(now - time < per for time in kept[-limit:]),
            "limit": limit,
            "time_to_empty_ns": max(min(max(ends, default=0), FOREVER) - now, 0),
            "total_admitted": len(self.log),
            **{f"total_{name}": count for name, count in self.totals.items()},
        }
