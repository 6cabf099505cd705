"""bindings/python/spillway/_schema.py"""

from collections.abc import Sequence

from .tables import Choice, Field, Metric, Noun, Option, Sample
from .text import NOTICE, WIDTH, fill

HEAD = f'''\
"""{NOTICE.format("")}"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What the table of a policy says of one option. Durations are in seconds."""

    name: str
    type: str
    default: float | bool | str
    minimum: float | None = None
    maximum: float | None = None
    zero: str = ""  # What 0 means, where it is accepted outside the range.
    choices: tuple[str, ...] = ()
    fixed: bool = False  # Cannot change once the policy is made.
    required: bool = False  # Has no default.


@dataclass(frozen=True, slots=True)
class MetricFamily(Generic[S]):
    """A metric family, and its samples from a snapshot."""

    name: str
    type: str
    help: str
    label: str  # The name of its label beside `name`; empty where it has no other.
    samples: tuple[tuple[str, Callable[[S], float | None]], ...]
    """The value of that label, and that of the sample: None where there is none now."""
'''


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
    lines = ["@dataclass(frozen=True, slots=True)", f"class {noun.cpp}Snapshot:"]
    lines += [docstring(f"What a {noun.words} holds."), ""]
    for field in noun.snapshot:
        lines += [f"    {field.member}: {field.python}", docstring(field.doc)]
    properties = [seconds(field) for field in noun.snapshot if field.type == "time"]
    as_dict = '''
    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)
'''
    return "\n".join(lines) + "\n" + "".join(properties) + as_dict


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
    return f"{noun.noun.upper()}_OPTIONS: Final[tuple[OptionInfo, ...]] = (\n{rows})\n"


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
    return f"{noun.noun.upper()}_METRICS: {kind} = (\n{rows})\n"


def all_metrics(nouns: Sequence[Noun]) -> str:
    rows = "".join(f'    "{noun.words}": {noun.noun.upper()}_METRICS,\n' for noun in nouns)
    head = "METRICS: Final[dict[str, tuple[MetricFamily[Any], ...]]]"
    return f'{head} = {{\n{rows}}}\n"""By the noun of the policy."""\n'


def module(nouns: Sequence[Noun]) -> str:
    parts = [HEAD]
    for noun in nouns:
        parts += [*(enum(choice) for choice in noun.choices), snapshot(noun)]
        parts += [table(noun), metrics(noun)]
    parts += [all_metrics(nouns)]
    return "\n\n".join(parts)
