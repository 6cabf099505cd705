"""The outage drill as a whole: a quick run, checked against its own raw data, and its endings.

That the guarded service does better is asserted: both services run at the same time on the same
machine, so a slow machine slows both. No test compares a time with a fixed bound.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drills import ENOUGH, SEED, processes_of_session, start_drill, wait_until_gone

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "outage_drill"))

import run
from load import NO_ANSWER, Arrival, Result, make_arrivals
from measure import CHECKS, GUARDED, JUDGED, PLAIN, ArmLog, Call, Transition
from schedule import BROWSE, GOOD_WITHIN, PAY, SCHEDULES, Behaviour


@dataclasses.dataclass
class QuickRun:
    exit_code: int
    stdout: str
    stderr: str
    folder: Path
    left: list[int]  # processes that outlived it
    report: dict[str, Any]

    def logs(self) -> dict[str, ArmLog]:
        """What was observed, read back from the JSON report."""
        return {
            arm: ArmLog(
                results=[
                    Result(Arrival(**result["arrival"]), result["status"], result["latency"])
                    for result in log["results"]
                ],
                sent=[Call(**call) for call in log["sent"]],
                refused=[Call(**call) for call in log["refused"]],
                transitions=[Transition(**change) for change in log["transitions"]],
            )
            for arm, log in self.report["observed"].items()
        }


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> QuickRun:
    folder = tmp_path_factory.mktemp("drill") / "reports"
    with start_drill("run.py", folder) as drill:
        stdout, stderr = drill.communicate(timeout=ENOUGH)
        left = processes_of_session(drill.pid)
    assert drill.returncode in (0, 1), stderr
    report = json.loads((folder / "outage_drill.json").read_text())
    return QuickRun(drill.returncode, stdout, stderr, folder, left, report)


def test_guarded_is_better_and_exit_code_says_so(quick: QuickRun) -> None:
    assert quick.report["failures"] == []
    assert quick.exit_code == 0, quick.stdout
    assert quick.stderr == ""


def test_no_process_outlives_the_drill(quick: QuickRun) -> None:
    assert quick.left == []


def test_prints_table_and_paths(quick: QuickRun) -> None:
    for label in ("goodput", "p50", "p99", "calls sent", "notice", "recover", "have succeeded"):
        assert label in quick.stdout
    for suffix in ("html", "png", "json"):
        assert str(quick.folder / f"outage_drill.{suffix}") in quick.stdout


def test_html_needs_no_other_file(quick: QuickRun) -> None:
    page = (quick.folder / "outage_drill.html").read_text()
    png = (quick.folder / "outage_drill.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    references = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert references == ["data:image/png;base64," + base64.b64encode(png).decode()]
    assert "url(" not in page
    assert "@import" not in page


def test_both_services_got_the_arrivals_of_the_seed(quick: QuickRun) -> None:
    arrivals = make_arrivals(SEED, SCHEDULES["quick"].seconds)
    for log in quick.logs().values():
        assert [result.arrival for result in log.results] == arrivals


def test_every_pay_request_was_sent_or_refused(quick: QuickRun) -> None:
    for arm, log in quick.logs().items():
        sent = {call.request for call in log.sent}
        refused = {call.request for call in log.refused}
        by_status: dict[int, set[int]] = {}
        for result in log.results:
            if result.arrival.route == PAY:
                by_status.setdefault(result.status, set()).add(result.arrival.number)
        unknown = by_status.pop(NO_ANSWER, set())  # the client left; the service may have acted
        assert refused - unknown == by_status.pop(503, set())
        assert sent - unknown == set().union(*by_status.values())
        assert not sent & refused
        assert bool(refused) == (arm == GUARDED)


def test_breaker_of_the_plain_service_never_acts(quick: QuickRun) -> None:
    logs = quick.logs()
    assert logs[PLAIN].transitions == []
    states = [change.new for change in logs[GUARDED].transitions]
    assert states[0] == "open"
    assert "closed" in states
    for before, after in itertools.pairwise(logs[GUARDED].transitions):
        assert before.new == after.old


@pytest.mark.parametrize("arm", [PLAIN, GUARDED])
@pytest.mark.parametrize("behaviour", JUDGED)
def test_judged_figures_follow_from_the_raw_data(
    quick: QuickRun, arm: str, behaviour: Behaviour
) -> None:
    (phase,) = (p for p in quick.report["phases"] if p["behaviour"] == behaviour)
    start, end = phase["start"], phase["end"]
    observed = quick.report["observed"][arm]
    browse = [
        result
        for result in observed["results"]
        if result["arrival"]["route"] == BROWSE and start <= result["arrival"]["at"] < end
    ]
    good = [r for r in browse if r["status"] == 200 and r["latency"] <= GOOD_WITHIN]
    latencies = sorted(result["latency"] for result in browse)
    figures = quick.report["figures"][arm][behaviour]
    assert figures["browse_goodput"] == len(good) / (end - start)
    # Nearest rank: the least latency that at least 99 % of the requests do not exceed.
    p99 = figures["browse_p99"]
    assert p99 in latencies
    assert sum(latency <= p99 for latency in latencies) >= 0.99 * len(latencies)
    assert sum(latency < p99 for latency in latencies) < 0.99 * len(latencies)
    assert figures["calls_sent"] == sum(start <= call["at"] < end for call in observed["sent"])


def test_exit_code_is_1_when_the_guard_does_not_help(
    quick: QuickRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = quick.logs()

    async def swapped(*_: object) -> dict[str, ArmLog]:
        return {PLAIN: logs[GUARDED], GUARDED: logs[PLAIN]}

    monkeypatch.setattr(run, "drill", swapped)
    assert run.main(["--quick", "--seed", str(SEED), "--out", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    for behaviour in JUDGED:
        for check in CHECKS:
            assert f"FAILED: {behaviour}: {check.name}" in output
    assert "PASSED" not in output
    assert "FAILED" in (tmp_path / "outage_drill.html").read_text()


def test_exit_code_is_2_when_the_drill_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async def broken(*_: object) -> dict[str, ArmLog]:
        raise RuntimeError("upstream.py ended early")

    monkeypatch.setattr(run, "drill", broken)
    assert run.main(["--quick", "--out", str(tmp_path)]) == 2
    assert "upstream.py ended early" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running_drill(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A drill that has sent its first requests."""
    with start_drill("run.py", tmp_path) as drill:
        assert drill.stdout is not None
        for line in drill.stdout:
            if line.lstrip().startswith("1 s"):
                break
        assert len(processes_of_session(drill.pid)) == 7  # itself, two services, four upstreams
        yield drill


def test_interrupt_stops_every_process(running_drill: subprocess.Popen[str]) -> None:
    running_drill.send_signal(signal.SIGINT)
    _, stderr = running_drill.communicate(timeout=ENOUGH)
    assert processes_of_session(running_drill.pid) == []
    assert running_drill.returncode == 130
    assert "Traceback" not in stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_drill_leaves_no_process(
    running_drill: subprocess.Popen[str], number: signal.Signals
) -> None:
    running_drill.send_signal(number)
    running_drill.communicate(timeout=ENOUGH)
    assert wait_until_gone(running_drill.pid) == []


def test_drill_fails_when_a_process_dies(running_drill: subprocess.Popen[str]) -> None:
    service = next(
        process
        for process in processes_of_session(running_drill.pid)
        if b"service.py" in Path(f"/proc/{process}/cmdline").read_bytes()
    )
    os.kill(service, signal.SIGKILL)
    _, stderr = running_drill.communicate(timeout=ENOUGH)
    assert running_drill.returncode == 2
    assert "service.py ended early" in stderr
    assert processes_of_session(running_drill.pid) == []
