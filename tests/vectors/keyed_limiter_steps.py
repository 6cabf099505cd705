"""The steps of the keyed limiter's scenarios, and what the reference says to them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reference_keyed_limiter import (
    SCHEMA,
    Answer,
    KeyedLimiter,
    Options,
    make_options,
)
from reference_token_bucket import FOREVER
from scenario import TEN_YEARS, Replay, Step, Vector, envelope, without_defaults

NEVER = "never"
STATUS = ("remaining", "limit", "reset_after_ns", "retry_after_ns", "next_after_ns")


# ---- steps; times are in nanoseconds


def take(n: int, key: str, at: int, expect: str = "admitted", every: int = 0, times: int = 1,
         **status: int | str) -> Step:  # fmt: skip
    """`status`: what is said of the decision. A refusal's retry_after_ns is what the reference
    says, unless the scenario says it."""
    return _step(take=n, key=key, at=at, every=every, times=times, expect=expect, **status)


def refund(n: int, key: str, at: int) -> Step:
    return _step(refund=n, key=key, at=at)


def forget(key: str) -> Step:
    return _step(forget=key)


def live(expect: int, at: int) -> Step:
    return _step(live=expect, at=at)


def change(**changes: Any) -> Step:
    return _step(change=changes)


def look(at: int = 0, **fields: int) -> Step:
    return _step(snapshot=fields, at=at)


_WHEN_MISSING = {"every": 0, "times": 1}


def _step(**keys: Any) -> Step:
    return without_defaults(_WHEN_MISSING, keys)


# ---- a scenario, and what the reference says to it


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    made = make_options(options)
    if not SCHEMA.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or _usual_origins(made)
    for origin in used:
        _Replay(name, made, origin).run(steps)
    return envelope(name, source, note, dict(options), used, steps)


def _usual_origins(options: Options) -> list[int]:
    """As README.md says."""
    limiter = KeyedLimiter(options)
    turn = 2**39 * limiter.unit
    # Whole tokens of whole nanoseconds.
    grid = (limiter.token * limiter.unit).numerator
    near = [] if turn > 2**61 else [int(turn), int(5 * turn)]
    wanted = [0, *(origin - 2 * grid for origin in near), *near, TEN_YEARS, 2**61]
    return sorted({max(origin - origin % grid, 0) for origin in wanted})


class _Replay(Replay):
    def __init__(self, name: str, options: Options, origin: int) -> None:
        super().__init__(name, origin)
        self.limiter = KeyedLimiter(options)

    def every(self, step: Step) -> int:
        return int(step.get("every", 0))

    def _decided(self, step: Step, answer: Answer) -> None:
        self.check(step, answer.reason, step["expect"])
        refused = answer.reason not in ("admitted", "misuse")
        if not refused and step.keys().isdisjoint(STATUS):
            return
        status: dict[str, Any] = dict(self.limiter.describe(answer))
        if status["retry_after_ns"] == FOREVER:
            status["retry_after_ns"] = NEVER
        if refused and step.get("times", 1) == 1:
            step.setdefault("retry_after_ns", status["retry_after_ns"])
        named = {name: value for name, value in step.items() if name in STATUS}
        self.check(step, {name: status[name] for name in named}, named)

    def _take(self, step: Step, at: int) -> None:
        self._decided(step, self.limiter.take(step["key"], step["take"], at))

    def _refund(self, step: Step, at: int) -> None:
        self.limiter.refund(step["key"], step["refund"], at)

    def _forget(self, step: Step, _at: int) -> None:
        self.limiter.forget(step["forget"])

    def _live(self, step: Step, at: int) -> None:
        self.check(step, self.limiter.live(at), step["live"])

    def _change(self, step: Step, _at: int) -> None:
        self.limiter.options = replace(self.limiter.options, **step["change"])

    def _snapshot(self, step: Step, _at: int) -> None:
        got = self.limiter.snapshot()
        self.check(step, {name: got[name] for name in step["snapshot"]}, step["snapshot"])
