"""What payments does, second by second, and the figures that every part of the drill shares.

The schedule is deterministic: the answer depends only on the time and the request number. The
upstream asks `Schedule.answer` what to do, and the report asks the same function what a refused
call would have met. So "would have succeeded" is known, not guessed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

BROWSE = "/browse"  # needs only the catalogue upstream, which is always healthy
PAY = "/pay"  # needs the payments upstream, which fails
BROWSE_RATE = 60.0  # arrivals per second
PAY_RATE = 50.0  # x SLOW_DELAY = 60 calls at once, more than the service has workers

WORKERS = 32  # worker threads of the service, shared by both routes
TIMEOUT = 1.5  # seconds the service waits for an upstream
GOOD_WITHIN = 0.3  # a good answer is a 200 at most this long after the intended start
PATIENCE = 5.0  # seconds after which a client gives up

NORMAL_DELAY = 0.02
SLOW_DELAY = 1.2  # shorter than TIMEOUT: a slow answer still arrives, too late to be good
RECOVERING_DELAY = 0.1  # at the start of recovery; falls evenly to NORMAL_DELAY
ERRORS_SPARE_EVERY = 4  # while in errors, each fourth request is answered well


class Behaviour(StrEnum):
    HEALTHY = "healthy"
    SLOW = "slow"
    ERRORS = "errors"
    HANG = "hang"
    DEAD = "dead"
    RECOVERING = "recovering"

    @property
    def is_fault(self) -> bool:
        return self not in (Behaviour.HEALTHY, Behaviour.RECOVERING)


@dataclass(frozen=True)
class Phase:
    """One behaviour from `start` up to, not including, `end`, in seconds of the drill."""

    behaviour: Behaviour
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def covers(self, elapsed: float) -> bool:
        return self.start <= elapsed < self.end


@dataclass(frozen=True)
class Answer:
    status: int
    delay: float  # seconds

    @property
    def is_good(self) -> bool:
        return self.status == 200 and self.delay <= GOOD_WITHIN


class Schedule:
    """`delay` is that of a healthy answer. `slots` is how many requests payments works on at once,
    while the others wait in line; 0: all."""

    def __init__(
        self,
        steps: Iterable[tuple[Behaviour, float]],
        delay: float = NORMAL_DELAY,
        slots: int = 0,
    ) -> None:
        self.delay = delay
        self.slots = slots
        behaviours, durations = zip(*steps, strict=True)
        ends = list(itertools.accumulate(durations))
        starts = [0.0, *ends[:-1]]
        self.phases = [Phase(*phase) for phase in zip(behaviours, starts, ends, strict=True)]

    @property
    def seconds(self) -> float:
        return self.phases[-1].end

    def phase_at(self, elapsed: float) -> Phase:
        """The phase at `elapsed`; before the first it is the first, after the last the last."""
        return next((phase for phase in self.phases if elapsed < phase.end), self.phases[-1])

    def answer(self, elapsed: float, request: int) -> Answer | None:
        """What the upstream answers a request that reaches it at `elapsed`; None is no answer."""
        phase = self.phase_at(elapsed)
        match phase.behaviour:
            case Behaviour.HEALTHY:
                return Answer(200, self.delay)
            case Behaviour.SLOW:
                return Answer(200, SLOW_DELAY)
            case Behaviour.ERRORS:
                spared = request % ERRORS_SPARE_EVERY == 0
                return Answer(200 if spared else 500, NORMAL_DELAY)
            case Behaviour.RECOVERING:
                remaining = max(0.0, (phase.end - elapsed) / phase.seconds)
                extra = remaining * (RECOVERING_DELAY - NORMAL_DELAY)
                return Answer(200, NORMAL_DELAY + extra)
            case Behaviour.HANG | Behaviour.DEAD:
                return None


SCHEDULES = {
    "full": Schedule(
        [
            (Behaviour.HEALTHY, 3.0),
            (Behaviour.SLOW, 7.0),
            (Behaviour.HEALTHY, 4.0),
            (Behaviour.ERRORS, 5.0),
            (Behaviour.HEALTHY, 4.0),
            (Behaviour.HANG, 7.0),
            (Behaviour.HEALTHY, 4.0),
            (Behaviour.DEAD, 5.0),
            (Behaviour.RECOVERING, 5.0),
        ]
    ),
    "quick": Schedule(
        [
            (Behaviour.HEALTHY, 0.5),
            (Behaviour.SLOW, 2.3),
            (Behaviour.HEALTHY, 1.2),
            (Behaviour.HANG, 2.2),
            (Behaviour.HEALTHY, 1.2),
            (Behaviour.ERRORS, 0.9),
            (Behaviour.DEAD, 0.6),
            (Behaviour.RECOVERING, 1.4),
        ]
    ),
    "steady": Schedule([(Behaviour.HEALTHY, 1.0)]),
    "small": Schedule([(Behaviour.HEALTHY, 1.0)], delay=0.08, slots=4),
}
