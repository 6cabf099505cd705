"""What the report of a run says: figures, verdict, table and raw data, in no particular format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from measure import GUARDED, JUDGED, OVERALL, PLAIN, ArmLog, Figures, all_figures, verdict
from schedule import BROWSE, PAY, Behaviour, Schedule

PASSED = "the guarded service did better in every judged figure"
DID = {Behaviour.SLOW: "was slow", Behaviour.HANG: "hung"}


@dataclass(frozen=True)
class Report:
    seed: int
    name: str  # of the schedule
    schedule: Schedule
    logs: dict[str, ArmLog]  # by PLAIN and GUARDED

    @cached_property
    def figures(self) -> dict[str, dict[str, Figures]]:
        """By PLAIN and GUARDED, then by OVERALL and each behaviour."""
        return {arm: all_figures(log, self.schedule) for arm, log in self.logs.items()}

    @cached_property
    def failures(self) -> list[str]:
        return verdict(self.figures[PLAIN], self.figures[GUARDED])

    @property
    def headlines(self) -> list[str]:
        """What a reader should take away: one sentence, then one for each judged behaviour."""
        lines = [f"{BROWSE} does not need payments, so it should not notice that payments fails."]
        for behaviour in JUDGED:
            plain, guarded = (self.figures[arm][behaviour] for arm in (PLAIN, GUARDED))
            lines.append(
                f"While payments {DID[behaviour]}, {BROWSE} gave {_share(plain)} good answers "
                f"plain, {_share(guarded)} guarded; "
                f"p99 {duration(plain.browse_p99)} plain, {duration(guarded.browse_p99)} guarded."
            )
        return lines

    def as_dict(self) -> dict[str, Any]:
        """All of it, down to each request, so that every figure can be computed again."""
        return {
            "seed": self.seed,
            "schedule": self.name,
            "phases": [dataclasses.asdict(phase) for phase in self.schedule.phases],
            "failures": self.failures,
            "figures": {
                arm: {column: dataclasses.asdict(cell) for column, cell in figures.items()}
                for arm, figures in self.figures.items()
            },
            "observed": {arm: dataclasses.asdict(log) for arm, log in self.logs.items()},
        }


def _share(figures: Figures) -> str:
    return f"{figures.browse_good / figures.browse_offered:.0%}" if figures.browse_offered else "-"


def duration(seconds: float | None, missing: str = "-") -> str:
    if seconds is None:
        return missing
    return f"{seconds * 1000:.0f} ms" if seconds < 1.0 else f"{seconds:.2f} s"


@dataclass(frozen=True)
class Row:
    label: str
    cell: Callable[[Figures], str]
    of_faults: bool = False  # means nothing while payments is healthy or recovering

    def text(self, figures: Figures, column: str) -> str:
        if self.of_faults and column != OVERALL and not Behaviour(column).is_fault:
            return "-"
        return self.cell(figures)


ROWS = (
    Row(f"{BROWSE}: requests", lambda f: str(f.browse_offered)),
    Row(f"{BROWSE}: good answers", lambda f: str(f.browse_good)),
    Row(f"{BROWSE}: goodput", lambda f: f"{f.browse_goodput:.1f}/s"),
    Row(f"{BROWSE}: p50", lambda f: duration(f.browse_p50)),
    Row(f"{BROWSE}: p99", lambda f: duration(f.browse_p99)),
    Row(f"{PAY}: requests", lambda f: str(f.pay_offered)),
    Row(f"{PAY}: good answers", lambda f: str(f.pay_good)),
    Row(f"{PAY}: goodput", lambda f: f"{f.pay_goodput:.1f}/s"),
    Row("calls sent to payments", lambda f: str(f.calls_sent)),
    Row("time to notice (worst)", lambda f: duration(f.time_to_notice, "never"), True),
    Row("time to recover (worst)", lambda f: duration(f.time_to_recover, "not in time"), True),
    Row("refused", lambda f: str(f.refused)),
    Row("  would have succeeded", lambda f: str(f.refused_good)),
    Row("  would have come late", lambda f: str(f.refused_late)),
    Row("no answer within patience", lambda f: str(f.no_answer)),
)


def table(report: Report) -> str:
    """Overall and the judged phases; the HTML has all phases."""
    columns = (OVERALL, *map(str, JUDGED))
    lines = [
        " " * 26 + "".join(f"{column:^26}" for column in columns),
        " " * 26 + f"{PLAIN:>12}{GUARDED:>12}  " * len(columns),
    ]
    for row in ROWS:
        cells = "".join(
            "".join(f"{row.text(report.figures[arm][column], column):>12}" for arm in report.logs)
            + "  "
            for column in columns
        )
        lines.append(f"{row.label:<26}{cells}".rstrip())
    return "\n".join(lines)
