"""What the token bucket does, in exact arithmetic: rational numbers, no clock that rounds.

The vectors in tests/vectors are checked against it, and the Python property tests may drive it
beside the real one. All times are int nanoseconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from reference_options import Schema

FOREVER = 2**63 - 1

SCHEMA = Schema("token_bucket")

# A number of tokens or a time, in the bucket's own measure: int while rate and burst are as made.
Exact = int | Fraction


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of the smallest numbers from `low` to `high`."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    return whole - 1 + 1 / simplest(1 / (high - whole + 1), 1 / (low - whole + 1))


def rate_of(per_second: float) -> Fraction:
    """The rate that is meant: the simplest number that reads as this double."""
    exact = Fraction(per_second)
    below = Fraction(math.nextafter(per_second, 0))
    above = Fraction(math.nextafter(per_second, math.inf))
    return simplest((below + exact) / 2, (exact + above) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    rate: float
    burst: int
    initial_tokens: int
    dry_run: bool
    counted: bool
    warm_up_ns: int
    cold_factor: float


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


class Answer(NamedTuple):
    reason: str  # "admitted", or why not
    n: int
    now: int
    max_wait: int = 0
    missing: Exact = 0  # from a full bucket, after the call
    dry_run: bool = False


class Reservation(NamedTuple):
    answer: Answer
    delay: int = 0
    n: int = 0  # 0 when refused
    full_at: Exact = 0  # when the bucket would have been full again
    change: int = 0


class TokenBucket:
    """A time is kept as the tokens that flow since 0, times `scale`: with rate = a / b tokens a
    nanosecond a token is b, and a nanosecond a."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.change = 0
        self.changed_at = 0
        self.totals = {"admitted": 0, "refused": 0, "dry_run": 0}
        self._rescale()
        self.full_at: Exact | None = None  # None: nobody called yet
        self.initially_missing = max(options.burst - options.initial_tokens, 0) * self.token

    def _rescale(self) -> None:
        rate = rate_of(self.options.rate) / 10**9
        self.nano, self.token = rate.numerator, rate.denominator
        self.capacity = self.options.burst * self.token
        # The real clock has this many units a token, and 7/8 * 2^60 of them are the most missing.
        units = max(min(self.token // self.nano, 2**59 // self.options.burst), 1)
        self.most = Fraction(7 * 2**57, units) * self.token

    # ---- the state

    def missing(self, now: int) -> Exact:
        if self.full_at is None:
            return self.initially_missing
        return max(self.full_at - now * self.nano, 0)

    def _set(self, now: int, missing: Exact) -> None:
        self.full_at = now * self.nano + missing

    def _leave(self, now: int) -> None:
        """Nothing is taken, but time begins with the first call."""
        if self.full_at is None and self.initially_missing:
            self._set(now, self.initially_missing)

    def _wait(self, now: int, span: Exact) -> int:
        """Until `span` has flowed in; FOREVER when that is after the end of time."""
        wait = max(math.ceil(Fraction(span) / self.nano), 0)
        return wait if now + wait <= FOREVER else FOREVER

    def _admit(self, n: int, now: int, missing: Exact, max_wait: int = 0) -> Answer:
        self._set(now, missing)
        self._count("admitted")
        return Answer("admitted", n, now, max_wait, missing)

    def _refuse(self, reason: str, n: int, now: int, max_wait: int = 0) -> Answer:
        self._leave(now)
        missing = self.missing(now)
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now, max_wait, missing, dry_run=True)
        self._count("refused")
        return Answer(reason, n, now, max_wait, missing)

    def _count(self, what: str) -> None:
        self.totals[what] += self.options.counted

    # ---- taking

    def why_not(self, n: int, now: int) -> str:
        """Why `take` would have to refuse; empty where it need not."""
        if n > self.options.burst:
            return "exceeds_burst"
        full = n > 0 and self.missing(max(now, 0)) + n * self.token > self.capacity
        return "exhausted" if full else ""

    def take(self, n: int, now: int) -> Answer:
        now = max(now, 0)
        if n < 0:
            return Answer("misuse", n, now)
        if n == 0:
            self._leave(now)
            return Answer("admitted", n, now, 0, self.missing(now))
        if reason := self.why_not(n, now):
            return self._refuse(reason, n, now)
        return self._admit(n, now, self.missing(now) + n * self.token)

    def up_to(self, n: int, now: int) -> int:
        """How many; -1 for what cannot be."""
        now = max(now, 0)
        if n < 0:
            return -1
        missing = self.missing(now)
        taken = min(n, max(math.floor((self.capacity - missing) / Fraction(self.token)), 0))
        if taken > 0:
            self._admit(taken, now, missing + taken * self.token)
        elif n == 0:
            self._leave(now)
        elif self._refuse("exhausted", n, now).reason == "admitted":
            return n
        return taken

    def force(self, n: int, now: int) -> Answer:
        now = max(now, 0)
        if n < 0:
            return Answer("misuse", n, now)
        missing = self.missing(now) + n * self.token
        if missing > self.most:
            return self._refuse("exceeds_burst", n, now)
        return self._admit(n, now, missing)

    # ---- reserving

    def reserve(self, n: int, now: int, max_wait: int = FOREVER) -> Reservation:
        now = max(now, 0)
        max_wait = max(max_wait, 0)
        if n < 0:
            return Reservation(Answer("misuse", n, now))
        if n > self.options.burst:
            return Reservation(self._refuse("exceeds_burst", n, now, max_wait))
        missing = self.missing(now) + n * self.token
        delay = self._wait(now, missing - self.capacity)
        if delay > max_wait or missing > self.most:
            reason = "exceeds_wait" if delay > max_wait > 0 else "exhausted"
            return Reservation(self._refuse(reason, n, now, max_wait))
        answer = self._admit(n, now, missing, max_wait)
        return Reservation(answer, delay, n, now * self.nano + missing, self.change)

    def cancel(self, reservation: Reservation, now: int) -> None:
        """What was taken comes back, but for what has flowed in since the bucket would have been
        full: a full bucket would have lost it."""
        now = max(now, 0)
        worth = min(reservation.n * self.token, reservation.full_at - now * self.nano)
        if reservation.change != self.change or worth <= 0:
            self._leave(now)
        else:
            self._set(now, max(self.missing(now) - worth, 0))

    def refund(self, n: int, now: int) -> None:
        now = max(now, 0)
        if n > 0:
            self._set(now, max(self.missing(now) - n * self.token, 0))

    # ---- changing

    def reconfigure(self, changes: Mapping[str, Any], inheritance: str, now: int) -> None:
        before = self.options
        self.options = replace(before, **changes)
        same = (self.options.rate, self.options.burst) == (before.rate, before.burst)
        if same and inheritance == "keep":
            return
        # A change of the past would pay the new rate for a time that had the old one. A reset pays
        # nothing, and time may begin again with it.
        now = max(now, 0 if inheritance == "reset" else self.changed_at)
        self.changed_at = now
        missing = Fraction(self.missing(now)) / self.token  # in tokens
        match inheritance:
            case "keep":
                missing += self.options.burst - before.burst
            case "reset":
                missing = Fraction(0)
            case "proportional":
                missing *= Fraction(self.options.burst, before.burst)
            case "additive":
                pass
            case _:
                raise ValueError(inheritance)
        self.change += 1
        self._rescale()
        self._set(now, max(missing, Fraction(0)) * self.token)

    # ---- looking

    def look(self, n: int, now: int) -> dict[str, int]:
        """What would be said of a refusal, without one; it may be that there is nothing to wait
        for."""
        now = max(now, 0)
        return self.describe(Answer("look", n, now, 0, self.missing(now)))

    def describe(self, answer: Answer) -> dict[str, int]:
        missing, n = answer.missing, answer.n
        there = max(self.capacity - missing, 0)
        remaining = math.floor(Fraction(there) / self.token)
        to_next = missing + (remaining + 1) * self.token - self.capacity
        status = {
            "remaining": remaining,
            "limit": self.options.burst,
            "reset_after_ns": self._wait(answer.now, missing),
            "retry_after_ns": 0,
            "next_after_ns": self._wait(answer.now, to_next)
            if remaining < self.options.burst
            else 0,
        }
        if answer.reason != "admitted":
            wait = self._wait(answer.now, missing + n * self.token - self.capacity)
            never = n > self.options.burst or wait == FOREVER
            status["retry_after_ns"] = FOREVER if never else max(wait - answer.max_wait, 0)
        return status

    def snapshot(self, now: int) -> dict[str, int]:
        now = max(now, 0)
        missing = self.missing(now)
        tokens = Fraction(self.capacity - missing) / self.token
        return {
            "tokens": math.floor(tokens),  # of what is owed, a part counts as a whole
            "burst": self.options.burst,
            "time_to_full_ns": self._wait(now, missing),
            **{f"total_{name}": total for name, total in self.totals.items()},
        }
