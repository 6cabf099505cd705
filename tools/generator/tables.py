"""What the tables in schema/ hold, once they are read."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

RANGED = ("duration", "fraction", "number", "count")


class SchemaError(Exception):
    """A table, or a file that holds generated regions, is not as it must be."""


def need(condition: object, where: str, what: str) -> None:
    if not condition:
        raise SchemaError(f"{where}: {what}")


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


@dataclass(frozen=True)
class Value:
    name: str
    value: int
    doc: str


@dataclass(frozen=True)
class Choice:
    name: str
    doc: str
    values: list[Value]
    cpp: str  # The enum class.
    python: str  # The StrEnum; empty where Python has none.

    @property
    def c(self) -> str:
        """What the C constants begin with."""
        return "SPILLWAY_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.cpp).upper()


@dataclass(frozen=True)
class Field:
    """What options and snapshot fields have in common."""

    name: str
    type: str
    doc: str
    choice: Choice | None = None

    types: ClassVar[dict[str, tuple[str, str]]]  # type -> in C++, in Python

    @property
    def member(self) -> str:
        return self.name + ("_ns" if self.type in ("duration", "time") else "")

    @property
    def cpp(self) -> str:
        return self.choice.cpp if self.choice else self.types[self.type][0]

    @property
    def c(self) -> str:
        return "int32_t" if self.type in ("choice", "flag") else self.cpp

    @property
    def python(self) -> str:
        return self.choice.python if self.choice else self.types[self.type][1]

    @property
    def note(self) -> str:
        return self.doc + (" -1 when undefined." if self.type == "rate" else "")


@dataclass(frozen=True, kw_only=True)
class Option(Field):
    default: Any
    source: str
    min: Any = None
    max: Any = None
    zero: str = ""  # What 0 means, where it lies outside the range.
    fixed: bool = False
    required: bool = False  # Has no default: the 0 that stands for it is out of range.
    allowed: list[str] | None = None  # The accepted values of the choice, where not all are.
    spelling: str = ""  # How Python writes the option, where that is not its name.

    types: ClassVar[dict[str, tuple[str, str]]] = {
        "duration": ("int64_t", "float"),
        "fraction": ("double", "float"),
        "number": ("double", "float"),
        "count": ("int32_t", "int"),
        "flag": ("bool", "bool"),
        "choice": ("", ""),
        "seed": ("uint64_t", "int"),
    }

    @property
    def accepted(self) -> list[Value]:
        values = self.choice.values if self.choice else []
        return [v for v in values if self.allowed is None or v.name in self.allowed]

    @property
    def range(self) -> str:
        if self.choice:
            return ", ".join(value.name for value in self.accepted)
        if self.type not in RANGED:
            return "false (0) or true (1)" if self.type == "flag" else f"any (0: {self.zero})"
        text = f"{self.shown(self.min)} to {self.shown(self.max)}"
        return f"0 ({self.zero}) or {text}" if self.zero else text

    @property
    def note(self) -> str:
        origin = "Must be given." if self.required else f"Default from {self.source}."
        return f"{self.doc} Accepted: {self.range}. {origin}"

    def shown(self, value: Any) -> str:
        """For people: durations in seconds, no exponent."""
        if isinstance(value, bool | str):
            return str(value).lower()
        text = format(Decimal(str(value)).normalize(), "f")
        return f"{text} s" if self.type == "duration" and value else text

    def stored(self, value: Any) -> str:
        """As a literal: durations in nanoseconds."""
        if self.type == "duration":
            value = int(Decimal(str(value)) * 10**9)
        return str(value).lower()


@dataclass(frozen=True, kw_only=True)
class SnapshotField(Field):
    metric: str = ""  # The family that shows it; none where nobody has use for it.
    label: str = ""  # The value of that family's label.

    types: ClassVar[dict[str, tuple[str, str]]] = {
        "choice": ("", ""),
        "count": ("int32_t", "int"),
        "total": ("uint64_t", "int"),
        "balance": ("int64_t", "int"),
        "rate": ("double", "float | None"),
        "time": ("int64_t", "int"),
        "number": ("uint32_t", "int"),
    }


@dataclass(frozen=True)
class Sample:
    """A sample of a metric family."""

    field: SnapshotField
    label: str = ""  # The value of the family's label.
    value: Value | None = None  # Of a choice: the sample is 1 when the field has it, else 0.


@dataclass(frozen=True)
class Metric:
    """A metric family."""

    name: str
    type: str
    doc: str
    label: str = ""  # Its label beside `name`.


@dataclass(frozen=True)
class Noun:
    noun: str
    title: str
    folder: str
    choices: list[Choice]
    options: list[Option]
    metrics: list[Metric]
    snapshot: list[SnapshotField]
    parts: str = ""  # The C++ type of what else it is made of, beside its options.

    @property
    def cpp(self) -> str:
        return camel(self.noun)

    @property
    def words(self) -> str:
        return self.title.lower()

    @property
    def with_article(self) -> str:
        return f"{'an' if self.words[0] in 'aeiou' else 'a'} {self.words}"

    def family(self, metric: Metric) -> str:
        """The full name of a metric family."""
        return f"spillway_{self.noun}_{metric.name}"

    def samples(self, metric: Metric) -> list[Sample]:
        """What the family shows, in order."""
        fields = [field for field in self.snapshot if field.metric == metric.name]
        return [sample for field in fields for sample in samples_of(field)]


def samples_of(field: SnapshotField) -> list[Sample]:
    if field.choice:
        return [Sample(field, value.name, value) for value in field.choice.values]
    return [Sample(field, field.label)]
