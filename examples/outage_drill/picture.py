"""The picture of a run: both services over the same time, the phases of the outage behind them."""

from __future__ import annotations

import io
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from measure import GUARDED, PLAIN, ArmLog
from report import Report
from schedule import BROWSE, GOOD_WITHIN, Behaviour

COLOURS = {PLAIN: "#d1495b", GUARDED: "#00798c"}
PHASE_COLOURS = {
    Behaviour.SLOW: "#fdf0c4",
    Behaviour.ERRORS: "#fbdcc0",
    Behaviour.HANG: "#f6cfcf",
    Behaviour.DEAD: "#dcdcdc",
    Behaviour.RECOVERING: "#e2f1de",
}
STATE_COLOURS = {"closed": "#8fc98f", "open": "#d1495b", "half_open": "#f2b134"}
BIN = 0.5  # seconds


def _per_second(axes: Axes, times: Iterable[float], seconds: float, arm: str) -> None:
    at = list(times)
    edges = [index * BIN for index in range(int(seconds / BIN) + 1)]
    weights = [1 / BIN] * len(at)
    axes.hist(at, edges, weights=weights, histtype="step", color=COLOURS[arm], lw=2.2, zorder=3)


def _latencies(axes: Axes, logs: dict[str, ArmLog]) -> None:
    for arm, log in logs.items():
        results = [result for result in log.results if result.arrival.route == BROWSE]
        axes.scatter(
            [result.arrival.at for result in results],
            [result.latency for result in results],
            s=7,
            color=COLOURS[arm],
            linewidths=0,
            zorder=3,
            label=arm,
        )
    axes.axhline(GOOD_WITHIN, color="#444444", ls="--", lw=1, zorder=2)
    axes.set_yscale("log")
    axes.set_yticks([0.03, 0.1, 0.3, 1, 3], ["30 ms", "100 ms", "300 ms", "1 s", "3 s"])
    axes.minorticks_off()
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, markerscale=4, frameon=False)


def _breaker(axes: Axes, log: ArmLog, seconds: float) -> None:
    changes = [(0.0, "closed"), *((change.at, change.new) for change in log.transitions)]
    ends = [at for at, _ in changes[1:]] + [seconds]
    for (start, state), end in zip(changes, ends, strict=True):
        axes.axvspan(start, end, color=STATE_COLOURS[state], lw=0)
    axes.set_yticks([])
    handles = [Patch(color=c, label=s) for s, c in STATE_COLOURS.items()]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)


def draw(report: Report) -> bytes:
    """A PNG."""
    seconds = report.schedule.seconds
    figure = Figure(figsize=(13, 10), layout="constrained")
    figure.suptitle("\n".join(report.headlines), x=0.01, ha="left", fontsize=13)
    latency, good, sent, breaker = figure.subplots(
        4, 1, sharex=True, height_ratios=[4, 2.5, 2.5, 0.5]
    )
    _latencies(latency, report.logs)
    for arm, log in report.logs.items():
        in_time = (r.arrival.at for r in log.results if r.arrival.route == BROWSE and r.is_good)
        _per_second(good, in_time, seconds, arm)
        _per_second(sent, (call.at for call in log.sent), seconds, arm)
    _breaker(breaker, report.logs[GUARDED], seconds)
    titles = {
        latency: f"{BROWSE}, the healthy route: time to answer each request",
        good: f"{BROWSE}: good answers per second (200 within {GOOD_WITHIN * 1000:.0f} ms)",
        sent: "Calls sent to payments, the failing upstream, per second",
        breaker: "The guarded service's circuit breaker",
    }
    for axes, title in titles.items():
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axes.set_xlim(0, seconds)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (latency, good, sent):
        axes.grid(axis="y", color="#00000018", zorder=1)
        for phase in report.schedule.phases:
            if phase.behaviour in PHASE_COLOURS:
                colour = PHASE_COLOURS[phase.behaviour]
                axes.axvspan(phase.start, phase.end, color=colour, lw=0, zorder=0)
    for phase in report.schedule.phases:
        middle = (phase.start + phase.end) / 2
        latency.text(middle, 8.5, phase.behaviour, ha="center", va="top", fontsize=11)
    latency.set_ylim(0.015, 10)
    breaker.set_xlabel("seconds")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()
