"""The parts of the outage drill: verdict, figures, schedule and load. No process, no waiting."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import math
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "outage_drill"))

import load
import measure
from load import NO_ANSWER, Arrival, Result, make_arrivals
from measure import CHECKS, JUDGED, ArmLog, Call, Figures, Transition
from schedule import (
    BROWSE,
    PATIENCE,
    PAY,
    SCHEDULES,
    Behaviour,
    Phase,
    Schedule,
)

# ---- the verdict ----

BAD = dataclasses.asdict(measure.figures(ArmLog(), SCHEDULES["quick"].phases, SCHEDULES["quick"]))
WORSE = Figures(**BAD | {"browse_goodput": 10.0, "browse_p99": 2.0, "calls_sent": 200})
BETTER = Figures(**BAD | {"browse_goodput": 50.0, "browse_p99": 0.1, "calls_sent": 20})
FIELDS = {"browse_goodput": "goodput", "browse_p99": "p99", "calls_sent": "calls sent"}


def judged(figures: Figures) -> dict[str, Figures]:
    return dict.fromkeys(map(str, JUDGED), figures)


def test_verdict_passes_better_figures() -> None:
    assert measure.verdict(judged(WORSE), judged(BETTER)) == []


def test_verdict_judges_slow_and_hang() -> None:
    assert set(JUDGED) == {Behaviour.SLOW, Behaviour.HANG}
    assert len(CHECKS) == len(FIELDS)


@pytest.mark.parametrize("behaviour", JUDGED)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("bad", ["equal", "worse", "nan", "missing"])
def test_verdict_names_the_figure_that_is_not_better(
    behaviour: Behaviour, field: str, bad: str
) -> None:
    plain = getattr(WORSE, field)
    sign = -1 if field == "browse_goodput" else 1
    value = {"equal": plain, "worse": plain + sign, "nan": math.nan, "missing": None}[bad]
    guarded = judged(BETTER) | {behaviour: dataclasses.replace(BETTER, **{field: value})}
    (failure,) = measure.verdict(judged(WORSE), guarded)
    assert failure.startswith(f"{behaviour}: {FIELDS[field]}")
    if bad in ("nan", "missing"):
        without = judged(WORSE) | {behaviour: dataclasses.replace(WORSE, **{field: value})}
        (failure,) = measure.verdict(without, judged(BETTER))
        assert failure.startswith(f"{behaviour}: {FIELDS[field]}")


def test_verdict_fails_an_empty_run() -> None:
    empty = measure.all_figures(ArmLog(), SCHEDULES["quick"])
    assert len(measure.verdict(empty, empty)) == len(JUDGED) * len(CHECKS)


# ---- the figures ----

SCHEDULE = Schedule(
    [(Behaviour.HEALTHY, 1.0), (Behaviour.HANG, 1.0), (Behaviour.HEALTHY, 1.0)],
)
FAULT = SCHEDULE.phases[1]


def pay_results(good: list[bool], start: float) -> list[Result]:
    """One /pay result each 10 ms from `start`."""
    return [
        Result(Arrival(number, start + number * 0.01, PAY), 200 if ok else 504, 0.02)
        for number, ok in enumerate(good)
    ]


def test_percentile_is_nearest_rank() -> None:
    assert measure.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert measure.percentile(range(1, 101), 0.99) == 99
    assert measure.percentile([7.0], 0.99) == 7.0
    assert measure.percentile([], 0.5) is None


def test_time_to_notice() -> None:
    opened = Transition(1.25, "closed", "open")
    assert measure.time_to_notice(ArmLog(transitions=[opened]), FAULT) == 0.25
    assert measure.time_to_notice(ArmLog(), FAULT) is None
    before = [Transition(0.5, "closed", "open")]
    assert measure.time_to_notice(ArmLog(transitions=before), FAULT) == 0.0
    closed_again = [*before, Transition(0.9, "half_open", "closed"), opened]
    assert measure.time_to_notice(ArmLog(transitions=closed_again), FAULT) == 0.25
    too_late = [Transition(2.0, "closed", "open")]
    assert measure.time_to_notice(ArmLog(transitions=too_late), FAULT) is None


def test_time_to_recover_is_the_start_of_a_whole_run_of_good_answers() -> None:
    run_length = measure.RECOVERED_RUN
    good = [False] * 5 + [True] * (run_length - 1) + [False] + [True] * run_length
    log = ArmLog(results=pay_results(good, FAULT.end))
    expected = (5 + run_length) * 0.01
    assert measure.time_to_recover(log, FAULT, SCHEDULE) == pytest.approx(expected)
    shorter = ArmLog(results=pay_results(good[:-1], FAULT.end))
    assert measure.time_to_recover(shorter, FAULT, SCHEDULE) is None


def test_time_to_recover_ends_before_the_next_fault() -> None:
    steps = [(Behaviour.HANG, 1.0), (Behaviour.HEALTHY, 0.1), (Behaviour.ERRORS, 1.0)]
    schedule = Schedule(steps)
    log = ArmLog(results=pay_results([True] * measure.RECOVERED_RUN, 1.0))
    assert measure.time_to_recover(log, schedule.phases[0], schedule) is None


def test_refusals_are_priced_by_the_schedule() -> None:
    schedule = Schedule([(behaviour, 1.0) for behaviour in Behaviour])
    refused = [Call(request, phase.start) for phase in schedule.phases for request in range(4)]
    by_behaviour = measure.all_figures(ArmLog(refused=refused), schedule)
    good = {name: figures.refused_good for name, figures in by_behaviour.items()}
    late = {name: figures.refused_late for name, figures in by_behaviour.items()}
    assert good == {
        "overall": 9,
        "healthy": 4,
        "slow": 0,
        "errors": 1,
        "hang": 0,
        "dead": 0,
        "recovering": 4,
    }
    assert late == dict.fromkeys(good, 0) | {"overall": 4, "slow": 4}


def test_work_after_the_last_phase_counts_in_it() -> None:
    log = ArmLog(sent=[Call(1, SCHEDULE.seconds + 0.5)])
    by_behaviour = measure.all_figures(log, SCHEDULE)
    assert by_behaviour["overall"].calls_sent == 1
    assert by_behaviour["healthy"].calls_sent == 1
    assert by_behaviour["hang"].calls_sent == 0


# ---- the schedule and the load ----


def test_schedules_hold_every_behaviour() -> None:
    for name in ("full", "quick"):
        phases = SCHEDULES[name].phases
        assert {phase.behaviour for phase in phases} == set(Behaviour)
        assert phases[0].start == 0.0
        for before, after in itertools.pairwise(phases):
            assert before.end == after.start


def test_a_phase_begins_at_its_start_and_ends_before_its_end() -> None:
    assert SCHEDULE.phase_at(-1.0) is SCHEDULE.phases[0]
    assert SCHEDULE.phase_at(math.nextafter(1.0, 0.0)) is SCHEDULE.phases[0]
    assert SCHEDULE.phase_at(1.0) is SCHEDULE.phases[1]
    assert SCHEDULE.phase_at(99.0) is SCHEDULE.phases[2]
    assert Phase(Behaviour.HANG, 1.0, 2.0).covers(1.0)
    assert not Phase(Behaviour.HANG, 1.0, 2.0).covers(2.0)


def test_same_seed_same_arrivals() -> None:
    assert make_arrivals(1, 3.0) == make_arrivals(1, 3.0)
    assert make_arrivals(1, 3.0) != make_arrivals(2, 3.0)
    assert {arrival.route for arrival in make_arrivals(1, 3.0)} == {BROWSE, PAY}


def test_latency_counts_from_the_intended_start() -> None:
    async def late_request() -> Result:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            a_second_ago = time.monotonic() - 1.0
            return await load.send(port, Arrival(0, 0.0, BROWSE), a_second_ago)

    result = asyncio.run(late_request())
    assert result.status == 200
    assert result.latency >= 1.0


def test_no_answer_counts_as_the_whole_patience() -> None:
    async def request_to_closing_server() -> Result:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await load.send(port, Arrival(0, 0.0, BROWSE), time.monotonic())

    result = asyncio.run(request_to_closing_server())
    assert (result.status, result.latency) == (NO_ANSWER, PATIENCE)
    assert not result.is_good
