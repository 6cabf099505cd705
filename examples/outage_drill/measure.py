"""From what was observed to the figures of the report and the verdict on them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from load import NO_ANSWER, Result
from schedule import BROWSE, PAY, Behaviour, Phase, Schedule

PLAIN = "plain"
GUARDED = "guarded"
OVERALL = "overall"
JUDGED = (Behaviour.SLOW, Behaviour.HANG)
RECOVERED_RUN = 20  # consecutive good answers on /pay that count as recovered


@dataclass(frozen=True)
class Call:
    """A call the service sent to payments, or refused to send."""

    request: int
    at: float  # seconds of the drill


@dataclass(frozen=True)
class Transition:
    """A change of the breaker's state."""

    at: float  # seconds of the drill
    old: str
    new: str


@dataclass
class ArmLog:
    """All that was observed of one service."""

    results: list[Result] = field(default_factory=list)
    sent: list[Call] = field(default_factory=list)
    refused: list[Call] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """One service over some phases. Times in seconds; None means it never happened."""

    browse_offered: int
    browse_good: int
    browse_goodput: float  # good answers per second
    browse_p50: float | None
    browse_p99: float | None
    pay_offered: int
    pay_good: int
    pay_goodput: float
    no_answer: int  # requests, both routes, that the client gave up on
    calls_sent: int  # to payments
    refused: int
    refused_good: int  # refused, though payments would have given a good answer: the price
    refused_late: int  # refused, though payments would have answered, too late to be good
    time_to_notice: float | None  # the worst of the phases
    time_to_recover: float | None  # the worst of the phases that no other fault follows at once


def percentile(values: Iterable[float], share: float) -> float | None:
    """The nearest-rank percentile; None of no values."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def time_to_notice(log: ArmLog, fault: Phase) -> float | None:
    """From the start of the fault until the breaker is open; 0 if it was not closed already."""
    before = [change.new for change in log.transitions if change.at < fault.start]
    if before and before[-1] != "closed":
        return 0.0
    opened = (c.at for c in log.transitions if fault.covers(c.at) and c.new == "open")
    return next((at - fault.start for at in opened), None)


def time_to_recover(log: ArmLog, fault: Phase, schedule: Schedule) -> float | None:
    """From the end of the fault until /pay works again at its normal rate.

    That is: until the intended start of the first of RECOVERED_RUN consecutive /pay arrivals which
    all get a good answer. Arrivals are open-loop, so a run of them is the normal rate. The run must
    end before the next fault. Needs no breaker, so it means the same for both services.
    """
    faults_after = (p for p in schedule.phases if p.behaviour.is_fault and p.start >= fault.end)
    limit = next((phase.start for phase in faults_after), schedule.seconds)
    good = [
        (result.arrival.at, result.is_good)
        for result in log.results
        if result.arrival.route == PAY and fault.end <= result.arrival.at < limit
    ]
    for first in range(len(good) - RECOVERED_RUN + 1):
        if all(is_good for _, is_good in good[first : first + RECOVERED_RUN]):
            return good[first][0] - fault.end
    return None


def worst(times: list[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def figures(log: ArmLog, phases: list[Phase], schedule: Schedule) -> Figures:
    """What the service did in `phases`. A request belongs to the phase of its intended start."""

    def within(at: float) -> bool:
        return schedule.phase_at(at) in phases

    seconds = sum(phase.seconds for phase in phases)
    results = [result for result in log.results if within(result.arrival.at)]
    browse = [result for result in results if result.arrival.route == BROWSE]
    pay = [result for result in results if result.arrival.route == PAY]
    browse_good = sum(result.is_good for result in browse)
    pay_good = sum(result.is_good for result in pay)
    refused = [call for call in log.refused if within(call.at)]
    # The schedule is deterministic: it says what each refused call would have met at that time. To
    # refuse a call to a healthy or recovering upstream is the price of a breaker, and so is to
    # refuse one of the few that an upstream in errors would have answered.
    missed = [schedule.answer(call.at, call.request) for call in refused]
    missed_good = sum(answer is not None and answer.is_good for answer in missed)
    missed_late = sum(
        answer is not None and answer.status == 200 and not answer.is_good for answer in missed
    )
    faults = [phase for phase in phases if phase.behaviour.is_fault]
    ended = [fault for fault in faults if not schedule.phase_at(fault.end).behaviour.is_fault]
    return Figures(
        browse_offered=len(browse),
        browse_good=browse_good,
        browse_goodput=browse_good / seconds,
        browse_p50=percentile((result.latency for result in browse), 0.50),
        browse_p99=percentile((result.latency for result in browse), 0.99),
        pay_offered=len(pay),
        pay_good=pay_good,
        pay_goodput=pay_good / seconds,
        no_answer=sum(result.status == NO_ANSWER for result in results),
        calls_sent=sum(within(call.at) for call in log.sent),
        refused=len(refused),
        refused_good=missed_good,
        refused_late=missed_late,
        time_to_notice=worst([time_to_notice(log, fault) for fault in faults]),
        time_to_recover=worst([time_to_recover(log, fault, schedule) for fault in ended]),
    )


def all_figures(log: ArmLog, schedule: Schedule) -> dict[str, Figures]:
    """The figures overall and for each behaviour, in the order of the schedule."""
    behaviours = dict.fromkeys(phase.behaviour for phase in schedule.phases)
    return {OVERALL: figures(log, schedule.phases, schedule)} | {
        str(behaviour): figures(
            log, [phase for phase in schedule.phases if phase.behaviour is behaviour], schedule
        )
        for behaviour in behaviours
    }


@dataclass(frozen=True)
class Check:
    """A figure that must be better guarded than plain."""

    name: str
    value: Callable[[Figures], float | None]
    better: Callable[[float, float], bool]


CHECKS = (
    Check("goodput of the healthy route", lambda f: f.browse_goodput, operator.gt),
    Check("p99 of the healthy route", lambda f: f.browse_p99, operator.lt),
    Check("calls sent to the failing upstream", lambda f: f.calls_sent, operator.lt),
)


def verdict(plain: dict[str, Figures], guarded: dict[str, Figures]) -> list[str]:
    """One sentence for each check that fails; empty when the guarded service is better in all.

    Equal is not better, and a figure that is missing or not a number fails its check.
    """
    failures = []
    for behaviour in JUDGED:
        for check in CHECKS:
            without, with_guard = (check.value(arm[behaviour]) for arm in (plain, guarded))
            # Comparing with NaN is false both ways, so NaN never counts as better.
            if without is None or with_guard is None or not check.better(with_guard, without):
                failures.append(
                    f"{behaviour}: {check.name} is not better guarded: "
                    f"{with_guard} guarded, {without} plain"
                )
    return failures
