"""What the multi limiter does, one call after the other: with no races, none gives anything back.

Its members are references of token buckets and leaky buckets. All times are int nanoseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from reference_leaky_bucket import LeakyBucket
from reference_options import Schema
from reference_token_bucket import TokenBucket

SCHEMA = Schema("multi_limiter")

Member = TokenBucket | LeakyBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    dry_run: bool
    counted: bool


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


class Answer(NamedTuple):
    reason: str  # "admitted", or why not
    n: int
    now: int
    refuser: int = 0


class MultiLimiter:
    def __init__(self, options: Options, members: Sequence[Member]) -> None:
        self.options = options
        self.members = members
        self.totals = {"admitted": 0, "refused": 0, "dry_run": 0, "given_back": 0}

    def _count(self, what: str) -> None:
        self.totals[what] += self.options.counted

    def take(self, n: int, now: int) -> Answer:
        if n < 0:
            return Answer("misuse", n, now)
        for place, member in enumerate(self.members):
            if (reason := member.why_not(n, now)) and not member.options.dry_run:
                for other in self.members:
                    other.take(0, now)  # It may be the first call of any of them.
                return self._refuse(reason, n, now, place)
        for member in self.members:
            member.take(n, now)
        if n > 0:
            self._count("admitted")
        return Answer("admitted", n, now)

    def _refuse(self, reason: str, n: int, now: int, place: int) -> Answer:
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now)
        self._count("refused")
        never = reason in ("exceeds_burst", "exceeds_capacity")
        return Answer("exceeds_member" if never else "exhausted", n, now, place)

    def reconfigure(self, changes: Mapping[str, Any]) -> None:
        self.options = replace(self.options, **changes)

    def describe(self, answer: Answer) -> dict[str, int]:
        told = [member.look(answer.n, answer.now) for member in self.members]
        for status, member in zip(told, self.members, strict=True):
            if member.options.dry_run:
                status["retry_after_ns"] = 0
        if answer.reason == "admitted":
            least = min(told, key=lambda status: status["remaining"])
            return least | {"retry_after_ns": 0}
        longest = max(status["retry_after_ns"] for status in told)
        return told[answer.refuser] | {"retry_after_ns": longest}

    def snapshot(self) -> dict[str, int]:
        return {f"total_{name}": total for name, total in self.totals.items()}
