"""What Bulkhead, ClientThrottle and AdaptiveLimiter accept: every option, bad values, changes."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import spillway as sw
from spillway._schema import adaptive_limiter, bulkhead, client_throttle
from spillway._schema.tables import OptionInfo

Policy = sw.Bulkhead | sw.ClientThrottle | sw.AdaptiveLimiter
RULES = ("on", "ignore", "on_result", "classify")


class Kind(NamedTuple):
    make: Any
    table: tuple[OptionInfo, ...]
    rules: tuple[str, ...]
    shown: str


KINDS = {
    "bulkhead": Kind(sw.Bulkhead, bulkhead.OPTIONS, (), "<Bulkhead 'one' 0 of 25, 0 waiting>"),
    "client throttle": Kind(
        sw.ClientThrottle, client_throttle.OPTIONS, RULES, "<ClientThrottle 'one' k=2>"
    ),
    "adaptive limiter": Kind(
        sw.AdaptiveLimiter,
        adaptive_limiter.OPTIONS,
        RULES,
        "<AdaptiveLimiter 'one' 0 of 20>",
    ),
}
# Pairs of which one bounds the other: both are set together.
TOGETHER = {
    "normal_share": "sheddable_share",
    "k": "sheddable_k",
    "max_limit": "initial_limit",
}
NUMBERS = [
    pytest.param(kind.make, info, id=f"{noun}: {info.name}")
    for noun, kind in KINDS.items()
    for info in kind.table
    if info.maximum is not None
]
ALL = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@ALL
def test_defaults_are_those_of_the_schema(kind: Kind) -> None:
    parameters = inspect.signature(kind.make).parameters
    own = [name for name in parameters if name not in ("name", "scope", *kind.rules)]
    assert sorted(own) == sorted(info.name for info in kind.table)
    assert all(one.kind is one.KEYWORD_ONLY for name, one in parameters.items() if name != "name")
    for info in kind.table:
        assert parameters[info.name].default == info.default


@pytest.mark.parametrize(("make", "info"), NUMBERS)
def test_bounds_are_accepted_and_what_lies_outside_is_named(make: Any, info: OptionInfo) -> None:
    assert info.minimum is not None
    assert info.maximum is not None
    whole = info.type == "count"
    number: Any = int if whole else float
    for good in (info.minimum, info.maximum):
        other = TOGETHER.get(info.name)
        rest = {} if other is None else {other: number(good)}
        if info.name == "critical_k":
            rest = {"k": 1.0, "sheddable_k": 1.0}
        elif info.name == "sheddable_k":
            rest = {"k": 1000.0, "critical_k": 1000.0}
        elif info.name == "k":
            rest |= {"critical_k": 1000.0}
        elif info.name in ("min_limit", "initial_limit"):
            rest = {"initial_limit": number(good), "max_limit": max(1000, number(good))}
        make(**(rest | {info.name: number(good)}))
    for bad in (info.maximum + 1, -1):
        with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be ") as error:
            make(**{info.name: number(bad)})
        assert f"{info.maximum:.15g}" in str(error.value)


@pytest.mark.parametrize(("make", "info"), NUMBERS)
@pytest.mark.parametrize("value", ["1", None, True, 1j], ids=repr)
def test_wrong_types_of_numbers_are_named(make: Any, info: OptionInfo, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be "):
        make(**{info.name: value})


@ALL
def test_what_is_no_option(kind: Kind) -> None:
    with pytest.raises(TypeError, match="colour"):
        kind.make(colour=1)
    with pytest.raises(ValueError, match=r"^scope is 'host'; it must be 'process'"):
        kind.make(scope="host")
    with pytest.raises(ValueError, match=r"^name is ''"):
        kind.make("")
    for rule in kind.rules:
        with pytest.raises(TypeError, match=rf"^{rule} is 3; it must be"):
            kind.make(**{rule: 3})


@ALL
def test_options_are_shown_and_make_another_one(kind: Kind) -> None:
    policy = kind.make("one")
    assert repr(policy) == kind.shown
    assert repr(kind.make()) == kind.shown.replace(" 'one'", "")
    again = pickle.loads(pickle.dumps(policy.options))
    assert again == policy.options
    assert kind.make(**again.as_dict()).options == policy.options
    for duplicate in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match=r"cannot be pickled or copied"):
            duplicate(policy)


@ALL
def test_a_name_is_taken_within_its_kind(kind: Kind) -> None:
    policy = kind.make("one")
    breaker = sw.CircuitBreaker("one")
    with pytest.raises(ValueError, match=rf"^name is 'one'; it must differ .+ {policy.noun}"):
        kind.make("one")
    assert sw.registry.get(kind.make, "one") is policy
    assert list(sw.registry) == [policy, breaker]
    assert not hasattr(policy, "__dict__")


@ALL
def test_changes_that_are_refused_change_nothing(kind: Kind) -> None:
    policy = kind.make()
    before = policy.options
    (number,) = (one for one in kind.table if one.name in ("max_concurrent", "k", "max_limit"))
    fixed = [info.name for info in kind.table if info.fixed]
    bad: dict[str, Any] = {number.name: -1, "scope": "host"}
    bad |= dict.fromkeys(kind.rules, (ValueError,))
    changed = {"window": 7.0, "seed": 3, "counted": False, "algorithm": "aimd", "initial_limit": 5}
    bad |= {name: changed[name] for name in fixed}
    for name, value in bad.items():
        if name in ("on_result", "classify"):
            value = print
        with pytest.raises(ValueError, match=rf"{name}\b"):
            policy.reconfigure(**{name: value})
    with pytest.raises(TypeError, match="colour"):
        policy.reconfigure(colour=1)
    assert policy.options is before


def test_a_bulkhead_has_as_many_places_as_it_was_made_with() -> None:
    bulkhead = sw.Bulkhead(max_queue=3, max_wait=timedelta(seconds=1))
    bulkhead.reconfigure(max_queue=1, max_wait=2.0)
    assert bulkhead.snapshot().max_queue == 1
    bulkhead.reset()
    bulkhead.reconfigure(max_queue=3)
    with pytest.raises(ValueError, match="max_queue"):
        bulkhead.reconfigure(max_queue=4)
    assert bulkhead.options.max_queue == 3


def test_a_seed_that_was_drawn_stays() -> None:
    def refusals(throttle: sw.ClientThrottle) -> list[bool]:
        throttle.reconfigure(min_calls=1)
        return [bool(throttle.try_acquire(now_ns=0)) for _ in range(64)]

    with pytest.warns(ResourceWarning):
        first, same, other = (refusals(sw.ClientThrottle(seed=seed)) for seed in (1, 1, 2))
    assert first == same != other


def test_the_algorithm_is_a_choice() -> None:
    for algorithm in sw.LimitAlgorithm:
        assert sw.AdaptiveLimiter(algorithm=algorithm).options.algorithm == algorithm
    with pytest.raises(ValueError, match=r"^algorithm is magic; it must be one of gradient, vegas"):
        sw.AdaptiveLimiter(algorithm="magic")
