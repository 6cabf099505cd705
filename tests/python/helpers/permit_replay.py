"""Replays the vectors of policies that give permits; tests/vectors/README.md has their form."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND

OUTCOMES = {"S": sw.Outcome.SUCCESS, "F": sw.Outcome.FAILURE, "I": sw.Outcome.IGNORED}

Step = dict[str, Any]


def arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy takes for options under the names of the schema."""
    return {
        name.removesuffix("_ns"): Fraction(value, SECOND) if name.endswith("_ns") else value
        for name, value in given.items()
    }


class PermitReplay:
    kinds: tuple[str, ...] = (
        "acquire",
        "settle",
        "tries",
        "hold",
        "end",
        "reconfigure",
        "snapshot",
    )

    def __init__(self, policy: Any, origin: int) -> None:
        self.policy = policy
        self.origin = origin
        self.permits: dict[str, sw.Permit] = {}
        self.dropped: list[sw.Permit] = []  # a permit that is collected would settle itself
        self.held: deque[sw.Permit] = deque()

    def run(self, steps: list[Step], later: int = 0) -> None:
        for step in steps:
            if "repeat" in step:
                assert set(step) == {"repeat", "every_ns", "steps"}
                for lap in range(step["repeat"]):
                    self.run(step["steps"], later + lap * step["every_ns"])
                continue
            (kind,) = (name for name in self.kinds if name in step)
            rest = {name: value for name, value in step.items() if name != kind}
            if "at" in rest:
                rest["at"] += self.origin + later
            getattr(self, kind)(step[kind], **rest)

    def finish(self) -> None:
        for permit in [*self.permits.values(), *self.dropped, *self.held]:
            if not permit.settled:
                permit.settle(sw.Outcome.IGNORED, now_ns=0)

    def of(self, priority: str) -> Any:
        return self.policy if priority == "normal" else self.policy.with_priority(priority)

    def keep(self, name: str, permit: sw.Permit) -> None:
        if name in self.permits:
            self.dropped.append(self.permits[name])
        self.permits[name] = permit

    def acquire(
        self, name: str, at: int, expect: str, priority: str = "normal", times: int = 1
    ) -> None:
        for _ in range(times):
            answer = self.of(priority).try_acquire(now_ns=at)
            if expect == "admitted":
                assert answer, answer
                self.keep(name, answer)
            else:
                assert not answer, answer
                assert (answer.reason, answer.retry_after_ns) == (expect, 0)

    def settle(self, name: str, at: int, expect: str, outcome: str = "success") -> None:
        before = self.policy.snapshot(now_ns=at).as_dict()
        counted = self.permits[name].settle(sw.Outcome(outcome), now_ns=at)
        after = self.policy.snapshot(now_ns=at).as_dict()
        changed = {
            "counted": counted,
            "stale": after.get("total_stale", 0) - before.get("total_stale", 0) == 1,
            "misused": after["total_misused"] - before["total_misused"] == 1,
        }
        assert {name for name, holds in changed.items() if holds} == {expect}

    def tries(
        self, letters: str, at: int, outcome: str, every_ns: int = 0, priority: str = "normal"
    ) -> None:
        policy, answers = self.of(priority), []
        for place in range(len(letters)):
            permit = policy.try_acquire(now_ns=at + place * every_ns)
            answers.append("A" if permit else "R")
            if permit:
                assert permit.settle(sw.Outcome(outcome), now_ns=at + place * every_ns)
        assert "".join(answers) == letters

    def hold(self, calls: int, at: int, priority: str = "normal") -> None:
        for _ in range(calls):
            permit = self.of(priority).try_acquire(now_ns=at)
            assert permit, permit
            self.held.append(permit)

    def end(self, calls: int, at: int, outcome: str) -> None:
        for _ in range(calls):
            assert self.held.popleft().settle(sw.Outcome(outcome), now_ns=at)

    def reconfigure(self, changes: Step, expect: str) -> None:
        if expect == "ok":
            self.policy.reconfigure(**arguments(changes))
        else:
            with pytest.raises(ValueError, match=r"must be|cannot|fixed|more"):
                self.policy.reconfigure(**arguments(changes))

    def snapshot(self, fields: Step, at: int) -> None:
        expected = {name: None if value == -1 else value for name, value in fields.items()}
        got = self.policy.snapshot(now_ns=at).as_dict()
        assert {name: got[name] for name in expected} == pytest.approx(expected, abs=1e-12)


class ClientThrottle(PermitReplay):
    def __init__(self, options: Step, origin: int) -> None:
        super().__init__(sw.ClientThrottle(**arguments(options)), origin)


class AdaptiveLimiter(PermitReplay):
    def __init__(self, options: Step, origin: int) -> None:
        super().__init__(sw.AdaptiveLimiter(**arguments(options)), origin)
