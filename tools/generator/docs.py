"""The regions of docs/<noun>.md and docs/metrics.md."""

from collections.abc import Iterable, Sequence

from .c import constant
from .tables import Metric, Noun


def table(columns: str, rows: Iterable[Sequence[object]]) -> str:
    heads = columns.split("; ")
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def regions(noun: Noun) -> dict[str, str]:
    """The tables by the name of their region: options, snapshot, states, rejections, events, ..."""
    options = [
        (
            option.spelling or f"`{option.name}`",
            f"`{option.member}`",
            "seconds" if option.type == "duration" else option.type,
            option.range,
            "must be given" if option.required else option.shown(option.default),
            option.source,
            option.doc,
        )
        for option in noun.options
    ]
    snapshot = [(f"`{row.name}`", f"`{row.member}`", row.type, row.doc) for row in noun.snapshot]
    found = {
        "options": table("Python; C; Unit; Accepted; Default; Default from; Meaning", options),
        "snapshot": table("Python; C; Type; Meaning", snapshot),
    }
    for choice in noun.choices:
        rows = [(f"`{v.name}`", f"`{constant(choice, v.name)}`", v.doc) for v in choice.values]
        found[choice.name.split("_")[0] + "s"] = table("Name; C; Meaning", rows)
    return found


def label_set(noun: Noun, metric: Metric) -> str:
    values = ", ".join(f"`{sample.label}`" for sample in noun.samples(metric))
    return f"`name`, `{metric.label}`: {values}" if metric.label else "`name`"


def metrics(noun: Noun) -> str:
    """The region of docs/metrics.md."""
    rows = [
        (f"`{noun.family(metric)}`", metric.type, label_set(noun, metric), metric.doc)
        for metric in noun.metrics
    ]
    return table("Family; Type; Labels; Meaning", rows)


def page(noun: Noun) -> str:
    """A page to begin with; the prose between the regions is written by hand."""
    parts = [f"# {noun.title}\n"]
    for name in regions(noun):
        marks = (f"<!-- generated: {edge} {name} -->" for edge in ("begin", "end"))
        parts += [f"## {name.capitalize()}\n", *marks, ""]
    return "\n".join(parts)
