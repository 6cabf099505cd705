"""What a call counts as, in each of the ways to make one: by error, by result, by callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import spillway as sw
from spillway import Outcome


def by_decorator(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    return breaker(work)()


def by_call(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    return breaker.call(work)


def by_block(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    with breaker.acquire() as permit:
        return permit.settle_result(work())


def by_async_block(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    async def run() -> Any:
        async with breaker.acquire() as permit:
            return permit.settle_result(work())

    return asyncio.run(run())


def by_async_decorator(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    @breaker
    async def work_async() -> Any:
        await asyncio.sleep(0)
        return work()

    return asyncio.run(work_async())


def by_async_call(breaker: sw.CircuitBreaker, work: Callable[[], Any]) -> Any:
    async def work_async() -> Any:
        await asyncio.sleep(0)
        return work()

    return asyncio.run(breaker.call(work_async))


WAYS = [by_decorator, by_call, by_block, by_async_block, by_async_decorator, by_async_call]
Way = Callable[[sw.CircuitBreaker, Callable[[], Any]], Any]

pytestmark = pytest.mark.parametrize("way", WAYS)


def counted(breaker: sw.CircuitBreaker) -> dict[str, int]:
    """What the breaker counted, by outcome; each call must have been counted once."""
    got = breaker.snapshot()
    counts = {
        Outcome.SUCCESS: got.total_successes,
        Outcome.FAILURE: got.total_failures,
        Outcome.IGNORED: got.total_ignored,
    }
    assert got.total_stale == got.total_misused == 0
    return {outcome: count for outcome, count in counts.items() if count}


def raising(error: BaseException) -> Callable[[], Any]:
    def work() -> Any:
        raise error

    return work


class TimedOutError(OSError):
    pass


class Abort(BaseException):
    pass


@pytest.mark.parametrize(
    ("options", "error", "outcome"),
    [
        ({}, ValueError(), Outcome.FAILURE),
        ({}, ExceptionGroup("all", [ValueError()]), Outcome.FAILURE),
        ({"on": (OSError,)}, TimedOutError(), Outcome.FAILURE),
        ({"on": (OSError,)}, ValueError(), Outcome.IGNORED),
        ({"on": ()}, ValueError(), Outcome.IGNORED),
        ({"ignore": (TimedOutError,)}, TimedOutError(), Outcome.IGNORED),
        ({"ignore": (TimedOutError,)}, OSError(), Outcome.FAILURE),
        ({"on": (TimedOutError,), "ignore": (OSError,)}, TimedOutError(), Outcome.IGNORED),
        # What is no Exception says nothing of the callee.
        ({}, KeyboardInterrupt(), Outcome.IGNORED),
        ({}, Abort(), Outcome.IGNORED),
        ({}, asyncio.CancelledError(), Outcome.IGNORED),
    ],
    ids=repr,
)
def test_errors(way: Way, options: Any, error: BaseException, outcome: Outcome) -> None:
    breaker = sw.CircuitBreaker(**options)
    with pytest.raises(type(error)) as raised:
        way(breaker, raising(error))
    if not isinstance(error, KeyboardInterrupt | asyncio.CancelledError):  # asyncio makes new ones
        assert raised.value is error
    assert counted(breaker) == {outcome: 1}


def test_the_traceback_leads_to_the_error(way: Way) -> None:
    error = ValueError()
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (its own error is looked at)
        way(sw.CircuitBreaker(), raising(error))
    assert raised.traceback[-1].name == "work"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(("result", "outcome"), [(None, Outcome.SUCCESS), (503, Outcome.FAILURE)])
def test_results(way: Way, result: object, outcome: Outcome) -> None:
    breaker = sw.CircuitBreaker(on_result=lambda status: status and status >= 500)
    assert way(breaker, lambda: result) is result
    assert counted(breaker) == {outcome: 1}


@pytest.mark.parametrize("outcome", Outcome)
def test_classify_decides_first(way: Way, outcome: Outcome) -> None:
    seen: list[tuple[Any, Any]] = []

    def classify(result: Any, error: Exception | None) -> Outcome:
        seen.append((result, error))
        return outcome

    breaker = sw.CircuitBreaker(classify=classify, on_result=bool, ignore=(ValueError,))
    assert way(breaker, lambda: 3) == 3
    error = ValueError()
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (its own error is looked at)
        way(breaker, raising(error))
    assert raised.value is error
    assert seen == [(3, None), (None, error)]
    assert counted(breaker) == {outcome: 2}


def test_classify_leaves_the_rest_to_the_rules(way: Way) -> None:
    breaker = sw.CircuitBreaker(classify=lambda result, error: None, on_result=bool)
    way(breaker, lambda: 0)
    way(breaker, lambda: 1)
    with pytest.raises(ValueError, match="bad"):
        way(breaker, raising(ValueError("bad")))
    assert counted(breaker) == {Outcome.SUCCESS: 1, Outcome.FAILURE: 2}


def test_classify_does_not_see_what_is_no_exception(way: Way) -> None:
    breaker = sw.CircuitBreaker(classify=lambda result, error: Outcome.FAILURE)
    with pytest.raises(Abort):
        way(breaker, raising(Abort()))
    assert counted(breaker) == {Outcome.IGNORED: 1}


def fail(*_: Any) -> Any:
    raise LookupError("callback")


class Unclear:
    def __bool__(self) -> bool:
        raise LookupError("callback")


@pytest.mark.parametrize(
    "options",
    [{"on_result": fail}, {"classify": fail}, {"on_result": lambda result: Unclear()}],
    ids=["on_result", "classify", "truth"],
)
def test_a_callback_that_raises_on_a_result(way: Way, options: Any) -> None:
    breaker = sw.CircuitBreaker(**options)
    with pytest.raises(LookupError, match="callback"):
        way(breaker, lambda: 3)
    assert counted(breaker) == {Outcome.IGNORED: 1}


@pytest.mark.parametrize(
    ("options", "outcome"),
    [({}, Outcome.FAILURE), ({"ignore": (ValueError,)}, Outcome.IGNORED)],
    ids=["matches", "does not"],
)
def test_a_callback_that_raises_on_an_error(way: Way, options: Any, outcome: Outcome) -> None:
    breaker = sw.CircuitBreaker(classify=fail, **options)
    error = ValueError()
    with pytest.raises(LookupError, match="callback") as raised:
        way(breaker, raising(error))
    assert raised.value.__context__ is error
    assert counted(breaker) == {outcome: 1}


@pytest.mark.parametrize("answer", [True, 1, "nonsense", object()], ids=repr)
def test_classify_answers_an_outcome(way: Way, answer: Any) -> None:
    breaker = sw.CircuitBreaker(classify=lambda result, error: answer)
    with pytest.raises(TypeError, match=r"what classify\(\) returned .+; it must be a member"):
        way(breaker, lambda: 3)
    assert counted(breaker) == {Outcome.IGNORED: 1}


def test_a_callback_may_use_the_breaker(way: Way) -> None:
    def classify(result: Any, error: Exception | None) -> None:
        if result == "outer":
            assert breaker.call(lambda: "inner") == "inner"

    breaker = sw.CircuitBreaker(classify=classify)
    assert way(breaker, lambda: "outer") == "outer"
    assert counted(breaker) == {Outcome.SUCCESS: 2}
