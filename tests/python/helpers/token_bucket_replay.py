"""Replays the vectors of the token bucket; tests/vectors/README.md says what they hold."""

from __future__ import annotations

from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

KINDS = ("take", "up_to", "force", "reserve", "cancel", "refund", "change", "snapshot")

Step = dict[str, Any]


class Replay:
    def __init__(self, options: Step, origin: int) -> None:
        self.bucket = sw.TokenBucket(**options)
        self.origin = origin
        self.reservations: dict[str, sw.Reservation | None] = {}

    def run(self, steps: list[Step]) -> None:
        for step in steps:
            (kind,) = (name for name in KINDS if next(iter(step)) == name)
            rest = {name: value for name, value in step.items() if name != kind}
            rest["at"] += self.origin
            getattr(self, kind)(step[kind], **rest)

    def finish(self) -> None: ...

    def check(self, decision: sw.Decision, expect: str, status: Step) -> None:
        assert bool(decision) is (expect == "admitted")
        assert decision.reason == (None if expect == "admitted" else expect)
        if status.get("retry_after_ns") == "never":
            status = status | {"retry_after_ns": None}
            assert decision.retry_after == float("inf")
        assert {name: getattr(decision, name) for name in status} == status
        for name in ("retry_after", "reset_after", "next_after"):
            nanos = getattr(decision, f"{name}_ns")
            assert nanos is None or getattr(decision, name) * SECOND >= nanos

    def misuse(self, verb: Any, *arguments: Any, **named: Any) -> None:
        with pytest.raises(ValueError, match=r"n is -\d+; it must be 0 to 2\*\*63 - 1"):
            verb(*arguments, **named)

    def take(
        self, n: int, at: int, expect: str, times: int = 1, every: int = 0, **status: Any
    ) -> None:
        if expect == "misuse":
            self.misuse(self.bucket.try_acquire, n, now_ns=at)
            return
        try_acquire, admitted = self.bucket.try_acquire, expect == "admitted"
        for _ in range(times - 1):
            assert bool(try_acquire(n, at)) is admitted
            at += every
        self.check(try_acquire(n, at), expect, status)

    def up_to(self, n: int, at: int, expect: int) -> None:
        if expect == -1:
            self.misuse(self.bucket.acquire_up_to, n, now_ns=at)
        else:
            assert self.bucket.acquire_up_to(n, now_ns=at) == expect

    def force(self, n: int, at: int, expect: str, **status: Any) -> None:
        if expect == "misuse":
            self.misuse(self.bucket.force_acquire, n, now_ns=at)
        else:
            self.check(self.bucket.force_acquire(n, now_ns=at), expect, status)

    def reserve(
        self, name: str, n: int, at: int, expect: str, delay_ns: int, max_wait_ns: int | None = None
    ) -> None:
        max_wait = None if max_wait_ns is None else max_wait_ns / SECOND
        if expect == "misuse":
            self.misuse(self.bucket.reserve, n, max_wait, now_ns=at)
            self.reservations[name] = None
            return
        made = self.reservations[name] = self.bucket.reserve(n, max_wait, now_ns=at)
        assert (made is not None) is (expect == "admitted")
        if made is not None:
            assert (made.delay_ns, made.act_at_ns) == (delay_ns, max(at, 0) + delay_ns)
            assert made.delay * SECOND >= delay_ns

    def cancel(self, name: str, at: int) -> None:
        reservation = self.reservations[name]
        assert reservation is None or reservation.cancel(now_ns=at)

    def refund(self, n: int, at: int) -> None:
        if n < 0:
            self.misuse(self.bucket.refund, n, now_ns=at)
        else:
            self.bucket.refund(n, now_ns=at)

    def change(self, changes: Step, inheritance: str, at: int) -> None:
        self.bucket.reconfigure(inheritance, now_ns=at, **changes)

    def snapshot(self, fields: Step, at: int) -> None:
        got = self.bucket.snapshot(now_ns=at).as_dict()
        assert {name: got[name] for name in fields} == fields
