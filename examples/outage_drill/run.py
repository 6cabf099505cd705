"""The outage drill: one service, plain and guarded by Spillway, through the same real outage.

Starts both services side by side, each with upstream processes of its own, sends both the same
requests at the same times, and compares what their clients saw. Exit code: 0 when the guarded
service did better where it must, 1 when it did not (and says in what), 2 when the drill itself
failed, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

from arm import Arm, side_by_side
from load import Arrival, make_arrivals
from measure import GUARDED, PLAIN, ArmLog
from page import render
from picture import draw
from progress import Progress
from report import PASSED, Report, table
from schedule import SCHEDULES, Behaviour, Schedule

REPORTS = Path(__file__).resolve().parents[2] / "reports"


async def kill_on_schedule(arms: list[Arm], schedule: Schedule, epoch: float) -> None:
    for phase in schedule.phases:
        if phase.behaviour is Behaviour.DEAD:
            await asyncio.sleep(epoch + phase.start - time.monotonic())
            await asyncio.gather(*(arm.kill_payments(phase.end) for arm in arms))


async def drill(name: str, arrivals: list[Arrival]) -> dict[str, ArmLog]:
    """Runs the schedule called `name` against both services; returns what was observed."""
    schedule = SCHEDULES[name]

    def meanwhile(arms: dict[str, Arm], epoch: float) -> list[Coroutine[None, None, None]]:
        return [
            Progress(arms, schedule, epoch).show(),
            kill_on_schedule(list(arms.values()), schedule, epoch),
        ]

    return await side_by_side(name, {PLAIN: None, GUARDED: "breaker"}, arrivals, meanwhile)


def observe(work: Coroutine[None, None, dict[str, ArmLog]]) -> dict[str, ArmLog] | int:
    """What was observed, or the exit code when there is nothing to report."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        print("\nInterrupted; all processes are stopped.", file=sys.stderr)
        return 130
    except (RuntimeError, ExceptionGroup) as error:
        causes = error.exceptions if isinstance(error, ExceptionGroup) else [error]
        for cause in causes:
            print(f"The drill failed: {cause}", file=sys.stderr)
        return 2


def write(report: Report, folder: Path) -> list[Path]:
    """Writes the three files of the report and returns their paths."""
    png = draw(report)
    contents = {
        "html": render(report, png).encode(),
        "png": png,
        "json": json.dumps(report.as_dict()).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, content in contents.items():
        path = folder / f"outage_drill.{suffix}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def parse_args(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short schedule, under 15 s")
    parser.add_argument("--seed", type=int, default=1, help="of the arrivals (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=REPORTS, help=f"folder of the report (default: {REPORTS})"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    args = parse_args(argv)
    name = "quick" if args.quick else "full"
    schedule = SCHEDULES[name]
    arrivals = make_arrivals(args.seed, schedule.seconds)
    print(f"Outage drill: {len(arrivals)} requests to each service in {schedule.seconds:.0f} s.\n")
    logs = observe(drill(name, arrivals))
    if isinstance(logs, int):
        return logs
    report = Report(args.seed, name, schedule, logs)
    print("", table(report), "", *report.headlines, "", sep="\n")
    for path in write(report, args.out):
        print(f"wrote {path}")
    for failure in report.failures:
        print(f"FAILED: {failure}")
    if not report.failures:
        print(f"PASSED: {PASSED}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
