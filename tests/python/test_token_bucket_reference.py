"""Random options and random timed calls: the bucket answers as exact arithmetic does."""

from __future__ import annotations

from typing import Any

import reference_token_bucket as reference
import spillway as sw
from breakers import SECOND
from hypothesis import given, settings
from hypothesis import strategies as st

FOREVER = reference.FOREVER
# Where a token is a whole number of nanoseconds, the real clock rounds nothing.
RATES = st.sampled_from([0.5, 1.0, 10.0, 1000.0, 10.0**9])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["take"] * 6 + ["up_to", "force", "refund", "reserve", "reserve", "cancel"]
        ),
        st.integers(0, 12),
        st.integers(-2, 8),  # by how many halves of a token's time the clock moves
        st.integers(0, 5),  # how many halves of it somebody waits at most
    ),
    min_size=20,
    max_size=80,
)


class Duel:
    def __init__(self, options: dict[str, Any], start: int) -> None:
        self.real = sw.TokenBucket(**options)
        self.model = reference.TokenBucket(reference.make_options(options))
        self.half = max(round(SECOND / options["rate"] / 2), 1)
        self.now = start
        self.held: list[tuple[sw.Reservation, reference.Reservation]] = []

    def agree(self, real: sw.Decision, model: reference.Answer) -> None:
        assert bool(real) is (model.reason == "admitted")
        assert real.reason == (None if real else model.reason)
        told = self.model.describe(model)
        if told["retry_after_ns"] == FOREVER:
            told |= {"retry_after_ns": None}  # type: ignore[dict-item]
        assert {name: getattr(real, name) for name in told} == told

    def take(self, n: int, _: int) -> None:
        self.agree(self.real.try_acquire(n, self.now), self.model.take(n, self.now))

    def up_to(self, n: int, _: int) -> None:
        assert self.real.acquire_up_to(n, self.now) == self.model.up_to(n, self.now)

    def force(self, n: int, _: int) -> None:
        self.agree(self.real.force_acquire(n, self.now), self.model.force(n, self.now))

    def refund(self, n: int, _: int) -> None:
        self.real.refund(n, self.now)
        self.model.refund(n, self.now)

    def reserve(self, n: int, wait: int) -> None:
        max_wait = wait * self.half
        real = self.real.reserve(n, max_wait / SECOND, now_ns=self.now)
        model = self.model.reserve(n, self.now, max_wait)
        assert (real is not None) is (model.answer.reason == "admitted")
        if real is not None:
            assert real.delay_ns == model.delay
            self.held.append((real, model))

    def cancel(self, n: int, _: int) -> None:
        if self.held:
            real, model = self.held.pop(n % len(self.held))
            assert real.cancel(self.now)
            assert not real.cancel(self.now)
            self.model.cancel(model, self.now)


@settings(max_examples=150, deadline=None)
@given(
    rate=RATES,
    burst=st.integers(1, 10),
    initial_tokens=st.integers(0, 10),
    dry_run=st.sampled_from([False, False, False, True]),
    start=st.sampled_from([0, 10 * SECOND, 2**61]),
    steps=STEPS,
)
def test_bucket_answers_as_the_reference(
    rate: float,
    burst: int,
    initial_tokens: int,
    dry_run: bool,
    start: int,
    steps: list[tuple[str, int, int, int]],
) -> None:
    options = {
        "rate": rate,
        "burst": burst,
        "initial_tokens": initial_tokens,
        "dry_run": dry_run,
    }
    duel = Duel(options, start)
    for verb, n, moves, wait in steps:
        duel.now = max(duel.now + moves * duel.half, 0)
        getattr(duel, verb)(n, wait)
        assert duel.real.snapshot(duel.now).as_dict() == duel.model.snapshot(duel.now)
