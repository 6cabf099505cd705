"""What a token bucket does that warms up, in exact arithmetic: rational numbers of tokens, no clock
that rounds. As reference_token_bucket.py, whose bucket it stands in for."""

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reference_token_bucket import FOREVER, Answer, Options, Reservation, rate_of


class WarmingTokenBucket:
    """Times are in tokens that flow, since 0."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rate = rate_of(options.rate) / 10**9
        factor = Fraction(options.cold_factor)
        self.warm_up = options.warm_up_ns * self.rate
        self.ramp = 2 * self.warm_up / (1 + factor)  # from cold to as cheap as ever
        self.steepness = (factor - 1) / self.ramp
        self.most_warmth = self.ramp + self.warm_up / 2
        self.change = 0
        self.totals = {"admitted": 0, "refused": 0, "dry_run": 0}
        self.next = self.touched = self.warmth = Fraction(0)

    # ---- the state

    def cost(self, n: int) -> Fraction:
        """Of n tokens, the area below a line that falls from cold_factor to 1."""
        first = self.ramp - min(self.warmth, self.ramp)
        last = self.ramp - min(self.warmth + n, self.ramp)
        return n + self.steepness * (first**2 - last**2) / 2

    def _time(self, now: int) -> Fraction:
        return max(max(now, 0) * self.rate, self.touched)

    def _wait(self, now: int, until: Fraction) -> int:
        then = math.ceil(until / self.rate)
        return max(then - max(now, 0), 0) if then <= FOREVER else FOREVER

    def _take(self, n: int, now: int) -> None:
        time = self._time(now)
        idle = max(time - self.next, Fraction(0))
        self.warmth = max(self.warmth - idle * self.most_warmth / self.warm_up, Fraction(0))
        self.next = max(self.next, time) + self.cost(n)
        self.warmth = min(self.warmth + n, self.most_warmth)
        self.touched = time

    def _admit(self, n: int, now: int, max_wait: int = 0) -> Answer:
        self._take(n, now)
        self._count("admitted")
        return Answer("admitted", n, now, max_wait, self.next)

    def _refuse(self, reason: str, n: int, now: int, max_wait: int = 0) -> Answer:
        if self.options.dry_run:
            self._count("dry_run")
            return Answer("admitted", n, now, max_wait, self.next, dry_run=True)
        self._count("refused")
        return Answer(reason, n, now, max_wait, self.next)

    def _count(self, what: str) -> None:
        self.totals[what] += self.options.counted

    # ---- taking

    def take(self, n: int, now: int) -> Answer:
        if n == 0:
            return Answer("admitted", n, now, 0, self.next)
        return self.reserve(n, now, 0).answer

    def up_to(self, n: int, now: int) -> int:
        if n <= 0:
            return min(n, 0)
        got = self.reserve(min(n, self.options.burst), now, 0)
        return n if got.answer.dry_run else got.n

    def force(self, n: int, now: int) -> Answer:
        return Answer("misuse", n, now) if n < 0 else self._admit(n, now)

    # ---- reserving

    def reserve(self, n: int, now: int, max_wait: int = FOREVER) -> Reservation:
        if n < 0:
            return Reservation(Answer("misuse", n, now))
        max_wait = max(max_wait, 0)
        open_now = self.next <= self._time(now)
        delay = 0 if open_now else self._wait(now, self.next)
        if n > self.options.burst:
            return Reservation(self._refuse("exceeds_burst", n, now, max_wait))
        if delay > max_wait:
            reason = "exceeds_wait" if max_wait > 0 else "exhausted"
            return Reservation(self._refuse(reason, n, now, max_wait))
        start = max(self.next, self._time(now))
        answer = self._admit(n, now, max_wait)
        return Reservation(answer, delay, n, start, self.change)

    def cancel(self, reservation: Reservation, now: int) -> None:
        """Its own part of the time, before it begins; what it warmed stays."""
        time, start = self._time(now), Fraction(reservation.full_at)
        if reservation.n and reservation.change == self.change and time < start:
            self._give_back(reservation.answer.missing - start, time)

    def refund(self, n: int, now: int) -> None:
        self._give_back(Fraction(max(n, 0)), self._time(now))

    def _give_back(self, tokens: Fraction, time: Fraction) -> None:
        if tokens > 0 and self.next > time:
            self.next = max(self.next - tokens, time)
            self.touched = time

    # ---- changing

    def reconfigure(self, changes: Mapping[str, Any], inheritance: str, _: int) -> None:
        self.options = replace(self.options, **changes)
        if inheritance == "reset":
            self.change += 1
            self.next = self.warmth = Fraction(0)

    # ---- looking

    def describe(self, answer: Answer) -> dict[str, int]:
        wait = self._wait(answer.now, Fraction(answer.missing))
        status = {
            "remaining": 0 if wait else self.options.burst,
            "limit": self.options.burst,
            "reset_after_ns": wait,
            "retry_after_ns": 0,
            "next_after_ns": wait,
        }
        if answer.reason != "admitted":
            never = answer.n > self.options.burst
            status["retry_after_ns"] = FOREVER if never else max(wait - answer.max_wait, 0)
        return status

    def snapshot(self, now: int) -> dict[str, int]:
        wait = 0 if self.next <= self._time(now) else self._wait(now, self.next)
        return {
            "tokens": 0 if wait else self.options.burst,
            "burst": self.options.burst,
            "time_to_full_ns": wait,
            **{f"total_{name}": total for name, total in self.totals.items()},
        }
