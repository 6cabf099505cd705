"""Random options and random timed calls: the breaker answers as the sequential reference does."""

from __future__ import annotations

from typing import Any

import reference
import spillway as sw
from breakers import SECOND, arguments
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_options import make_options

MS = 1_000_000


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["time", "time", "count", "consecutive", "k_of_n"]))
    size = draw(st.integers(1, 40))
    bucket = draw(st.integers(1, 5)) * MS
    given: dict[str, Any] = {
        "window_kind": kind,
        "failure_rate": draw(st.integers(1, 100)) / 100,
        "min_calls": draw(st.integers(1, 8)),
        "slow_call_ns": draw(st.sampled_from([0, 1, 2 * MS, 5 * MS])),
        "slow_rate": draw(st.integers(1, 100)) / 100,
        "open_for_ns": draw(st.sampled_from([MS, 7 * MS])),
        "backoff": draw(st.sampled_from([1.0, 1.5, 2.0])),
        "max_open_ns": draw(st.sampled_from([10 * MS, SECOND])),
        "jitter": 0.0,
        "probes": draw(st.integers(1, 5)),
        "probes_in_flight": draw(st.integers(1, 3)),
        "probe_lease_ns": draw(st.sampled_from([3 * MS, SECOND])),
        "ramp_ns": draw(st.sampled_from([0, 0, 20 * MS])),
        "initial_state": draw(st.sampled_from(["closed", "closed", "closed", "metrics_only"])),
    }
    if kind == "time":
        buckets = draw(st.integers(1, 8))
        slow = given["slow_call_ns"]
        fits = slow + max(bucket, -(-slow // 8)) <= bucket * buckets
        in_flight = slow != 0 and fits and draw(st.booleans())
        given |= {"window_ns": bucket * buckets, "buckets": buckets, "in_flight": in_flight}
        given |= {"striped": draw(st.booleans())}
    elif kind == "count":
        given["window_size"] = size
    else:
        given["window_failures"] = draw(st.integers(1, size))
        if kind == "k_of_n":
            given["window_size"] = size
    return given


OUTCOMES = st.sampled_from(["success", "success", "failure", "failure", "ignored"])
PASS = st.sampled_from(["0", "0", "0", "1", "bucket", "before bucket", "retry", "slow", "lease"])
RARE = ["manual", "reset", "reconfigure"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["call"] * 9 + ["acquire"] * 6 + ["settle"] * 6 + RARE),
        PASS,
        st.integers(0, 2**16),  # which permit, which state, how much a clock lags
        OUTCOMES,
    ),
    min_size=150,
    max_size=300,
)


class Duel:
    def __init__(self, given: dict[str, Any], start: int) -> None:
        self.options = make_options(given)
        self.real = sw.CircuitBreaker(**arguments(given))
        self.model = reference.CircuitBreaker(self.options)
        self.now = start
        self.retry_after = 0
        self.held: list[tuple[sw.Permit, reference.Permit]] = []
        self.permits: list[sw.Permit] = []

    def pass_time(self, how: str) -> None:
        bucket = self.options.bucket_ns
        self.now += {
            "0": 0,
            "1": 1,
            "bucket": bucket - self.now % bucket,
            "before bucket": bucket - self.now % bucket - 1,
            "retry": self.retry_after,
            "slow": self.options.slow_call_ns + 1,
            "lease": self.options.probe_lease_ns,
        }[how]

    def lagging(self, number: int) -> int:
        # With in_flight a look into the past finds cells that were used again since, and each
        # stripe has a newest bucket of its own.
        if self.options.in_flight or self.options.striped or number % 5:
            return self.now
        return max(self.now - number % self.options.window_ns, 0)

    def acquire(self, number: int, _: str) -> None:
        at = self.lagging(number)
        real, model = self.real.try_acquire(now_ns=at), self.model.acquire(at)
        if isinstance(model, reference.Rejection):
            assert not real
            assert (real.reason, real.retry_after_ns) == (model.reason, model.retry_after_ns)
            self.retry_after = model.retry_after_ns
        else:
            assert real, model
            self.held.append((real, model))
            self.permits.append(real)

    def settle(self, number: int, outcome: Any) -> None:
        if not self.held:
            return
        real, model = self.held.pop(number % len(self.held))
        at = self.lagging(number)
        counted = real.settle(sw.Outcome(outcome), now_ns=at)
        assert counted is (self.model.settle(model, outcome, at) == "counted")
        if number % 7 == 0:
            assert real.settle(sw.Outcome(outcome), now_ns=at) is False
            self.model.misuse()

    def call(self, number: int, outcome: Any) -> None:
        held = len(self.held)
        self.acquire(number, outcome)
        if len(self.held) > held:
            self.settle(held - number % 2, outcome)  # this one, or the one before

    def manual(self, number: int, _: str) -> None:
        name = ("force_open", "disable", "metrics_only")[number % 3]
        real, model = getattr(self.real, name), getattr(self.model, name)
        assert real(now_ns=self.now) is model(self.now)

    def reset(self, _: int, __: str) -> None:
        self.real.reset(now_ns=self.now)
        self.model.reset(self.now)

    def reconfigure(self, number: int, _: str) -> None:
        changes = (
            {"open_for_ns": 2 * MS},
            {"probes": 3, "probes_in_flight": 2},
            {"probe_lease_ns": 4 * MS},
            {"ramp_ns": 10 * MS},
        )[number % 4]
        self.real.reconfigure(**arguments(changes))
        assert self.model.reconfigure(changes)

    def agree(self) -> None:
        assert self.real.snapshot(now_ns=self.now).as_dict() == self.model.snapshot(self.now)
        events = [
            (one.generation, one.old, one.new, one.reason, one.rate, one.time_ns)
            for one in self.real.events(since=max(self.model.generation - 1, 0))
        ]
        assert events == [tuple(one) for one in self.model.events][-1:]


@settings(max_examples=150, deadline=None)
@given(options(), st.sampled_from([0, 2**27 - 1, 2**62]), STEPS)
def test_breaker_answers_as_the_reference(
    given: dict[str, Any], start: int, steps: list[tuple[str, str, int, str]]
) -> None:
    duel = Duel(given, start)
    try:
        for name, how, number, outcome in steps:
            duel.pass_time(how)
            getattr(duel, name)(number, outcome)
            duel.agree()
    finally:
        for permit in duel.permits:
            if not permit.settled:
                permit.settle(sw.Outcome.IGNORED, now_ns=0)
