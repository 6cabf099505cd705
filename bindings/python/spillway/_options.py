"""From the options people write to the settings of the core."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Literal, Self, SupportsIndex, cast

from ._outcome import Outcome
from ._schema.tables import OptionInfo

Duration = float | timedelta
"""Seconds, or a timedelta."""

Classify = Callable[[Any, Exception | None], Outcome | None]

NANOS = 1_000_000_000
INT64_MAX = 2**63 - 1


class Options:
    """What the options of every policy have; each is a frozen dataclass. They pickle."""

    __slots__ = ()

    scope: Literal["process"]

    def as_dict(self) -> dict[str, Any]:
        """The options by name: the policy's class, called with **options.as_dict(), makes one like
        it."""
        return {field.name: getattr(self, field.name) for field in fields(cast(Any, self))}

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """The same with some changes. Raises TypeError for a name that is no option."""
        return cast(Self, replace(cast(Any, self), **changes))

    def settings(self) -> dict[str, Any]:
        """For the core. Each policy has its own: this class is only what they share."""
        raise NotImplementedError

    def check_scope(self) -> None:
        if self.scope != "process":
            raise ValueError(f"scope is {self.scope!r}; it must be 'process'")


class PermitOptions(Options):
    """Those of a policy that gives permits."""

    __slots__ = ()

    def rules(self) -> Rules:
        """Of no account to a policy that does not judge outcomes."""
        return Rules()


def settings_from(table: Iterable[OptionInfo], options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the core: the options that are given, else the defaults of the table.

    Raises TypeError and ValueError for what the core's types cannot hold; the core checks ranges.
    """
    return {
        info.name: CONVERT[info.type](info, options.get(info.name, info.default)) for info in table
    }


def nanos(info: OptionInfo, value: object) -> int:
    if isinstance(value, timedelta):
        rounded = value // timedelta(microseconds=1) * 1000
    else:
        seconds = number(info, value, "seconds as a number, or a timedelta")
        exact = seconds * NANOS
        if not math.isfinite(exact):
            raise out_of_range(info, value)
        rounded = round(exact)
        # What rounds to nothing would read as 0, which may mean something else.
        if rounded == 0 and seconds != 0:
            raise out_of_range(info, value)
    if abs(rounded) > INT64_MAX:
        raise out_of_range(info, value)
    return rounded


def seconds_of(span: Duration) -> float:
    return span.total_seconds() if isinstance(span, timedelta) else span


def number(info: OptionInfo, value: object, what: str = "a number") -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong_type(info, value, what)
    try:
        return float(value)
    except OverflowError:
        raise out_of_range(info, value) from None


def integer(info: OptionInfo, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise wrong_type(info, value, "an int")
    count = operator.index(value)
    if info.type == "count" and not -(2**31) <= count < 2**31:
        raise out_of_range(info, value)
    if info.type == "seed" and not 0 <= count < 2**64:
        raise out_of_range(info, value)
    return count


def flag(info: OptionInfo, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{info.name} is {value!r}; it must be True or False")
    return value


def choice(info: OptionInfo, value: object) -> str:
    if not isinstance(value, str):
        raise wrong_type(info, value, "a str")
    if value not in info.choices:
        raise out_of_range(info, value)
    return str(value)


CONVERT: Mapping[str, Callable[[OptionInfo, Any], Any]] = {
    "duration": nanos,
    "fraction": number,
    "number": number,
    "count": integer,
    "seed": integer,
    "flag": flag,
    "choice": choice,
}


def wrong_type(info: OptionInfo, value: object, what: str) -> TypeError:
    return TypeError(f"{info.name} is {value!r}; it must be {what}: {accepted(info)}")


def out_of_range(info: OptionInfo, value: object) -> ValueError:
    return ValueError(f"{info.name} is {value}; it must be {accepted(info)}")


def accepted(info: OptionInfo) -> str:
    """What an option accepts, in the words of the core."""
    if info.type == "choice":
        return "one of " + ", ".join(info.choices)
    if info.type == "seed":
        return f"0 ({info.zero}) to 2**64 - 1"
    unit = " s" if info.type == "duration" else ""
    zero = f"0 ({info.zero}) or " if info.zero else ""
    return f"{zero}{info.minimum:.15g}{unit} to {info.maximum:.15g}{unit}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the end of a call says of the callee."""

    on: tuple[type[Exception], ...] = (Exception,)
    ignore: tuple[type[Exception], ...] = ()
    on_result: Callable[[Any], object] | None = None
    classify: Classify | None = None

    def __post_init__(self) -> None:
        for name in ("on", "ignore"):
            types = cast(tuple[Any, ...], getattr(self, name))
            if not isinstance(types, tuple) or not all(
                isinstance(one, type) and issubclass(one, Exception) for one in types
            ):
                raise TypeError(
                    f"{name} is {types!r}; it must be a tuple of subclasses of Exception "
                    "(what is no Exception, as a cancellation, is always ignored)"
                )
        for name in ("on_result", "classify"):
            callback = getattr(self, name)
            if callback is not None and not callable(callback):
                raise TypeError(f"{name} is {callback!r}; it must be callable or None")
