"""bindings/python/spillway/_schema/"""

from collections.abc import Sequence

from .tables import Choice, Field, Metric, Noun, Option, Sample
from .text import NOTICE, WIDTH, fill

IMPORTS = """\
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .tables import MetricFamily, OptionInfo, Snapshot
"""


def docstring(text: str) -> str:
    return fill(f'"""{text}"""', "    ")


def enum(choice: Choice) -> str:
    lines = [f"class {choice.python}(StrEnum):", docstring(choice.doc), ""]
    for value in choice.values:
        lines += [f'    {value.name.upper()} = "{value.name}"', docstring(value.doc)]
    return "\n".join([*lines, ""])


def seconds(field: Field) -> str:
    return f'''
    @property
    def {field.name}(self) -> float:
        """`{field.member}` in seconds."""
        return self.{field.member} / 1e9
'''


def snapshot(noun: Noun) -> str:
    lines = ["@dataclass(frozen=True, slots=True)", f"class {noun.cpp}Snapshot(Snapshot):"]
    lines += [docstring(f"What {noun.with_article} holds."), ""]
    for field in noun.snapshot:
        lines += [f"    {field.member}: {field.python}", docstring(field.doc)]
    properties = [seconds(field) for field in noun.snapshot if field.type == "time"]
    return "\n".join(lines) + "\n" + "".join(properties)


def literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def row(option: Option) -> str:
    given = {
        "minimum": option.min,
        "maximum": option.max,
        "zero": option.zero or None,
        "choices": tuple(value.name for value in option.accepted) or None,
        "fixed": option.fixed or None,
        "required": option.required or None,
    }
    items = [literal(value) for value in (option.name, option.type, option.default)]
    items += [f"{name}={literal(value)}" for name, value in given.items() if value is not None]
    line = f"    OptionInfo({', '.join(items)}),"
    if len(line) > WIDTH:
        line = "\n        ".join(["    OptionInfo(", *(f"{item}," for item in items)]) + "\n    ),"
    return line + "\n"


def table(noun: Noun) -> str:
    rows = "".join(row(option) for option in noun.options)
    return f"OPTIONS: Final[tuple[OptionInfo, ...]] = (\n{rows})\n"


def sample(row: Sample) -> str:
    value = f"snapshot.{row.field.name if row.field.type == 'time' else row.field.member}"
    if row.value:
        value += f' == "{row.value.name}"'
    return f'("{row.label}", lambda snapshot: {value}),'


def family(noun: Noun, metric: Metric) -> str:
    items = (noun.family(metric), metric.type, metric.doc, metric.label)
    head = "".join(f"        {literal(item)},\n" for item in items)
    rows = [sample(row) for row in noun.samples(metric)]
    lines = "".join(f"\n            {row}" for row in rows) + "\n        "
    samples = rows[0] if len(rows) == 1 else lines
    return f"    MetricFamily(\n{head}        ({samples}),\n    ),\n"


def metrics(noun: Noun) -> str:
    kind = f"Final[tuple[MetricFamily[{noun.cpp}Snapshot], ...]]"
    rows = "".join(family(noun, metric) for metric in noun.metrics)
    return f"METRICS: {kind} = (\n{rows})\n"


def module(noun: Noun) -> str:
    enums = [enum(choice) for choice in noun.choices if choice.python]
    head = f'"""{NOTICE.format(noun.noun + ".toml")}"""\n\n{IMPORTS}'
    return "\n\n".join([head, *enums, snapshot(noun), table(noun), metrics(noun)])


def package(nouns: Sequence[Noun]) -> str:
    """Its __init__.py."""
    names = "".join(f"    {noun.noun},\n" for noun in nouns)
    rows = "".join(f'    "{noun.words}": {noun.noun}.METRICS,\n' for noun in nouns)
    return f'''\
"""{NOTICE.format("")}"""

from typing import Any, Final

from . import (
{names})
from .tables import MetricFamily

METRICS: Final[dict[str, tuple[MetricFamily[Any], ...]]] = {{
{rows}}}
"""By the noun of the policy."""
'''
