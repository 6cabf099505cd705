"""What CircuitBreaker accepts: every option, every bad value, and changes while it runs."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import spillway as sw
from spillway._schema.circuit_breaker import OPTIONS
from spillway._schema.tables import OptionInfo

INFO = {info.name: info for info in OPTIONS}

WINDOWS = {
    "window": lambda value: {"window": sw.TimeWindow(value, buckets=1)},
    "buckets": lambda value: {"window": sw.TimeWindow(86400.0, buckets=value)},
    "window_size": lambda value: {"window": sw.CountWindow(value)},
    "window_failures": lambda value: {"window": sw.Consecutive(value)},
}
NUMBERS = [info for info in OPTIONS if info.maximum is not None]
OF_TYPE = {
    kind: [info for info in OPTIONS if info.type == kind]
    for kind in ("duration", "fraction", "number", "count", "flag", "choice", "seed")
}


def make(name: str, value: Any, **others: Any) -> sw.CircuitBreaker:
    given = WINDOWS[name](value) if name in WINDOWS else {name: value}
    if name == "open_for":
        others["max_open"] = 86400.0
    if name == "max_open":
        others["open_for"] = 0.001
    return sw.CircuitBreaker(**given, **others)


def by_name(info: OptionInfo) -> str:
    return info.name


def test_defaults_are_those_of_the_schema() -> None:
    parameters = inspect.signature(sw.CircuitBreaker).parameters
    window = parameters["window"].default
    defaults = {
        "window_kind": "time" if isinstance(window, sw.TimeWindow) else None,
        "window": window.seconds,
        "buckets": window.buckets,
        "window_size": sw.CountWindow().n,
        "window_failures": sw.Consecutive().n,
    }
    for info in OPTIONS:
        if info.name not in defaults:
            defaults[info.name] = parameters[info.name].default
    assert defaults == {info.name: info.default for info in OPTIONS}
    assert parameters["window"].default == sw.TimeWindow()
    assert all(one.kind is one.KEYWORD_ONLY for name, one in parameters.items() if name != "name")


@pytest.mark.parametrize("info", NUMBERS, ids=by_name)
def test_bounds_are_accepted_and_what_lies_outside_is_named(info: OptionInfo) -> None:
    assert info.minimum is not None
    assert info.maximum is not None
    step = 1 if info.type == "count" else 1e-9
    least, most = info.minimum, info.maximum
    if info.type == "count":
        least, most = int(least), int(most)
    for good in (least, most):
        make(info.name, good)
    below, above = least - step, most + (step if info.type == "count" else most * 1e-9)
    bad = [below, above, -most]
    if info.zero:
        make(info.name, 0)
        bad.remove(below)  # of such a small minimum it is 0
        bad.append(-step)
    for value in bad:
        with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be ") as error:
            make(info.name, value)
        assert f"{most:.15g}".removesuffix(".0") in str(error.value)


@pytest.mark.parametrize("info", NUMBERS, ids=by_name)
@pytest.mark.parametrize("value", ["1", None, b"1", True, 1j, [1], Decimal(1), object()], ids=repr)
def test_wrong_types_of_numbers_are_named(info: OptionInfo, value: object) -> None:
    if value is None and info.name == "slow_call":
        assert make("slow_call", None).options.slow_call is None
        return
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be "):
        make(info.name, value)


@pytest.mark.parametrize("info", NUMBERS, ids=by_name)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e300, 10**400])
def test_numbers_that_are_none_are_named(info: OptionInfo, value: float) -> None:
    error = TypeError if info.type == "count" and isinstance(value, float) else ValueError
    with pytest.raises(error, match=rf"^{info.name} is .+; it must be "):
        make(info.name, value)


@pytest.mark.parametrize("info", OF_TYPE["count"], ids=by_name)
def test_a_count_is_an_int(info: OptionInfo) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is 3.0; it must be an int"):
        make(info.name, 3.0)


@pytest.mark.parametrize("info", OF_TYPE["duration"], ids=by_name)
def test_durations_are_seconds_or_timedelta_to_the_nanosecond(info: OptionInfo) -> None:
    for value in (1, 1.5, Fraction(3, 2), timedelta(seconds=1.5)):
        make(info.name, value, in_flight=False)
    for value in (timedelta(seconds=-1), timedelta.max, timedelta(days=31)):
        with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be "):
            make(info.name, value)
    # It would round to 0, which may mean something else.
    with pytest.raises(ValueError, match=rf"^{info.name} is 1e-10; it must be "):
        make(info.name, 1e-10)


def test_a_duration_is_rounded_to_the_nearest_nanosecond() -> None:
    breaker = sw.CircuitBreaker(
        window=sw.Consecutive(1), open_for=1.0000000014, jitter=0.0, slow_call=1.6e-9
    )
    permit = breaker.try_acquire(now_ns=0)
    assert permit
    permit.settle(sw.Outcome.SUCCESS, now_ns=2)
    assert breaker.state == "closed"
    permit = breaker.try_acquire(now_ns=0)
    assert permit
    permit.settle(sw.Outcome.SUCCESS, now_ns=3)
    assert breaker.snapshot(now_ns=3).time_to_half_open_ns == 1_000_000_001


@pytest.mark.parametrize("info", OF_TYPE["flag"], ids=by_name)
@pytest.mark.parametrize("value", [0, 1, None, "true"], ids=repr)
def test_a_flag_is_a_bool(info: OptionInfo, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be True or False"):
        make(info.name, value)


@pytest.mark.parametrize("value", [-1, 2**64])
def test_a_seed_has_64_bits(value: int) -> None:
    with pytest.raises(ValueError, match=r"^seed is -?\d+; it must be 0 \(a random one\) to 2\*\*"):
        sw.CircuitBreaker(seed=value)
    sw.CircuitBreaker(seed=2**64 - 1)


@pytest.mark.parametrize("state", INFO["initial_state"].choices)
def test_initial_state(state: str) -> None:
    assert sw.CircuitBreaker(initial_state=state).state == state
    assert sw.CircuitBreaker(initial_state=sw.State(state)).state is sw.State(state)


def test_bad_initial_state() -> None:
    with pytest.raises(ValueError, match=r"^initial_state is open; it must be one of closed, forc"):
        sw.CircuitBreaker(initial_state="open")
    with pytest.raises(TypeError, match=r"^initial_state is 1; it must be a str"):
        sw.CircuitBreaker(initial_state=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_open": 1.0}, r"^max_open is 1 s; it must be at least open_for, 5 s"),
        ({"window": sw.TimeWindow(0.01, 128)}, r"^window / buckets is .+; a bucket must last at l"),
        ({"window": sw.KOfN(5, 3)}, r"^window_failures is 5; it must be 1 to window_size, 3"),
        ({"in_flight": True, "slow_call": None}, r"^in_flight is true; it needs slow_call"),
        ({"in_flight": True, "slow_call": 9.5}, r"^slow_call plus one bucket is .+ must fit the w"),
        ({"in_flight": True, "window": sw.CountWindow()}, r"^in_flight is true; it needs a time w"),
        ({"striped": True, "window": sw.Consecutive()}, r"^striped is true; it needs a time windo"),
        ({"scope": "host"}, r"^scope is 'host'; it must be 'process'"),
        ({"name": ""}, r"^name is ''; it must be a str that is not empty and has a UTF-8 "),
        ({"name": "\ud800"}, r"^name is '\\ud800'; it must be a str that is not empty and has "),
    ],
    ids=str,
)
def test_options_that_do_not_fit_each_other(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sw.CircuitBreaker(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": 10.0}, r"^window is 10.0; it must be a TimeWindow, CountWindow, Consecutive o"),
        ({"window": sw.TimeWindow}, r"^window is <class .+; it must be a TimeWindow"),
        ({"on": ValueError}, r"^on is <class 'ValueError'>; it must be a tuple of subclasses of E"),
        ({"on": [ValueError]}, r"^on is \["),
        ({"on": ("ValueError",)}, r"^on is \('ValueError',\); it must be a tuple"),
        ({"ignore": (KeyboardInterrupt,)}, r"^ignore is .+; it must be a tuple of subclasses of E"),
        ({"on_result": 1}, r"^on_result is 1; it must be callable or None"),
        ({"classify": "x"}, r"^classify is 'x'; it must be callable or None"),
        ({"name": 1}, r"^name is 1; it must be a str"),
        ({"colour": 1}, r"unexpected keyword argument 'colour'"),
    ],
    ids=str,
)
def test_options_of_a_wrong_type(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sw.CircuitBreaker(**given)


def test_a_breaker_that_was_refused_leaves_its_name_free() -> None:
    with pytest.raises(ValueError, match="failure_rate"):
        sw.CircuitBreaker("payments", failure_rate=2.0)
    sw.CircuitBreaker("payments")


def is_bad(result: object) -> bool:
    return result is None


def test_options_pickle_and_make_another_breaker() -> None:
    breaker = sw.CircuitBreaker(
        window=sw.KOfN(2, 5),
        slow_call=timedelta(seconds=3),
        on=(OSError,),
        on_result=is_bad,
        seed=4,
    )
    for options in (pickle.loads(pickle.dumps(breaker.options)), copy.deepcopy(breaker.options)):
        assert options == breaker.options
        assert sw.CircuitBreaker(**options.as_dict()).options == breaker.options
    with pytest.raises(AttributeError):
        breaker.options.probes = 3  # type: ignore[misc]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_live_breaker_does_not_pickle(duplicate: Any) -> None:
    with pytest.raises(TypeError, match=r"alive in this process; pickle its `\.options`"):
        duplicate(sw.CircuitBreaker())


# ---- changing options while it runs


def test_reconfigure_keeps_window_and_state(tripped: sw.CircuitBreaker) -> None:
    tripped.reconfigure(open_for=timedelta(seconds=60), probes=3, slow_call=None)
    assert tripped.options.probes == 3
    assert tripped.options.slow_call is None
    assert tripped.state == "open"
    assert tripped.snapshot(now_ns=0).time_to_half_open_ns == 5_000_000_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"failure_rate": 0.0}, r"^failure_rate is 0; it must be 0.0001 to 1"),
        ({"window": sw.TimeWindow(20.0)}, r"^window is 10 s and cannot change to 20 s: it is fixe"),
        ({"window": sw.CountWindow()}, r"^window_kind is .+ cannot change"),
        ({"striped": True}, r"^striped is false and cannot change to true"),
        ({"seed": 5}, r"^seed is \d+ and cannot change to 5"),
        ({"initial_state": "disabled"}, r"^initial_state is .+ cannot change"),
        ({"scope": "host"}, r"^scope is 'host'"),
        ({"on": (OSError,)}, r"^on, ignore, on_result and classify cannot change"),
    ],
    ids=str,
)
def test_a_change_that_is_refused_changes_nothing(changes: dict[str, Any], message: str) -> None:
    breaker = sw.CircuitBreaker()
    before = breaker.options
    with pytest.raises(ValueError, match=message):
        breaker.reconfigure(probes=2, **changes)
    assert breaker.options is before
    breaker.reconfigure(probes=1)  # what was refused did not reach the core


def test_a_seed_that_was_given_cannot_change() -> None:
    breaker = sw.CircuitBreaker(seed=7)
    with pytest.raises(ValueError, match=r"^seed is 7 and cannot change to 8"):
        breaker.reconfigure(seed=8)
    breaker.reconfigure(seed=0)  # any will do: keeps the one it has


def test_a_change_of_a_wrong_type() -> None:
    with pytest.raises(TypeError, match=r"^probes is 2.5; it must be an int"):
        sw.CircuitBreaker().reconfigure(probes=2.5)
    with pytest.raises(TypeError, match="colour"):
        sw.CircuitBreaker().reconfigure(colour=1)
