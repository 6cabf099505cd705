"""The steps of the circuit breaker's scenarios, and what the reference says to them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import reference
from reference_options import Options, in_range, make_options
from scenario import TEN_YEARS, Replay, Step, Vector, envelope, without_defaults

LETTERS: dict[str, reference.Outcome] = {"S": "success", "F": "failure", "I": "ignored"}


# ---- steps; times are in nanoseconds


def acquire(name: str, at: int, expect: str = "admitted", retry_after_ns: int | None = None,
            times: int = 1) -> Step:  # fmt: skip
    """`retry_after_ns` is what the reference says, unless the scenario says it."""
    return _step(acquire=name, at=at, expect=expect, retry_after_ns=retry_after_ns, times=times)


def settle(name: str, outcome: str, at: int, expect: str = "counted") -> Step:
    return _step(settle=name, outcome=LETTERS[outcome], at=at, expect=expect)


def calls(letters: str, at: int, took_ns: int = 0, every_ns: int = 0, times: int = 1) -> Step:
    return _step(calls=letters, at=at, took_ns=took_ns, every_ns=every_ns, times=times)


def foreign(name: str, at: int) -> Step:
    return _step(foreign=name, at=at)


def manual(change: str, at: int, expect: str = "changed", times: int = 1) -> Step:
    return _step(manual=change, at=at, expect=expect, times=times)


def reconfigure(expect: str = "ok", **changes: Any) -> Step:
    return _step(reconfigure=changes, expect=expect)


def look(at: int, **fields: Any) -> Step:
    """A snapshot. A rate of None is undefined."""
    return _step(snapshot={k: -1 if v is None else v for k, v in fields.items()}, at=at)


def event(generation: int, change: str, reason: str, rate: float = -1, **at: int) -> Step:
    """`change` is as in "closed open". `at` may be left out where it does not shift."""
    before, after = change.split()
    return {"generation": generation, "from": before, "to": after, "reason": reason,
            "rate": rate, **at}  # fmt: skip


def events(*expected: Step, since: int = 0, lost: int = 0) -> Step:
    return _step(events=list(expected), since=since, lost=lost)


def repeat(times: int, every_ns: int, *steps: Step) -> Step:
    return {"repeat": times, "every_ns": every_ns, "steps": list(steps)}


_WHEN_MISSING = {"times": 1, "took_ns": 0, "every_ns": 0, "lost": 0, "retry_after_ns": None}


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


class _Replay(Replay):
    def __init__(self, name: str, options: Options, origin: int) -> None:
        super().__init__(name, origin)
        self.options = options
        self.breaker = reference.CircuitBreaker(options)
        self.permits: dict[str, reference.Permit | None] = {}

    def every(self, step: Step) -> int:
        return int(step.get("every_ns", 0)) * len(step.get("calls", ""))

    def _acquire(self, step: Step, at: int) -> None:
        answer = self.breaker.acquire(at)
        if isinstance(answer, reference.Permit):
            self.check(step, "admitted", step["expect"])
            self.permits[step["acquire"]] = answer
        else:
            self.check(step, answer.reason, step["expect"])
            wait = step.setdefault("retry_after_ns", answer.retry_after_ns)
            self.check(step, answer.retry_after_ns, wait)

    def _settle(self, step: Step, at: int) -> None:
        permit = self.permits[step["settle"]]
        self.permits[step["settle"]] = None
        got = self.breaker.settle(permit, step["outcome"], at) if permit else self.breaker.misuse()
        self.check(step, got, step["expect"])

    def _calls(self, step: Step, at: int) -> None:
        for letter in step["calls"]:
            permit = self.breaker.acquire(at)
            if not isinstance(permit, reference.Permit):
                raise SystemExit(f"{self.name}: the reference says {permit} in {step}")
            took = step.get("took_ns", 0)
            self.check(step, self.breaker.settle(permit, LETTERS[letter], at + took), "counted")
            at += step.get("every_ns", 0)

    def _foreign(self, step: Step, at: int) -> None:
        permit = reference.CircuitBreaker(self.options).acquire(at)
        assert isinstance(permit, reference.Permit)
        self.permits[step["foreign"]] = permit

    def _manual(self, step: Step, at: int) -> None:
        changed = getattr(self.breaker, step["manual"])(at) is not False
        self.check(step, "changed" if changed else "unchanged", step["expect"])

    def _reconfigure(self, step: Step, at: int) -> None:
        ok = self.breaker.reconfigure(step["reconfigure"])
        self.check(step, "ok" if ok else "error", step["expect"])

    def _snapshot(self, step: Step, at: int) -> None:
        got = self.breaker.snapshot(at)
        got["since_ns"] -= self.origin
        chosen = {name: -1 if got[name] is None else got[name] for name in step["snapshot"]}
        self.check(step, chosen, step["snapshot"])

    def _events(self, step: Step, at: int) -> None:
        got = self.breaker.events_since(step["since"])
        lost = (self.breaker.generation - step["since"]) % reference.GENERATIONS - len(got)
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

    def _repeat(self, step: Step, at: int) -> None:
        for i in range(step["repeat"]):
            self.run(step["steps"], at - self.origin + i * step["every_ns"])
