"""What the limiters accept: every option, every bad value, and copies of what was given."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from dataclasses import fields
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import spillway as sw
from spillway import _core
from spillway._schema import keyed_limiter, leaky_bucket, sliding_window_limiter, token_bucket
from spillway._schema.tables import OptionInfo


class Kind(NamedTuple):
    """A class of limiters, and what its options are in Python where the table says it otherwise."""

    cls: Any
    table: tuple[OptionInfo, ...]
    needed: dict[str, Any]  # the options without a default
    full: tuple[str, ...] = ()  # None is the default, and stands for as much as there can be
    others: tuple[str, ...] = ()  # are given as `also`


KINDS = [
    Kind(sw.TokenBucket, token_bucket.OPTIONS, {"rate": 1.0}, full=("initial_tokens",)),
    Kind(sw.LeakyBucket, leaky_bucket.OPTIONS, {"rate": 1.0}, full=("free",)),
    Kind(
        sw.SlidingWindowLimiter,
        sliding_window_limiter.OPTIONS,
        {"limit": 1, "per": 1.0},
        others=("second_limit", "second_per", "third_limit", "third_per"),
    ),
    Kind(sw.KeyedLimiter, keyed_limiter.OPTIONS, {"rate": 1.0}),
]
# What their bounds are depends on other options, or takes a gigabyte.
APART = ("max_keys", "warm_up")
OPTIONS = [
    pytest.param(kind, info, id=f"{kind.cls.__name__}.{info.name}")
    for kind in KINDS
    for info in kind.table
    if info.name not in kind.others
]


def with_type(*types: str) -> list[Any]:
    return [one for one in OPTIONS if one.values[1].type in types]


def make(kind: Kind, **options: Any) -> Any:
    return kind.cls(**(kind.needed | options))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)
def test_defaults_are_those_of_the_schema(kind: Kind) -> None:
    parameters = dict(inspect.signature(kind.cls).parameters)
    assert parameters.pop("name").default is None
    assert parameters.pop("scope").default == "process"
    assert all(one.kind is one.KEYWORD_ONLY for one in parameters.values())
    if kind.others:
        assert parameters.pop("also").default == ()
    table = [info for info in kind.table if info.name not in kind.others]
    assert list(parameters) == [info.name for info in table]
    for info in table:
        default = parameters[info.name].default
        if info.required:
            assert default is inspect.Parameter.empty
        elif info.name in kind.full:
            assert default is None
            assert info.default == info.maximum
        else:
            assert default == info.default


@pytest.mark.parametrize(("kind", "info"), with_type("number", "count", "duration"))
def test_bounds_are_accepted_and_what_lies_outside_is_named(kind: Kind, info: OptionInfo) -> None:
    assert info.minimum is not None
    assert info.maximum is not None
    number: Any = int if info.type == "count" else float
    if info.name not in APART:
        for good in (info.minimum, info.maximum):
            make(kind, **{info.name: number(good)})
    accepted = [number(info.minimum), number(info.maximum)]
    # The most keys are a gigabyte; how long a bucket may warm up depends on its rate.
    for good in {"max_keys": accepted[:1], "warm_up": []}.get(info.name, accepted):
        make(kind, **{info.name: good})
    step = 1 if info.type == "count" else info.minimum / 2
    above = info.maximum + (1 if info.type == "count" else 1e-6)
    for bad in (info.minimum - step, above, -info.maximum):
        with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be ") as error:
            make(kind, **{info.name: number(bad)})
        assert f"{info.maximum:.15g}" in str(error.value)


@pytest.mark.parametrize(("kind", "info"), with_type("number", "count", "duration", "seed"))
@pytest.mark.parametrize("value", ["1", None, True, 1j, [1], Decimal(1)], ids=repr)
def test_wrong_types_of_numbers_are_named(kind: Kind, info: OptionInfo, value: object) -> None:
    if value is None and info.name in kind.full:
        return
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be "):
        make(kind, **{info.name: value})


@pytest.mark.parametrize(("kind", "info"), with_type("number", "duration"))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, 10**400, 0])
def test_what_is_no_amount_is_named(kind: Kind, info: OptionInfo, value: float) -> None:
    if value == 0 and info.zero:
        return
    with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be "):
        make(kind, **{info.name: value})


@pytest.mark.parametrize(("kind", "info"), with_type("count"))
def test_a_count_is_an_int(kind: Kind, info: OptionInfo) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is 3.0; it must be an int"):
        make(kind, **{info.name: 3.0})


@pytest.mark.parametrize(("kind", "info"), with_type("flag"))
@pytest.mark.parametrize("value", [0, 1, None, "true"], ids=repr)
def test_a_flag_is_a_bool(kind: Kind, info: OptionInfo, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be True or False"):
        make(kind, **{info.name: value})


@pytest.mark.parametrize(("kind", "info"), with_type("choice"))
def test_a_choice_is_one_of_its_names(kind: Kind, info: OptionInfo) -> None:
    for good in info.choices:
        assert make(kind, **{info.name: good}).options.as_dict()[info.name] == good
    with pytest.raises(ValueError, match=rf"^{info.name} is drop; it must be one of evict, refuse"):
        make(kind, **{info.name: "drop"})
    with pytest.raises(TypeError, match=rf"^{info.name} is 1; it must be a str"):
        make(kind, **{info.name: 1})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)
def test_what_must_be_given_and_what_is_none(kind: Kind) -> None:
    for name in kind.needed:
        with pytest.raises(TypeError, match=name):
            kind.cls(**{other: 1 for other in kind.needed if other != name})
    with pytest.raises(TypeError, match="colour"):
        make(kind, colour=1)
    with pytest.raises(ValueError, match=r"^scope is 'host'; it must be 'process'"):
        make(kind, scope="host")
    with pytest.raises(ValueError, match=r"^name is ''"):
        make(kind, name="")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)
def test_options_pickle_and_make_another_limiter(kind: Kind) -> None:
    limiter = make(kind, dry_run=True)
    assert [field.name for field in fields(limiter.options)] == [
        name for name in inspect.signature(kind.cls).parameters if name != "name"
    ]
    again = pickle.loads(pickle.dumps(limiter.options))
    assert again == limiter.options
    assert again.dry_run
    assert kind.cls(**again.as_dict()).options == limiter.options


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_limiter_is_not_pickled_or_copied(kind: Kind, duplicate: Any) -> None:
    with pytest.raises(TypeError, match=rf"<{kind.cls.__name__} .*> cannot be pickled or copied"):
        duplicate(make(kind))


@pytest.mark.parametrize(("kind", "info"), [one for one in OPTIONS if one.values[1].fixed])
def test_what_is_fixed_cannot_change(kind: Kind, info: OptionInfo) -> None:
    limiter = make(kind)
    before = limiter.options
    other: dict[str, Any] = {"flag": False, "seed": 7}
    with pytest.raises(ValueError, match=info.name):
        limiter.reconfigure(dry_run=True, **{info.name: other.get(info.type, 2)})
    with pytest.raises(TypeError, match="colour"):
        limiter.reconfigure(colour=1)
    assert limiter.options is before
    limiter.reconfigure(dry_run=True)
    assert limiter.options.dry_run


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)
def test_a_limiter_is_initialised_once(kind: Kind) -> None:
    limiter = make(kind)
    with pytest.raises(RuntimeError, match="initialised once"):
        limiter.__init__(**kind.needed)
    bare = kind.cls.__new__(kind.cls)
    with pytest.raises(RuntimeError, match="was not initialised"):
        bare.try_acquire()
    base = next(one for one in kind.cls.__mro__ if one.__module__ == _core.__name__)
    for other in (sw.CircuitBreaker(), sw.KeyedLimiter(rate=1.0), sw.TokenBucket(rate=1.0)):
        if isinstance(other, base):
            continue
        with pytest.raises(TypeError, match=r"^core is <.*Core"):
            base.__init__(bare, other._core, None, sw.RateLimited, ())
