"""The report of a run as one HTML page that needs no other file."""

from __future__ import annotations

import base64
import html
import string

from measure import GUARDED, PLAIN, RECOVERED_RUN
from report import PASSED, ROWS, Report
from schedule import (
    BROWSE,
    BROWSE_RATE,
    ERRORS_SPARE_EVERY,
    GOOD_WITHIN,
    PATIENCE,
    PAY,
    PAY_RATE,
    SLOW_DELAY,
    TIMEOUT,
    WORKERS,
)

PAGE = string.Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Spillway outage drill</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; background: #fff; }
img { width: 100%; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child { text-align: left; white-space: pre; font-weight: normal; }
thead th { font-weight: bold; text-align: center; }
.guarded { background: #e8f4f5; }
.passed { color: #00694e; } .failed { color: #b3261e; }
.wide { overflow-x: auto; }
</style>
</head>
<body>
<h1>Outage drill</h1>
$headlines
$verdict
<img alt="Latency, goodput and calls to payments over time, plain and guarded" src="$picture">
<h2>Figures</h2>
<div class="wide"><table>
<thead>$head</thead>
<tbody>
$rows
</tbody>
</table></div>
<h2>What was run</h2>
$setting
<h2>What the words mean</h2>
<dl>
$terms
</dl>
</body>
</html>
""")

SETTING = (
    f"Two copies of one service ran side by side on this machine, each with {WORKERS} worker "
    f"threads shared by both routes and a timeout of {TIMEOUT:g} s on upstream calls. {BROWSE} "
    f"needs the catalogue upstream, which stayed healthy. {PAY} needs the payments upstream, "
    "which failed as the schedule says. The only difference: in the guarded copy, calls to "
    "payments go through a Spillway circuit breaker.",
    f"Both got the same open-loop requests at the same times: {BROWSE_RATE:g} a second on "
    f"{BROWSE} and {PAY_RATE:g} a second on {PAY} on average, in Poisson order.",
)

TERMS = {
    "slow, errors, hang, dead": f"Payments answers after {SLOW_DELAY:g} s; answers 500 to all but "
    f"each {ERRORS_SPARE_EVERY}th request; takes requests and never answers; its process is killed "
    "and its port closed.",
    "latency": "From the intended start of a request, fixed before the run, to the end of its "
    f"answer. A client gives up after {PATIENCE:g} s, which then is its latency.",
    "good answer": f"Status 200 with a latency of at most {GOOD_WITHIN * 1000:.0f} ms. A request "
    "belongs to the phase of its intended start.",
    "time to notice": "From the start of a fault until the breaker is open; 0 if it still was.",
    "time to recover": f"From the end of a fault until the first of {RECOVERED_RUN} consecutive "
    f"{PAY} requests that all get a good answer, before the next fault.",
    "would have succeeded": "Calls refused although payments would have given a good answer at "
    "that moment: the price of the breaker. Known, because the schedule is deterministic.",
    "would have come late": "Calls refused that payments would have answered too late to be good.",
}


def _paragraph(text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{html.escape(text)}</p>"


def _row(name: str, tag: str, cells: list[tuple[str, str]]) -> str:
    """`cells` are (text, class) pairs."""
    rest = "".join(f'<{tag} class="{kind}">{html.escape(text)}</{tag}>' for text, kind in cells)
    return f"<tr><th>{html.escape(name)}</th>{rest}</tr>"


def render(report: Report, png: bytes) -> str:
    columns = list(report.figures[PLAIN])
    arms = (PLAIN, GUARDED)
    groups = "".join(f'<th colspan="{len(arms)}">{html.escape(c)}</th>' for c in columns)
    rows = [
        _row(
            row.label,
            "td",
            [(row.text(report.figures[arm][c], c), arm) for c in columns for arm in arms],
        )
        for row in ROWS
    ]
    verdict = [_paragraph(f"FAILED: {failure}", "failed") for failure in report.failures] or [
        _paragraph(f"PASSED: {PASSED}", "passed")
    ]
    terms = (
        f"<dt><b>{html.escape(term)}</b></dt><dd>{html.escape(meaning)}</dd>"
        for term, meaning in TERMS.items()
    )
    run = f"Schedule {report.name!r}, seed {report.seed}."
    return PAGE.substitute(
        headlines="\n".join(map(_paragraph, report.headlines)),
        verdict="\n".join(verdict),
        picture="data:image/png;base64," + base64.b64encode(png).decode(),
        head=f"<tr><th></th>{groups}</tr>"
        + _row("", "th", [(arm, arm) for _ in columns for arm in arms]),
        rows="\n".join(rows),
        setting="\n".join(map(_paragraph, (*SETTING, run))),
        terms="\n".join(terms),
    )
