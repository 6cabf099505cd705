"""The traffic spike of the outage drill: a quick run, checked against its own raw data, and its
parts. That the limiters help is asserted: all services run at the same time on the same machine."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from drills import ENOUGH, SEED, processes_of_session, start_drill

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "outage_drill"))

import spike
from load import NO_ANSWER, Arrival, Result
from measure import PLAIN, ArmLog, Call
from schedule import BROWSE, GOOD_WITHIN, PATIENCE, PAY

STAGES = spike.STAGES["quick"]
SPIKE = STAGES[1]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("spike") / "reports"
    with start_drill("spike.py", folder) as run:
        stdout, stderr = run.communicate(timeout=ENOUGH)
        assert processes_of_session(run.pid) == []
    assert stderr == ""
    report = json.loads((folder / "traffic_spike.json").read_text())
    assert (folder / "traffic_spike.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    return {"code": run.returncode, "stdout": stdout, **report}


def test_both_limiters_help_and_the_exit_code_says_so(quick: Any) -> None:
    assert quick["failures"] == []
    assert quick["code"] == 0, quick["stdout"]


def test_all_services_got_the_arrivals_of_the_seed(quick: Any) -> None:
    arrivals = [dataclasses.asdict(one) for one in spike.arrivals(SEED, STAGES)]
    assert set(quick["observed"]) == set(spike.GUARDS)
    for log in quick["observed"].values():
        assert [result["arrival"] for result in log["results"]] == arrivals


def test_only_the_limiters_refuse(quick: Any) -> None:
    for arm, log in quick["observed"].items():
        refused = {call["request"] for call in log["refused"]}
        status = {result["arrival"]["number"]: result["status"] for result in log["results"]}
        assert {status[request] for request in refused} <= {503, NO_ANSWER}
        assert bool(refused) == (arm != PLAIN)
        assert not refused & {call["request"] for call in log["sent"]}


@pytest.mark.parametrize("arm", spike.GUARDS)
def test_the_judged_figures_follow_from_the_raw_data(quick: Any, arm: str) -> None:
    begin = STAGES[0].seconds
    good = [
        result["arrival"]["route"]
        for result in quick["observed"][arm]["results"]
        if begin <= result["arrival"]["at"] < begin + SPIKE.seconds
        and result["status"] == 200
        and result["latency"] <= GOOD_WITHIN
    ]
    got = quick["figures"][arm]["spike"]
    assert (got["pay_good"], got["browse_good"]) == (good.count(PAY), good.count(BROWSE))
    assert f"{got['pay_good']} (" in quick["stdout"]


# ---- the parts


def test_same_seed_same_arrivals_and_as_many_as_the_load_says() -> None:
    stages = spike.STAGES["full"]
    assert spike.arrivals(1, stages) == spike.arrivals(1, stages) != spike.arrivals(2, stages)
    begin = 0.0
    for stage in stages:
        found = [
            one
            for one in spike.arrivals(1, stages)
            if begin <= one.at < begin + stage.seconds and one.route == PAY
        ]
        expected = stage.load * spike.CAPACITY * stage.seconds
        assert abs(len(found) - expected) < 5 * expected**0.5
        begin += stage.seconds


def log_of(good: int, refused: int, unanswered: int) -> ArmLog:
    """Requests on /pay in the spike."""
    at = STAGES[0].seconds
    kinds = [(200, 0.1)] * good + [(503, 0.01)] * refused + [(NO_ANSWER, PATIENCE)] * unanswered
    results = [
        Result(Arrival(number, at, PAY), status, latency)
        for number, (status, latency) in enumerate(kinds)
    ]
    return ArmLog(
        results=results, refused=[Call(number, at) for number in range(good, good + refused)]
    )


def test_figures() -> None:
    got = spike.figures(log_of(3, 2, 1), STAGES)
    assert got["spike"] == spike.Figures(
        browse_offered=0,
        browse_good=0,
        pay_offered=6,
        pay_good=3,
        pay_goodput=3 / SPIKE.seconds,
        pay_p99=PATIENCE,
        calls_sent=0,
        refused=2,
        no_answer=1,
    )
    assert got["before"].pay_offered == got["after"].pay_offered == 0
    assert got["before"].pay_p99 is None


def test_a_limiter_that_does_not_help_is_named() -> None:
    figures = {
        PLAIN: spike.figures(log_of(3, 0, 0), STAGES),
        "adaptive": spike.figures(log_of(3, 9, 0), STAGES),
    }
    assert spike.failures(figures) == [
        "good answers on /pay are not more with adaptive: 3, 3 plain",
        "good answers on /browse are not more with adaptive: 0, 0 plain",
    ]
