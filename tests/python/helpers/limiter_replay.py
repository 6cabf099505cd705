"""Replays the vectors of the limiters; tests/vectors/README.md says what they hold."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import spillway as sw
from breakers import SECOND

Step = dict[str, Any]


class Replay:
    """What the vectors of every limiter hold; each has a method for each kind of its steps."""

    kinds: ClassVar[tuple[str, ...]] = ("take", "change", "snapshot")

    def __init__(self, limiter: Any, origin: int) -> None:
        self.limiter = limiter
        self.origin = origin

    def run(self, steps: list[Step]) -> None:
        for step in steps:
            kind, *names = step
            assert kind in self.kinds
            rest = {name: step[name] for name in names}
            if "at" in rest:
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
        self, n: int, at: int, expect: str, times: int = 1, every: int = 0, **rest: Any
    ) -> None:
        key = [rest.pop("key")] if "key" in rest else []
        refuser = rest.pop("refuser", 0)
        ask = self.limiter.try_acquire
        if expect == "misuse":
            self.misuse(ask, *key, n, now_ns=at)
            return
        for _ in range(times - 1):
            assert bool(ask(*key, n, at)) is (expect == "admitted")
            at += every
        decision = ask(*key, n, at)
        self.check(decision, expect, rest)
        members = getattr(self.limiter, "members", None)
        refused_by = None if decision or members is None else members[refuser]
        assert decision.refused_by is refused_by

    def change(self, changes: Step, at: int = 0) -> None:
        self.limiter.reconfigure(**changes)

    def snapshot(self, fields: Step, at: int) -> None:
        got = self.limiter.snapshot(now_ns=at).as_dict()
        assert {name: got[name] for name in fields} == fields


class Bucket(Replay):
    kinds = (*Replay.kinds, "up_to", "force", "reserve", "cancel", "refund")

    def __init__(self, limiter: sw.TokenBucket | sw.LeakyBucket, origin: int) -> None:
        super().__init__(limiter, origin)
        self.reservations: dict[str, sw.Reservation | None] = {}

    def up_to(self, n: int, at: int, expect: int) -> None:
        if expect == -1:
            self.misuse(self.limiter.acquire_up_to, n, now_ns=at)
        else:
            assert self.limiter.acquire_up_to(n, now_ns=at) == expect

    def force(self, n: int, at: int, expect: str, **status: Any) -> None:
        if expect == "misuse":
            self.misuse(self.limiter.force_acquire, n, now_ns=at)
        else:
            self.check(self.limiter.force_acquire(n, now_ns=at), expect, status)

    def reserve(
        self, name: str, n: int, at: int, expect: str, delay_ns: int, max_wait_ns: int | None = None
    ) -> None:
        max_wait = None if max_wait_ns is None else max_wait_ns / SECOND
        if expect == "misuse":
            self.misuse(self.limiter.reserve, n, max_wait, now_ns=at)
            self.reservations[name] = None
            return
        made = self.reservations[name] = self.limiter.reserve(n, max_wait, now_ns=at)
        assert (made is not None) is (expect == "admitted")
        if made is not None:
            assert (made.delay_ns, made.act_at_ns) == (delay_ns, max(at, 0) + delay_ns)
            assert made.delay * SECOND >= delay_ns

    def cancel(self, name: str, at: int) -> None:
        reservation = self.reservations[name]
        assert reservation is None or reservation.cancel(now_ns=at)

    def refund(self, n: int, at: int) -> None:
        if n < 0:
            self.misuse(self.limiter.refund, n, now_ns=at)
        else:
            self.limiter.refund(n, now_ns=at)

    def change(self, changes: Step, inheritance: str, at: int) -> None:  # type: ignore[override]
        self.limiter.reconfigure(inheritance, now_ns=at, **changes)


class SlidingWindowLimiter(Replay):
    kinds = (*Replay.kinds, "reset")

    def reset(self, _: bool, at: int) -> None:
        self.limiter.reset(now_ns=at)


class KeyedLimiter(Replay):
    kinds = (*Replay.kinds, "refund", "forget", "live")

    def refund(self, n: int, key: str, at: int) -> None:
        self.limiter.refund(key, n, now_ns=at)

    def forget(self, key: str) -> None:
        self.limiter.forget(key)

    def live(self, count: int, at: int) -> None:
        assert self.limiter.count_live_keys(now_ns=at) == count


class MultiLimiter(Replay):
    kinds = (*Replay.kinds, "member")

    def __init__(self, limiter: sw.MultiLimiter, origin: int) -> None:
        super().__init__(limiter, origin)
        self.members = [Bucket(member, origin) for member in limiter.members]

    def member(self, place: int, steps: list[Step]) -> None:
        self.members[place].run(steps)


def seconds(options: Step) -> Step:
    """The options of a vector for Python, which takes seconds."""
    return {
        name.removesuffix("_ns"): value / SECOND if name.endswith("_ns") else value
        for name, value in options.items()
    }


def token_bucket(options: Step, origin: int) -> Replay:
    return Bucket(sw.TokenBucket(**seconds(options)), origin)


def leaky_bucket(options: Step, origin: int) -> Replay:
    return Bucket(sw.LeakyBucket(**seconds(options)), origin)


def sliding_window_limiter(options: Step, origin: int) -> Replay:
    options = seconds(options)
    also = [
        (options.pop(f"{which}_limit"), options.pop(f"{which}_per"))
        for which in ("second", "third")
        if f"{which}_limit" in options
    ]
    return SlidingWindowLimiter(sw.SlidingWindowLimiter(**options, also=also), origin)


def keyed_limiter(options: Step, origin: int) -> Replay:
    return KeyedLimiter(sw.KeyedLimiter(**seconds(options)), origin)


def multi_limiter(options: Step, origin: int) -> Replay:
    options = dict(options)
    kinds: dict[str, Any] = {"token_bucket": sw.TokenBucket, "leaky_bucket": sw.LeakyBucket}
    members = [
        kinds[noun](**seconds(own))
        for member in options.pop("members")
        for noun, own in member.items()
    ]
    return MultiLimiter(sw.MultiLimiter(*members, **options), origin)
