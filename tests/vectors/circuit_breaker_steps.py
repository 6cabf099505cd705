"""The steps of the circuit breaker's scenarios, and what the reference says to them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import reference
from permit_steps import (
    LETTERS,
    PermitReplay,
    acquire,
    foreign,
    look,
    reconfigure,
    repeat,
    settle,
)
from reference_options import Options, in_range, make_options
from scenario import TEN_YEARS, Step, Vector, envelope, without_defaults

__all__ = ["acquire", "foreign", "look", "reconfigure", "repeat", "settle"]

# ---- steps; times are in nanoseconds


def calls(letters: str, at: int, took_ns: int = 0, every_ns: int = 0, times: int = 1) -> Step:
    return _step(calls=letters, at=at, took_ns=took_ns, every_ns=every_ns, times=times)


def manual(change: str, at: int, expect: str = "changed", times: int = 1) -> Step:
    return _step(manual=change, at=at, expect=expect, times=times)


def event(generation: int, change: str, reason: str, rate: float = -1, **at: int) -> Step:
    """`change` is as in "closed open". `at` may be left out where it does not shift."""
    before, after = change.split()
    return {"generation": generation, "from": before, "to": after, "reason": reason,
            "rate": rate, **at}  # fmt: skip


def events(*expected: Step, since: int = 0, lost: int = 0) -> Step:
    return _step(events=list(expected), since=since, lost=lost)


_WHEN_MISSING = {"times": 1, "took_ns": 0, "every_ns": 0, "lost": 0}


def _step(**keys: Any) -> Step:
    return without_defaults(_WHEN_MISSING, keys)


# ---- a scenario, and what the reference says to it


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    options = {"jitter": 0.0, **options}
    steps = list(steps)
    made = make_options(options)
    if not in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or _usual_origins(made)
    for origin in used:
        _Replay(name, made, origin).run(steps)
    return envelope(name, source, note, options, used, steps)


def _usual_origins(options: Options) -> list[int]:
    """As README.md says."""
    grid, places = 1, [0]
    if options.window_kind == "time":
        grid = options.bucket_ns
        places = [place * options.bucket_ns for place in range(min(options.buckets, 16))]
        if options.in_flight:
            grid = math.lcm(grid, options.start_bucket_ns)
    before_unit = 2**27 * 10**9 - options.open_for_ns % 2**27 - 1
    wanted = [0, before_unit, 2**62, *(TEN_YEARS - TEN_YEARS % grid + place for place in places)]
    return sorted({origin - origin % grid for origin in wanted})


class _Replay(PermitReplay):
    def __init__(self, name: str, options: Options, origin: int) -> None:
        self.options = options
        super().__init__(name, origin)

    def make(self) -> reference.CircuitBreaker:
        return reference.CircuitBreaker(self.options)

    def every(self, step: Step) -> int:
        return int(step.get("every_ns", 0)) * len(step.get("calls", ""))

    def ask(self, policy: Any, step: Step, at: int) -> reference.Permit | str:
        answer: reference.Permit | reference.Rejection = policy.acquire(at)
        if isinstance(answer, reference.Permit):
            return answer
        if "acquire" in step:
            wait = step.setdefault("retry_after_ns", answer.retry_after_ns)
            self.check(step, answer.retry_after_ns, wait)
        return answer.reason

    def _calls(self, step: Step, at: int) -> None:
        for letter in step["calls"]:
            permit = self.admitted(self.policy, step, at)
            took = step.get("took_ns", 0)
            self.check(step, self.policy.settle(permit, LETTERS[letter], at + took), "counted")
            at += step.get("every_ns", 0)

    def _manual(self, step: Step, at: int) -> None:
        changed = getattr(self.policy, step["manual"])(at) is not False
        self.check(step, "changed" if changed else "unchanged", step["expect"])

    def _snapshot(self, step: Step, at: int) -> None:
        got = self.policy.snapshot(at)
        got["since_ns"] -= self.origin
        chosen = {name: -1 if got[name] is None else got[name] for name in step["snapshot"]}
        self.check(step, chosen, step["snapshot"])

    def _events(self, step: Step, at: int) -> None:
        got = self.policy.events_since(step["since"])
        lost = (self.policy.generation - step["since"]) % reference.GENERATIONS - len(got)
        self.check(step, lost, step.get("lost", 0))
        self.check(step, len(got), len(step["events"]))
        for found, said in zip(got, step["events"], strict=True):
            fields = {
                "generation": found.generation,
                "from": found.from_state,
                "to": found.to_state,
                "reason": found.reason,
                "rate": -1 if found.rate is None else found.rate,
                "at": found.time - self.origin,
            }
            self.check(step, {name: fields[name] for name in said}, said)
