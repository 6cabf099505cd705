"""The tables in schema/, read and checked for tools/generate."""

import math
import re
import tomllib
from dataclasses import MISSING, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from .metric_rules import check_metrics
from .tables import (
    RANGED,
    Choice,
    Field,
    Metric,
    Noun,
    Option,
    SchemaError,
    SnapshotField,
    Value,
    camel,
    need,
)

ROWS = (
    ("option", "options", Option),
    ("metric", "metrics", Metric),
    ("snapshot", "snapshot", SnapshotField),
)


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


def make_row(
    cls: type[Field | Metric], row: dict[str, Any], choices: dict[str, Choice], where: str
) -> Any:
    where = f"{where}: {row.get('name', 'a row without a name')}"
    return make_field(cls, row, choices, where) if issubclass(cls, Field) else make(cls, row, where)


def make_field(
    cls: type[Field], row: dict[str, Any], choices: dict[str, Choice], where: str
) -> Any:
    kind, choice = row.get("type"), row.get("choice", "")
    need(kind in cls.types, where, f"type is {kind!r}; it must be one of {', '.join(cls.types)}")
    if kind == "choice":
        need(choice in choices, where, f"choice is {choice!r}; there is {', '.join(choices)}")
        row = {**row, "choice": choices[choice]}
    else:
        need(not choice, where, f"a {kind} has no choice")
    if row.get("required"):
        given = [key for key in ("default", "source", "zero") if key in row]
        need(not given, where, f"it is required, but {', '.join(given)} is given")
        need(kind in RANGED, where, f"a {kind} cannot be required")
        row = {**row, "default": 0, "source": ""}
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
    if option.required:
        need(not low <= 0 <= high, where, "it is required, but 0 lies in the range")
        return
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
    for key, name, cls in ROWS:
        table = raw.pop(key, [])
        need(isinstance(table, list) and table, where, f"there must be rows [[{key}]]")
        tables[name] = [make_row(cls, row, choices, where) for row in table]
    for named in (*tables.values(), choices.values()):
        check_names([row.name for row in named], where)
    noun: Noun = make(Noun, {**raw, **tables, "choices": list(choices.values())}, where)
    need(noun.noun == path.stem, where, f"noun is {noun.noun!r}; the file is called {path.name}")
    check_metrics(noun, where)
    return noun
