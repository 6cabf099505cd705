"""The steps of the scenarios of buckets, and what the reference of the token bucket says to
them."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from reference_token_bucket import FOREVER, SCHEMA, TokenBucket, make_options, rate_of
from reference_warm_up import WarmingTokenBucket
from scenario import MS, TEN_YEARS, Replay, S, Step, Vector, envelope, without_defaults

NEVER = "never"


# ---- steps; times are in nanoseconds


def take(n: int, at: int, expect: str = "admitted", every: int = 0, times: int = 1,
         **status: int | str) -> Step:  # fmt: skip
    """`status`: what is said of the decision, of remaining, limit, reset_after_ns, next_after_ns,
    retry_after_ns. A refusal's retry_after_ns is what the reference says, unless the scenario says
    it."""
    return _step(take=n, at=at, every=every, times=times, expect=expect, **status)


def up_to(n: int, at: int, expect: int) -> Step:
    return _step(up_to=n, at=at, expect=expect)


def force(n: int, at: int, expect: str = "admitted", **status: int | str) -> Step:
    return _step(force=n, at=at, expect=expect, **status)


def reserve(name: str, n: int, at: int, delay_ns: int = 0, expect: str = "admitted",
            max_wait_ns: int | None = None) -> Step:  # fmt: skip
    return _step(reserve=name, n=n, at=at, max_wait_ns=max_wait_ns, expect=expect,
                 delay_ns=delay_ns)  # fmt: skip


def cancel(name: str, at: int) -> Step:
    return _step(cancel=name, at=at)


def refund(n: int, at: int) -> Step:
    return _step(refund=n, at=at)


def change(at: int, inheritance: str = "keep", **changes: Any) -> Step:
    return _step(change=changes, inheritance=inheritance, at=at)


def look(at: int, **fields: int) -> Step:
    return _step(snapshot=fields, at=at)


_WHEN_MISSING = {"every": 0, "times": 1, "max_wait_ns": None}


def _step(**keys: Any) -> Step:
    return without_defaults(_WHEN_MISSING, keys)


# ---- a scenario, and what the reference says to it


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    made = make_options(options)
    if not SCHEMA.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or usual_origins(made.rate)
    for origin in used:
        bucket = (WarmingTokenBucket if made.warm_up_ns else TokenBucket)(made)
        BucketReplay(name, bucket, origin).run(steps)
    return envelope(name, source, note, dict(options), used, steps)


def usual_origins(*rates: float) -> list[int]:
    """As README.md says."""
    tokens = [Fraction(S) / rate_of(rate) for rate in rates]
    grid = math.lcm(*(1 if t.denominator == 1 else t.numerator for t in tokens))
    half, whole = 2**61, 2**62
    wanted = [0, TEN_YEARS, half - 150 * MS, half + 1, whole - 150 * MS, whole, whole + 1]
    return sorted({origin - origin % grid for origin in wanted})


def decided(replay: Replay, step: Step, answer: Any, limiter: Any) -> None:
    """Checks what the step says of the answer, and fills in a refusal's retry_after_ns."""
    replay.check(step, answer.reason, step["expect"])
    refused = answer.reason not in ("admitted", "misuse")
    if not refused and step.keys().isdisjoint(STATUS):
        return  # there may be a million of these
    status: dict[str, Any] = dict(limiter.describe(answer))
    if status["retry_after_ns"] == FOREVER:
        status["retry_after_ns"] = NEVER
    if refused and step.get("times", 1) == 1:
        step.setdefault("retry_after_ns", status["retry_after_ns"])
    named = {name: value for name, value in step.items() if name in STATUS}
    replay.check(step, {name: status[name] for name in named}, named)


class BucketReplay(Replay):
    """`bucket` is the reference of a token bucket or of a leaky bucket: they are asked alike."""

    def __init__(self, name: str, bucket: Any, origin: int) -> None:
        super().__init__(name, origin)
        self.bucket = bucket
        self.reservations: dict[str, Any] = {}

    def every(self, step: Step) -> int:
        return int(step.get("every", 0))

    def _take(self, step: Step, at: int) -> None:
        decided(self, step, self.bucket.take(step["take"], at), self.bucket)

    def _force(self, step: Step, at: int) -> None:
        decided(self, step, self.bucket.force(step["force"], at), self.bucket)

    def _up_to(self, step: Step, at: int) -> None:
        self.check(step, self.bucket.up_to(step["up_to"], at), step["expect"])

    def _reserve(self, step: Step, at: int) -> None:
        got = self.bucket.reserve(step["n"], at, step.get("max_wait_ns", FOREVER))
        self.reservations[step["reserve"]] = got
        self.check(step, (got.answer.reason, got.delay), (step["expect"], step["delay_ns"]))

    def _cancel(self, step: Step, at: int) -> None:
        self.bucket.cancel(self.reservations.pop(step["cancel"]), at)

    def _refund(self, step: Step, at: int) -> None:
        self.bucket.refund(step["refund"], at)

    def _change(self, step: Step, at: int) -> None:
        self.bucket.reconfigure(step["change"], step["inheritance"], at)

    def _snapshot(self, step: Step, at: int) -> None:
        got = self.bucket.snapshot(at)
        self.check(step, {name: got[name] for name in step["snapshot"]}, step["snapshot"])


STATUS = ("remaining", "limit", "reset_after_ns", "retry_after_ns", "next_after_ns")
