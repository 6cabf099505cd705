"""The traffic spike: one service, plain and with two limiters, asked for more than payments can do.

Nothing fails here; there is only too much to do. Three services run side by side, each with a
payments upstream of its own that works on a few requests at once while the others wait in line.
All get the same requests at the same times. Exit code: 0 when both limited services gave more good
answers than the plain one where they must, 1 when not, 2 when the spike itself failed, 130 when
interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from arm import side_by_side
from load import NO_ANSWER, Arrival, Result
from matplotlib.figure import Figure
from measure import PLAIN, ArmLog, percentile
from report import duration
from run import REPORTS, observe
from schedule import BROWSE, GOOD_WITHIN, PAY, SCHEDULES

GUARDS = {PLAIN: None, "bucket": "bucket", "adaptive": "adaptive"}
COLOURS = {PLAIN: "#d1495b", "bucket": "#edae49", "adaptive": "#00798c"}
CAPACITY = SCHEDULES["small"].slots / SCHEDULES["small"].delay  # requests a second
BROWSE_RATE = 20.0  # arrivals per second; needs only the catalogue, so it should notice nothing


@dataclass(frozen=True)
class Stage:
    """How many /pay requests arrive in `seconds`, as a multiple of what payments can serve."""

    name: str
    seconds: float
    load: float


STAGES = {
    "full": [Stage("before", 3.0, 0.6), Stage("spike", 8.0, 3.0), Stage("after", 8.0, 0.6)],
    "quick": [Stage("before", 1.0, 0.6), Stage("spike", 3.0, 3.0), Stage("after", 2.0, 0.6)],
}


def arrivals(seed: int, stages: list[Stage]) -> list[Arrival]:
    """Poisson arrivals on both routes, the same for the same seed."""
    source = random.Random(seed)
    found: list[Arrival] = []
    begin = 0.0
    for stage in stages:
        pay_rate = stage.load * CAPACITY
        rate = BROWSE_RATE + pay_rate
        at = begin + source.expovariate(rate)
        while at < begin + stage.seconds:
            route = PAY if source.random() < pay_rate / rate else BROWSE
            found.append(Arrival(len(found), at, route))
            at += source.expovariate(rate)
        begin += stage.seconds
    return found


@dataclass(frozen=True)
class Figures:
    """One service in one stage. A request belongs to the stage of its intended start."""

    browse_offered: int
    browse_good: int
    pay_offered: int
    pay_good: int
    pay_goodput: float  # good answers per second
    pay_p99: float | None  # of the requests that were not refused; seconds
    calls_sent: int  # to payments
    refused: int
    no_answer: int  # requests, both routes, that the client gave up on


def figures(log: ArmLog, stages: list[Stage]) -> dict[str, Figures]:
    """By stage, in order."""
    found = {}
    begin = 0.0
    for stage in stages:
        end = begin + stage.seconds if stage is not stages[-1] else float("inf")

        def within(at: float, begin: float = begin, end: float = end) -> bool:
            return begin <= at < end

        results = [result for result in log.results if within(result.arrival.at)]
        browse = [result for result in results if result.arrival.route == BROWSE]
        pay = [result for result in results if result.arrival.route == PAY]
        refused = {call.request for call in log.refused}
        served = [result.latency for result in pay if result.arrival.number not in refused]
        found[stage.name] = Figures(
            browse_offered=len(browse),
            browse_good=sum(result.is_good for result in browse),
            pay_offered=len(pay),
            pay_good=sum(result.is_good for result in pay),
            pay_goodput=sum(result.is_good for result in pay) / stage.seconds,
            pay_p99=percentile(served, 0.99),
            calls_sent=sum(within(call.at) for call in log.sent),
            refused=sum(result.arrival.number in refused for result in pay),
            no_answer=sum(result.status == NO_ANSWER for result in results),
        )
        begin += stage.seconds
    return found


# What must be better with a limiter than without, in the spike.
JUDGED = {f"good answers on {PAY}": "pay_good", f"good answers on {BROWSE}": "browse_good"}


def failures(by_arm: dict[str, dict[str, Figures]]) -> list[str]:
    """One sentence for each figure that is not better; empty when all are."""
    found = []
    for arm in by_arm.keys() - {PLAIN}:
        for name, field in JUDGED.items():
            without, limited = (getattr(by_arm[one]["spike"], field) for one in (PLAIN, arm))
            if limited <= without:
                found.append(f"{name} are not more with {arm}: {limited}, {without} plain")
    return found


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


ROWS = {
    f"{PAY}: requests": lambda f: str(f.pay_offered),
    f"{PAY}: good answers": lambda f: f"{f.pay_good} ({share(f.pay_good, f.pay_offered)})",
    f"{PAY}: goodput": lambda f: f"{f.pay_goodput:.1f}/s",
    f"{PAY}: p99, unless refused": lambda f: duration(f.pay_p99),
    f"{PAY}: refused": lambda f: str(f.refused),
    f"{BROWSE}: good answers": lambda f: share(f.browse_good, f.browse_offered),
    "calls sent to payments": lambda f: str(f.calls_sent),
    "no answer within patience": lambda f: str(f.no_answer),
}


def table(by_arm: dict[str, dict[str, Figures]]) -> str:
    stages = list(by_arm[PLAIN])
    lines = [
        " " * 26 + "".join(f"{stage:^{13 * len(by_arm)}}" for stage in stages),
        " " * 26 + "".join(f"{arm:>13}" for _ in stages for arm in by_arm),
    ]
    for label, text in ROWS.items():
        cells = (f"{text(by_arm[arm][stage]):>13}" for stage in stages for arm in by_arm)
        lines.append(f"{label:<26}{''.join(cells)}")
    return "\n".join(lines)


def draw(logs: dict[str, ArmLog], stages: list[Stage], headline: str) -> bytes:
    """A PNG: what was asked for and answered well each second, and each latency."""
    seconds = sum(stage.seconds for stage in stages)
    figure = Figure(figsize=(13, 7), layout="constrained")
    figure.suptitle(headline, x=0.01, ha="left", fontsize=13)
    good, latency = figure.subplots(2, 1, sharex=True)
    edges = [index * 0.5 for index in range(int(seconds / 0.5) + 1)]

    def per_second(results: Iterable[Result], colour: str, label: str) -> None:
        at = [result.arrival.at for result in results if result.arrival.route == PAY]
        weights = [2.0] * len(at)
        good.hist(at, edges, weights=weights, histtype="step", color=colour, lw=2, label=label)

    per_second(next(iter(logs.values())).results, "#bbbbbb", "asked for")
    for arm, log in logs.items():
        per_second((r for r in log.results if r.is_good), COLOURS[arm], arm)
        pay = [r for r in log.results if r.arrival.route == PAY and r.status == 200]
        latency.scatter(
            [r.arrival.at for r in pay], [r.latency for r in pay], s=6, color=COLOURS[arm], lw=0
        )
    good.axhline(CAPACITY, color="#444444", ls="--", lw=1)
    latency.axhline(GOOD_WITHIN, color="#444444", ls="--", lw=1)
    latency.set_yscale("log")
    latency.set_xlabel("seconds")
    good.legend(ncols=4, frameon=False)
    good.set_title(f"{PAY}: good answers per second; dashed: what payments can do", loc="left")
    latency.set_title(f"{PAY}: seconds to each answer that was not refused", loc="left")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()


def headline(by_arm: dict[str, dict[str, Figures]]) -> str:
    answered = ", ".join(
        f"{share(f['spike'].pay_good, f['spike'].pay_offered)} {arm}" for arm, f in by_arm.items()
    )
    load = next(stage.load for stage in STAGES["full"] if stage.name == "spike")
    return f"Asked for {load:g} times what payments can do, {PAY} gave good answers to: {answered}."


def report(seed: int, stages: list[Stage], logs: dict[str, ArmLog], folder: Path) -> int:
    by_arm = {arm: figures(log, stages) for arm, log in logs.items()}
    said = headline(by_arm)
    failed = failures(by_arm)
    data = {
        "seed": seed,
        "stages": [dataclasses.asdict(stage) for stage in stages],
        "failures": failed,
        "figures": {
            arm: {stage: dataclasses.asdict(cell) for stage, cell in cells.items()}
            for arm, cells in by_arm.items()
        },
        "observed": {arm: dataclasses.asdict(log) for arm, log in logs.items()},
    }
    print("", table(by_arm), "", said, "", sep="\n")
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in (
        ("png", draw(logs, stages, said)),
        ("json", json.dumps(data).encode()),
    ):
        path = folder / f"traffic_spike.{suffix}"
        path.write_bytes(content)
        print(f"wrote {path}")
    print(*(f"FAILED: {one}" for one in failed), sep="\n" if failed else "")
    return 1 if failed else 0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short spike")
    parser.add_argument("--seed", type=int, default=1, help="of the arrivals (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=REPORTS, help=f"folder of the report (default: {REPORTS})"
    )
    args = parser.parse_args(argv)
    stages = STAGES["quick" if args.quick else "full"]
    requests = arrivals(args.seed, stages)
    seconds = sum(stage.seconds for stage in stages)
    print(f"Traffic spike: {len(requests)} requests to each service in {seconds:.0f} s.")
    logs = observe(side_by_side("small", GUARDS, requests, lambda *_: []))
    return logs if isinstance(logs, int) else report(args.seed, stages, logs, args.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
