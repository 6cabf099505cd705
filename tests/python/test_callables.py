"""`@breaker` and breaker.call(): what can be guarded, and what a guarded function still is."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import spillway as sw

breaker = sw.CircuitBreaker(window=sw.CountWindow(1000), min_calls=1000)


@breaker
def area(width: int, /, height: int = 2, *more: int, scale: int = 1, **rest: int) -> int:
    """Width by height."""
    return width * height * scale + sum(more) + sum(rest.values())


area.unit = "m2"  # type: ignore[attr-defined]


@pytest.fixture
def fresh() -> sw.CircuitBreaker:
    return sw.CircuitBreaker(window=sw.Consecutive(1), jitter=0.0)


def successes(of: sw.CircuitBreaker) -> int:
    return of.snapshot().total_successes


def test_arguments_and_results_pass_through() -> None:
    assert area(3) == 6
    assert area(3, 4, 5, 6, scale=2, extra=7) == 42
    assert area(3, height=1) == 3
    with pytest.raises(TypeError, match=r"area\(\) missing 1 required positional argument: 'width"):
        area()  # type: ignore[call-arg]


def test_it_looks_like_the_function() -> None:
    assert area.__name__ == "area"
    assert area.__qualname__ == "area"
    assert area.__module__ == __name__
    assert area.__doc__ == "Width by height."
    assert area.__wrapped__(3) == 6  # type: ignore[attr-defined]
    assert area.unit == "m2"  # type: ignore[attr-defined]
    assert inspect.signature(area) == inspect.signature(area.__wrapped__)  # type: ignore[attr-defined]
    assert repr(area).startswith("<<function area at ")
    assert repr(area).endswith("guarded by <CircuitBreaker closed>>")


def test_it_pickles_and_copies_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(area)) is area
    assert copy.deepcopy(area) is area

    @breaker
    def local() -> None: ...

    with pytest.raises((AttributeError, pickle.PicklingError), match="local"):
        pickle.dumps(local)


def test_it_can_be_weakly_referenced_and_collected(fresh: sw.CircuitBreaker) -> None:
    @fresh
    def work() -> None: ...

    work.itself = work  # type: ignore[attr-defined]
    found = weakref.ref(work)
    del work
    gc.collect()
    assert found() is None


class Account:
    balance = 7

    @breaker
    def read(self, more: int = 0) -> int:
        return self.balance + more

    @breaker
    @classmethod
    def outside_of_classmethod(cls) -> type:
        return cls

    @classmethod
    @breaker
    def inside_of_classmethod(cls) -> type:
        return cls

    @breaker
    @staticmethod
    def outside_of_staticmethod(number: int) -> int:
        return number

    @staticmethod
    @breaker
    def inside_of_staticmethod(number: int) -> int:
        return number

    @property
    @breaker
    def owner(self) -> str:
        return "me"

    @breaker
    async def read_async(self) -> int:
        return self.balance


def test_methods_bind() -> None:
    account = Account()
    assert account.read() == 7
    assert account.read(more=1) == 8
    assert Account.read(account, 2) == 9
    bound = account.read
    assert bound(3) == 10
    assert bound.__self__ is account  # type: ignore[attr-defined]
    assert account.owner == "me"
    assert Account.outside_of_classmethod() is Account.inside_of_classmethod() is Account
    assert account.outside_of_classmethod() is account.inside_of_classmethod() is Account
    assert Account.outside_of_staticmethod(5) == account.inside_of_staticmethod(5) == 5
    assert Account.read.__get__(None, Account) is Account.read


def test_each_call_is_counted_once() -> None:
    before = successes(breaker)
    account = Account()
    account.read()
    Account.outside_of_classmethod()
    Account.inside_of_staticmethod(1)
    breaker.call(len, "abc")
    functools.partial(area, 3)()
    assert successes(breaker) == before + 5


def test_any_callable_can_be_guarded(fresh: sw.CircuitBreaker) -> None:
    class Adder:
        def __call__(self, one: int, other: int) -> int:
            return one + other

    assert fresh(Adder())(1, other=2) == 3
    assert fresh(len)("abc") == 3
    assert fresh(functools.partial(pow, 2))(5) == 32
    assert fresh(Account().read)() == 7
    assert fresh(fresh(len))("abc") == 3


def test_calls_nest_and_recurse(fresh: sw.CircuitBreaker) -> None:
    @fresh
    def depth(levels: int) -> int:
        return 0 if levels == 0 else 1 + depth(levels - 1)

    assert depth(50) == 50
    assert successes(fresh) == 51


def test_endless_recursion_is_a_recursion_error() -> None:
    @breaker
    def endless() -> None:
        endless()

    before = breaker.snapshot().total_failures
    with pytest.raises(RecursionError):
        endless()
    assert 0 < breaker.snapshot().total_failures - before < 2 * sys.getrecursionlimit()


def test_call_passes_arguments_and_results(fresh: sw.CircuitBreaker) -> None:
    def both(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert fresh.call(both) == ((), {})
    assert fresh.call(both, 1, 2, a=3, function=4) == ((1, 2), {"a": 3, "function": 4})
    assert fresh.call(Account().read, more=1) == 8
    with pytest.raises(TypeError, match="needs the function to call"):
        fresh.call()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="not callable"):
        fresh.call(3)  # type: ignore[call-overload]


def test_a_refused_call_does_not_run_the_function(fresh: sw.CircuitBreaker) -> None:
    ran = []
    work = fresh(ran.append)
    fresh.force_open()
    for call in (lambda: work(1), lambda: fresh.call(ran.append, 1)):
        with pytest.raises(sw.CircuitOpen) as refusal:
            call()
        assert refusal.value.reason is sw.CircuitBreakerRejection.FORCED_OPEN
        assert refusal.value.retry_after == 5.0
        assert refusal.value.retry_after_ns == 5_000_000_000
        assert refusal.value.policy is None
    assert ran == []
    assert fresh.snapshot().total_rejected == 2


# ---- what cannot be guarded


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


class Generating:
    def __call__(self) -> Iterator[int]:
        yield 1

    def method(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    "function",
    [generator, async_generator, Generating(), Generating().method, functools.partial(generator)],
    ids=repr,
)
def test_generators_are_refused(function: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot be guarded: it is an? (async )?generator functio"):
        breaker(function)


@pytest.mark.parametrize("function", [generator, async_generator, Generating().method], ids=repr)
def test_generators_are_refused_by_call(fresh: sw.CircuitBreaker, function: Any) -> None:
    with pytest.raises(TypeError, match="cannot be guarded"):
        fresh.call(function)
    assert successes(fresh) == 0


def test_a_generator_that_is_only_a_result_passes(fresh: sw.CircuitBreaker) -> None:
    assert list(fresh(lambda: (n for n in range(3)))()) == [0, 1, 2]


@pytest.mark.parametrize("thing", [None, 3, "name", property(area)], ids=repr)
def test_what_is_not_callable_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="cannot be guarded: it is not callable"):
        breaker(thing)


def test_a_breaker_is_no_context_manager(fresh: sw.CircuitBreaker) -> None:
    with pytest.raises(TypeError, match=r"write `with policy"), fresh:  # type: ignore[attr-defined]
        pass


def test_a_policy_class_that_forgot_its_init_says_so() -> None:
    class Forgetful(sw.CircuitBreaker):
        def __init__(self) -> None: ...

    for use in (
        lambda policy: policy.try_acquire(),
        lambda policy: policy.acquire(),
        lambda policy: policy.call(len, ""),
        lambda policy: policy(len),
    ):
        with pytest.raises(RuntimeError, match="Forgetful was not initialised"):
            use(Forgetful())


def test_a_policy_is_initialised_once(fresh: sw.CircuitBreaker) -> None:
    before = fresh.options
    with pytest.raises(RuntimeError, match="initialised once"):
        fresh.__init__("again", probes=2)  # type: ignore[misc]
    assert fresh.options is before
    assert len(sw.registry) == 0
