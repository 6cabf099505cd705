"""What can be guarded, and how what is async is. Knows no policy."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from ._core import Guard

P = ParamSpec("P")
R = TypeVar("R")


def _is(predicate: Callable[[object], bool], function: Callable[..., object]) -> bool:
    """Whether a predicate of inspect holds for a function, or for how an object is called."""
    return predicate(function) or predicate(type(function).__call__)


def check_callable(function: object) -> None:
    """Raises TypeError for what cannot be guarded by guarding its call."""
    if not callable(function):
        raise TypeError(f"{function!r} cannot be guarded: it is not callable")
    for kind, predicate in (
        ("a generator", inspect.isgeneratorfunction),
        ("an async generator", inspect.isasyncgenfunction),
    ):
        if _is(predicate, function):
            raise TypeError(
                f"{function!r} cannot be guarded: it is {kind} function, which runs only while "
                "its result is iterated; guard the code that iterates with `with policy.acquire():`"
            )


def is_async(function: Callable[..., object]) -> bool:
    """Whether calling it returns a coroutine."""
    return _is(inspect.iscoroutinefunction, function)


def guard_async(
    acquire: Callable[[], Guard], function: Callable[P, Coroutine[Any, Any, R]]
) -> Callable[P, Coroutine[Any, Any, R]]:
    """An async function that asks for its permit when it is awaited and settles when it is done.

    A real `async def`, so that frameworks which look for one find it.
    """

    @functools.wraps(function)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with acquire() as permit:
            result = await function(*args, **kwargs)
            permit.settle_result(result)
            return result

    return guarded


async def settle_after(guard: Guard, awaitable: Awaitable[R]) -> R:
    """Awaits what a guarded call returned; the guard holds its permit already."""
    with guard as permit:
        result = await awaitable
        permit.settle_result(result)
        return result
