"""What TokenBucket accepts: every option, every bad value, and changes while it runs."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import spillway as sw
from breakers import SECOND
from spillway._schema import TOKEN_BUCKET_OPTIONS, OptionInfo

NUMBERS = [info for info in TOKEN_BUCKET_OPTIONS if info.maximum is not None]
COUNTS = [info for info in TOKEN_BUCKET_OPTIONS if info.type == "count"]
FLAGS = [info for info in TOKEN_BUCKET_OPTIONS if info.type == "flag"]


def make(name: str, value: Any) -> sw.TokenBucket:
    return sw.TokenBucket(**{"rate": 1.0, name: value})


def by_name(info: OptionInfo) -> str:
    return info.name


def test_defaults_are_those_of_the_schema() -> None:
    parameters = inspect.signature(sw.TokenBucket).parameters
    assert [name for name in parameters if name not in ("name", "scope")] == [
        info.name for info in TOKEN_BUCKET_OPTIONS
    ]
    assert all(one.kind is one.KEYWORD_ONLY for name, one in parameters.items() if name != "name")
    for info in TOKEN_BUCKET_OPTIONS:
        default = parameters[info.name].default
        if info.required:
            assert default is inspect.Parameter.empty
        elif info.name == "initial_tokens":  # full, as the schema says with its largest number
            assert default is None
            assert info.default == info.maximum
        else:
            assert default == info.default


@pytest.mark.parametrize("info", NUMBERS, ids=by_name)
def test_bounds_are_accepted_and_what_lies_outside_is_named(info: OptionInfo) -> None:
    assert info.minimum is not None
    assert info.maximum is not None
    whole = info.type == "count"
    kind: Any = int if whole else float
    for good in (info.minimum, info.maximum):
        make(info.name, kind(good))
    step = 1 if whole else info.minimum / 2
    for bad in (info.minimum - step, info.maximum + (1 if whole else 1e-6), -info.maximum):
        with pytest.raises(ValueError, match=rf"^{info.name} is .+; it must be ") as error:
            make(info.name, kind(bad))
        assert f"{info.maximum:.15g}" in str(error.value)


@pytest.mark.parametrize("info", NUMBERS, ids=by_name)
@pytest.mark.parametrize("value", ["1", None, True, 1j, [1], Decimal(1)], ids=repr)
def test_wrong_types_of_numbers_are_named(info: OptionInfo, value: object) -> None:
    if value is None and info.name == "initial_tokens":
        return
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be "):
        make(info.name, value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, 10**400, 0])
def test_a_rate_is_a_number(value: float) -> None:
    with pytest.raises(ValueError, match=r"^rate is .+; it must be 1e-10 to 1"):
        sw.TokenBucket(rate=value)


@pytest.mark.parametrize("info", COUNTS, ids=by_name)
def test_a_count_is_an_int(info: OptionInfo) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is 3.0; it must be an int"):
        make(info.name, 3.0)


@pytest.mark.parametrize("info", FLAGS, ids=by_name)
@pytest.mark.parametrize("value", [0, 1, None, "true"], ids=repr)
def test_a_flag_is_a_bool(info: OptionInfo, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{info.name} is .+; it must be True or False"):
        make(info.name, value)


def test_what_must_be_given_and_what_is_none() -> None:
    with pytest.raises(TypeError, match="rate"):
        sw.TokenBucket()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        sw.TokenBucket(rate=1.0, colour=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"^scope is 'host'; it must be 'process'"):
        sw.TokenBucket(rate=1.0, scope="host")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^name is ''"):
        sw.TokenBucket("", rate=1.0)


def test_a_rate_is_the_number_that_people_mean() -> None:
    for rate in (Fraction(1, 3), 1 / 3):
        bucket = sw.TokenBucket(rate=rate)  # type: ignore[arg-type]
        assert bucket.try_acquire(now_ns=0)
        assert not bucket.try_acquire(now_ns=3 * SECOND - 1)
        assert bucket.try_acquire(now_ns=3 * SECOND)


def test_initial_tokens() -> None:
    assert sw.TokenBucket(rate=1.0, burst=5).snapshot(now_ns=0).tokens == 5
    assert sw.TokenBucket(rate=1.0, burst=5, initial_tokens=2).snapshot(now_ns=0).tokens == 2
    assert sw.TokenBucket(rate=1.0, burst=5, initial_tokens=9).snapshot(now_ns=0).tokens == 5
    assert not sw.TokenBucket(rate=1.0, initial_tokens=0).try_acquire(now_ns=0)


def test_options_are_shown_and_make_another_bucket() -> None:
    bucket = sw.TokenBucket("api", rate=2.5, burst=7, dry_run=True)
    assert repr(bucket) == "<TokenBucket 'api' 2.5/s, burst 7>"
    assert bucket.options == sw.TokenBucketOptions(
        rate=2.5, burst=7, initial_tokens=None, dry_run=True, counted=True, scope="process"
    )
    again = pickle.loads(pickle.dumps(bucket.options))
    assert again == bucket.options
    assert sw.TokenBucket(**again.as_dict()).options == bucket.options


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_bucket_is_not_pickled_or_copied(duplicate: Any) -> None:
    with pytest.raises(TypeError, match=r"<TokenBucket 1/s, burst 1> cannot be pickled or copied"):
        duplicate(sw.TokenBucket(rate=1.0))


def test_changes() -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=4)
    assert bucket.try_acquire(2, now_ns=0)
    bucket.reconfigure(rate=10.0, burst=8, now_ns=0)
    assert (bucket.options.rate, bucket.options.burst) == (10.0, 8)
    assert bucket.snapshot(now_ns=0).tokens == 2
    bucket.reconfigure("proportional", burst=16, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 4
    bucket.reconfigure(sw.Inheritance.ADDITIVE, burst=17, now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 5
    bucket.reconfigure(dry_run=True)
    assert bucket.try_acquire(17, now_ns=0)
    bucket.reconfigure(dry_run=False)
    bucket.reset(now_ns=0)
    assert bucket.snapshot(now_ns=0).tokens == 17


def test_a_change_in_the_middle_of_a_change_is_not_lost() -> None:
    """As a signal handler makes one."""
    bucket = sw.TokenBucket(rate=1.0, burst=2)
    handlers = [lambda: bucket.reconfigure(burst=7, now_ns=0)]

    def apply(options: sw.TokenBucketOptions) -> None:
        bucket._core.reconfigure(options.settings(), "keep", 0)
        while handlers:
            handlers.pop()()

    bucket._reconfigure({"rate": 5.0}, apply)
    assert (bucket.options.rate, bucket.options.burst) == (5.0, 7)
    assert bucket.snapshot(now_ns=0).burst == 7
    assert bucket.try_acquire(2, now_ns=0)
    assert bucket.try_acquire(now_ns=0).retry_after_ns == SECOND // 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial_tokens": 3}, "initial_tokens"),
        ({"counted": False}, "counted"),
        ({"scope": "host"}, r"^scope is 'host'"),
        ({"burst": 0}, r"^burst is 0; it must be 1 to 1000000000"),
        ({"inheritance": "half"}, r"^inheritance is half; it must be one of keep, reset, prop"),
    ],
    ids=str,
)
def test_what_cannot_change(changes: dict[str, Any], message: str) -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=2)
    before = bucket.options
    with pytest.raises(ValueError, match=message):
        bucket.reconfigure(**({"rate": 5.0} | changes))
    with pytest.raises(TypeError, match="colour"):
        bucket.reconfigure(colour=1)
    assert bucket.options is before
    assert bucket.snapshot(now_ns=0).burst == 2
    assert bucket.try_acquire(2, now_ns=0)
    assert not bucket.try_acquire(1, now_ns=SECOND // 2)  # at 5 a second it were there


def test_a_policy_is_initialised_once() -> None:
    bucket = sw.TokenBucket(rate=1.0)
    with pytest.raises(RuntimeError, match="initialised once"):
        bucket.__init__(rate=2.0)  # type: ignore[misc]
    assert bucket.try_acquire(now_ns=0)
    bare = sw.TokenBucket.__new__(sw.TokenBucket)
    for use in (bare.try_acquire, bare.acquire, bare.__enter__, bare.peek, bare.refund):
        with pytest.raises(RuntimeError, match="was not initialised"):
            use()
