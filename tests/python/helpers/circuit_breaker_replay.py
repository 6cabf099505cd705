"""Replays the vectors of the circuit breaker; tests/vectors/README.md says what they hold."""

from __future__ import annotations

from typing import Any

import pytest
import spillway as sw
from breakers import arguments

OUTCOMES = {"S": sw.Outcome.SUCCESS, "F": sw.Outcome.FAILURE, "I": sw.Outcome.IGNORED}
KINDS = ("acquire", "settle", "calls", "foreign", "manual", "reconfigure", "snapshot", "events")

Step = dict[str, Any]


class Replay:
    def __init__(self, options: Step, origin: int) -> None:
        self.options = arguments(options)
        self.breaker = sw.CircuitBreaker(**self.options)
        self.origin = origin
        self.permits: dict[str, sw.Permit] = {}
        self.dropped: list[sw.Permit] = []  # a permit that is collected would settle itself
        self.foreign: dict[str, sw.CircuitBreaker] = {}

    def run(self, steps: list[Step], later: int = 0) -> None:
        for step in steps:
            if "repeat" in step:
                assert set(step) == {"repeat", "every_ns", "steps"}
                for lap in range(step["repeat"]):
                    self.run(step["steps"], later + lap * step["every_ns"])
                continue
            (kind,) = (name for name in KINDS if name in step)
            rest = {name: value for name, value in step.items() if name != kind}
            if "at" in rest:
                rest["at"] += self.origin + later
            for _ in range(rest.pop("times", 1) if kind != "calls" else 1):
                getattr(self, kind)(step[kind], **rest)

    def finish(self) -> None:
        for permit in [*self.permits.values(), *self.dropped]:
            if not permit.settled:
                permit.settle(sw.Outcome.IGNORED, now_ns=0)

    def admit(self, breaker: sw.CircuitBreaker, name: str, at: int) -> None:
        permit = breaker.try_acquire(now_ns=at)
        assert permit, permit
        if name in self.permits:
            self.dropped.append(self.permits[name])
        self.permits[name] = permit

    def acquire(
        self, name: str, at: int, expect: str = "admitted", retry_after_ns: int = 0
    ) -> None:
        if expect == "admitted":
            self.admit(self.breaker, name, at)
            return
        rejection = self.breaker.try_acquire(now_ns=at)
        assert not rejection, rejection
        assert (rejection.reason, rejection.retry_after_ns) == (expect, retry_after_ns)
        assert rejection.retry_after * 10**9 >= retry_after_ns

    def settle(self, name: str, at: int, outcome: str = "success", expect: str = "counted") -> None:
        before = self.breaker.snapshot(now_ns=at)
        counted = self.permits[name].settle(sw.Outcome(outcome), now_ns=at)
        after = self.breaker.snapshot(now_ns=at)
        changed = {
            "counted": counted,
            "stale": after.total_stale - before.total_stale == 1,
            "misused": after.total_misused - before.total_misused == 1,
        }
        assert {name for name, holds in changed.items() if holds} == {expect}

    def calls(
        self, letters: str, at: int, took_ns: int = 0, every_ns: int = 0, times: int = 1
    ) -> None:
        for letter in letters * times:
            permit = self.breaker.try_acquire(now_ns=at)
            assert permit, permit
            assert permit.settle(OUTCOMES[letter], now_ns=at + took_ns)
            at += every_ns

    def manual(self, name: str, at: int, expect: str) -> None:
        changed = getattr(self.breaker, name)(now_ns=at)
        assert changed is {"changed": None if name == "reset" else True, "unchanged": False}[expect]

    def reconfigure(self, changes: Step, expect: str) -> None:
        if expect == "ok":
            self.breaker.reconfigure(**arguments(changes))
        else:
            with pytest.raises(ValueError, match=r"must be|cannot change|needs"):
                self.breaker.reconfigure(**arguments(changes))

    def snapshot(self, fields: Step, at: int) -> None:
        expected = {name: None if value == -1 else value for name, value in fields.items()}
        if "since_ns" in expected:
            expected["since_ns"] += self.origin
        got = self.breaker.snapshot(now_ns=at).as_dict()
        assert {name: got[name] for name in expected} == pytest.approx(expected, abs=1e-12)

    def events(self, expected: list[Step], since: int, lost: int = 0) -> None:
        events = self.breaker.events(since)
        got = [
            {
                "generation": event.generation,
                "from": event.old,
                "to": event.new,
                "reason": event.reason,
                "rate": -1 if event.rate is None else event.rate,
                "at": event.time_ns - self.origin,
            }
            for event in events
        ]
        assert len(got) == len(expected)
        for one, wanted in zip(got, expected, strict=True):
            assert {name: one[name] for name in wanted} == pytest.approx(wanted, abs=1e-12)
        assert [event.sequence for event in events] == [event.generation for event in events]
        assert self.breaker._read_events(since, self.breaker.generation)[1] == lost
