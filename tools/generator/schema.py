"""The tables in schema/, read and checked for tools/generate."""

import math
import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from pathlib import Path
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
    python: str  # The StrEnum.

    @property
    def c(self) -> str:
        """What the C constants begin with."""
        return "SPILLWAY_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.cpp).upper()


@dataclass(frozen=True)
class Field:
    """A field of the snapshot."""

    name: str
    type: str
    doc: str
    choice: Choice | None = None

    types: ClassVar[dict[str, tuple[str, str]]] = {  # type -> in C++, in Python
        "choice": ("", ""),
        "count": ("int32_t", "int"),
        "total": ("uint64_t", "int"),
        "rate": ("double", "float | None"),
        "time": ("int64_t", "int"),
        "number": ("uint32_t", "int"),
    }

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
        return f"{self.doc} Accepted: {self.range}. Default from {self.source}."

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


@dataclass(frozen=True)
class Noun:
    noun: str
    title: str
    folder: str
    choices: list[Choice]
    options: list[Option]
    snapshot: list[Field]

    @property
    def cpp(self) -> str:
        return camel(self.noun)

    @property
    def words(self) -> str:
        return self.title.lower()


def make(cls: Any, row: dict[str, Any], where: str) -> Any:
    """An object of the dataclass `cls` from a row of a table, whose keys are the fields."""
    known = {f.name: f for f in fields(cls)}
    for name, value in row.items():
        need(name in known, where, f"unknown key {name}; the keys are {', '.join(known)}")
        kind = known[name].type
        if kind in (str, int, bool):
            text = f"{name} is {value!r}; it must be a value of type {kind.__name__}"
            need(type(value) is kind, where, text)
        plain = not isinstance(value, str) or not re.search(r'["\\|\n]|\*/', value)
        need(plain, where, f'{name} is {value!r}; it must have no ", \\, |, */ or new line')
    missing = [n for n, f in known.items() if f.default is MISSING and n not in row]
    need(not missing, where, f"{', '.join(missing)} must be given")
    return cls(**row)


def make_choice(prefix: str, name: str, row: dict[str, Any], where: str) -> Choice:
    where = f"{where}: choice {name}"
    values = [make(Value, value, where) for value in row.get("values", [])]
    need(values, where, "values must be given")
    check_names([v.name for v in values], where)
    numbers = [v.value for v in values]
    need(len(set(numbers)) == len(numbers), where, f"two values have one number: {numbers}")
    cpp = row.get("cpp", prefix + camel(name))
    names = {"name": name, "cpp": cpp, "python": cpp}
    choice: Choice = make(Choice, {**names, **row, "values": values}, where)
    return choice


def make_field(
    cls: type[Field], row: dict[str, Any], choices: dict[str, Choice], where: str
) -> Any:
    where = f"{where}: {row.get('name', 'a row without a name')}"
    kind, choice = row.get("type"), row.get("choice", "")
    need(kind in cls.types, where, f"type is {kind!r}; it must be one of {', '.join(cls.types)}")
    if kind == "choice":
        need(choice in choices, where, f"choice is {choice!r}; there is {', '.join(choices)}")
        row = {**row, "choice": choices[choice]}
    else:
        need(not choice, where, f"a {kind} has no choice")
    field = make(cls, row, where)
    if cls is Option:
        check_option(field, where)
    return field


def check_option(option: Option, where: str) -> None:
    names = [value.name for value in option.choice.values] if option.choice else []
    for name in option.allowed or []:
        need(name in names, where, f"allowed has {name!r}; the choice has {', '.join(names)}")
    if option.type in RANGED:
        check_range(option, where)
        return
    need(option.min is None and option.max is None, where, f"a {option.type} has no min and max")
    if option.choice:
        good = option.default in [value.name for value in option.accepted]
    else:
        good = type(option.default) is (bool if option.type == "flag" else int)
    need(good, where, f"default is {option.default!r}; it must be {option.range}")


def check_range(option: Option, where: str) -> None:
    for key in ("min", "max", "default"):
        value = getattr(option, key)
        good = type(value) is int or (option.type != "count" and type(value) is float)
        good = good and math.isfinite(value)
        need(good, where, f"{key} is {value!r}; it must be a {option.type}")
        whole = option.type != "duration" or Decimal(str(value)) * 10**9 % 1 == 0
        need(whole, where, f"{key} is {value} s; it must be whole nanoseconds")
    low, high, default = option.min, option.max, option.default
    need(low < high, where, f"min is {low}; it must be below max, which is {high}")
    need(not (option.zero and low <= 0 <= high), where, "zero is given, but 0 lies in the range")
    good = low <= default <= high or (default == 0 and option.zero != "")
    need(good, where, f"default is {default}; it must be {option.range}")


def check_names(names: list[str], where: str) -> None:
    for name in names:
        text = f"the name {name!r} must be small letters, digits and single underscores"
        need(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name), where, text)
        need(names.count(name) == 1, where, f"{name} is there twice")


def load(path: Path) -> Noun:
    where = f"schema/{path.name}"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"{where}: {error}") from None
    rows, tables = raw.pop("choices", {}), {}
    choices = {name: make_choice(camel(path.stem), name, rows[name], where) for name in rows}
    for key, name, cls in (("option", "options", Option), ("snapshot", "snapshot", Field)):
        table = raw.pop(key, [])
        need(isinstance(table, list) and table, where, f"there must be rows [[{key}]]")
        tables[name] = [make_field(cls, row, choices, where) for row in table]
    for named in (*tables.values(), choices.values()):
        check_names([row.name for row in named], where)
    noun: Noun = make(Noun, {**raw, **tables, "choices": list(choices.values())}, where)
    need(noun.noun == path.stem, where, f"noun is {noun.noun!r}; the file is called {path.name}")
    return noun
