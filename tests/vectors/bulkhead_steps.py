"""The steps of the bulkhead's scenarios, and what the reference says to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from reference_bulkhead import Bulkhead, Permit, is_good, make_options
from scenario import TEN_YEARS, Replay, Step, Vector, envelope, without_defaults

ORIGINS = (0, TEN_YEARS, 2**62)


# ---- steps; times are in nanoseconds


def acquire(name: str, expect: str = "admitted", priority: str = "normal", at: int = 0,
            times: int = 1) -> Step:  # fmt: skip
    return _step(acquire=name, at=at, priority=priority, expect=expect, times=times)


def enqueue(name: str, expect: str = "queued", priority: str = "normal", at: int = 0,
            times: int = 1) -> Step:  # fmt: skip
    return _step(enqueue=name, at=at, priority=priority, expect=expect, times=times)


def poll(name: str, expect: str, at: int = 0) -> Step:
    """`expect`: "slot", "place" or "nothing"."""
    return _step(poll=name, at=at, expect=expect)


def settle(name: str, expect: str = "counted", outcome: str = "success", at: int = 0) -> Step:
    return _step(settle=name, at=at, outcome=outcome, expect=expect)


def foreign(name: str) -> Step:
    return _step(foreign=name, at=0)


def change(expect: str = "ok", **changes: Any) -> Step:
    return _step(reconfigure=changes, expect=expect)


def look(**fields: int) -> Step:
    return _step(snapshot=fields, at=0)


_WHEN_MISSING = {"priority": "normal", "outcome": "success", "times": 1}


def _step(**keys: Any) -> Step:
    return without_defaults(_WHEN_MISSING, keys)


# ---- a scenario, and what the reference says to it


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "") -> Vector:  # fmt: skip
    steps = list(steps)
    if not is_good(make_options(options)):
        raise SystemExit(f"{name}: an option is out of range")
    for origin in ORIGINS:
        _Replay(name, options, origin).run(steps)
    return envelope(name, source, note, dict(options), ORIGINS, steps)


class _Replay(Replay):
    def __init__(self, name: str, options: Mapping[str, Any], origin: int) -> None:
        super().__init__(name, origin)
        self.bulkhead = Bulkhead(make_options(options))
        self.permits: dict[str, Permit] = {}

    def every(self, step: Step) -> int:
        return 0

    def _ask(self, step: Step, name: str, may_wait: bool) -> None:
        answer, permit = self.bulkhead.ask(step.get("priority", "normal"), may_wait)
        self.permits[name] = permit
        self.check(step, answer, step["expect"])

    def _acquire(self, step: Step, at: int) -> None:
        self._ask(step, step["acquire"], may_wait=False)

    def _enqueue(self, step: Step, at: int) -> None:
        self._ask(step, step["enqueue"], may_wait=True)

    def _poll(self, step: Step, at: int) -> None:
        permit = self.permits[step["poll"]]
        if permit.holds == "nothing":
            self.bulkhead.totals["misused"] += 1
        self.check(step, permit.holds, step["expect"])

    def _settle(self, step: Step, at: int) -> None:
        self.check(step, self.bulkhead.settle(self.permits[step["settle"]]), step["expect"])

    def _foreign(self, step: Step, at: int) -> None:
        self.permits[step["foreign"]] = Permit("nothing")

    def _reconfigure(self, step: Step, at: int) -> None:
        done = self.bulkhead.reconfigure(step["reconfigure"])
        self.check(step, "ok" if done else "error", step["expect"])

    def _snapshot(self, step: Step, at: int) -> None:
        got = self.bulkhead.snapshot()
        self.check(step, {name: got[name] for name in step["snapshot"]}, step["snapshot"])
