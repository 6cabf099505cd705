"""Random calls, of which some wait as tasks and some give up: the bulkhead answers as a deque."""

from __future__ import annotations

from typing import Any

import bulkhead_replay
import reference_bulkhead as reference
from hypothesis import given, settings
from hypothesis import strategies as st

PRIORITIES = ("normal", "normal", "critical", "sheddable")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "enqueue", "enqueue", "settle", "settle", "poll", "change"]),
        st.integers(0, 11),
    ),
    min_size=10,
    max_size=60,
)


class Duel:
    def __init__(self, options: dict[str, Any]) -> None:
        self.real = bulkhead_replay.Bulkhead(options, 0)
        self.model = reference.Bulkhead(reference.make_options(options))
        self.held: dict[str, reference.Permit] = {}
        self.names = 0

    def ask(self, number: int, may_wait: bool) -> None:
        self.names += 1
        name, priority = str(self.names), PRIORITIES[number % 4]
        answer, permit = self.model.ask(priority, may_wait)
        ask = self.real.enqueue if may_wait else self.real.acquire
        ask(name, 0, answer, priority)
        if permit.holds != "nothing":
            self.held[name] = permit

    def acquire(self, number: int) -> None:
        self.ask(number, may_wait=False)

    def enqueue(self, number: int) -> None:
        self.ask(number, may_wait=True)

    def settle(self, number: int) -> None:
        if self.held:
            name = list(self.held)[number % len(self.held)]
            self.real.settle(name, 0, self.model.settle(self.held.pop(name)))

    def poll(self, number: int) -> None:
        if self.held:
            name = list(self.held)[number % len(self.held)]
            self.real.poll(name, 0, self.held[name].holds)

    def change(self, number: int) -> None:
        changes: Any = (
            {"max_concurrent": number},
            {"max_queue": number},
            {"sheddable_share": number / 8},
            {"normal_share": number / 8},
        )[number % 4]
        self.real.reconfigure(changes, "ok" if self.model.reconfigure(changes) else "error")

    def run(self, steps: list[tuple[str, int]]) -> None:
        for kind, number in steps:
            getattr(self, kind)(number)
            self.real.snapshot(self.model.snapshot(), 0)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(0, 6), STEPS)
def test_a_bulkhead_agrees_with_the_reference(
    slots: int, places: int, steps: list[tuple[str, int]]
) -> None:
    duel = Duel({"max_concurrent": slots, "max_queue": places})
    try:
        duel.run(steps)
    finally:
        duel.real.finish()
