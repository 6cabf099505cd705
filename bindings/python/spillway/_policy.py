"""What every policy class has in common."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

from . import _core
from ._callables import check_callable, is_async
from ._errors import Rejected
from ._options import Options
from ._registry import registry

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_reconfiguring = threading.RLock()


def _after_fork() -> None:
    """Another thread may have held the lock when this process was forked."""
    global _reconfiguring
    _reconfiguring = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)


def check_name(name: object) -> None:
    if name is None:
        return
    wanted = f"name is {name!r}; it must be a str that is not empty and has a UTF-8 form, or None"
    if not isinstance(name, str):
        raise TypeError(wanted)
    try:
        encoded = name.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise ValueError(wanted) from None
    if not encoded:
        raise ValueError(wanted)


class Policy(_core.Policy):
    """The base of every policy: it decides before each call. Use it as a decorator or with `call`.

    The kinds of policies differ in what else they ask for: see PermitPolicy and Limiter.
    """

    __slots__ = ()

    noun: ClassVar[str]
    _rejected: ClassVar[type[Rejected]]
    _reasons: ClassVar[type[StrEnum]]

    _core: Any
    _options: Any

    def _begin(self, core: object, name: str | None, options: Options) -> None:
        """The last part of each __init__."""
        self._core = core
        self._options = options
        self._forget_events()
        if name is not None:
            registry.add(self, name)

    def snapshot(self, now_ns: int | None = None) -> Any:
        """What it holds at that time. Changes nothing."""
        raise NotImplementedError

    def reset(self, now_ns: int | None = None) -> None:
        """As fresh as when it was made."""
        raise NotImplementedError

    def _forget_events(self) -> None:
        """What happened before is not to be delivered. Of no account to a policy without events."""

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """An async function under this policy, which is asked when the function is awaited."""
        raise NotImplementedError

    def _reconfigure(self, changes: dict[str, Any], apply: Callable[[Any], None]) -> None:
        """Replaces the options, unless `apply` refuses them; one thread at a time."""
        with _reconfiguring:
            while True:
                before = self._options
                options = before.replace(changes)
                apply(options)
                if self._options is before:
                    self._options = options
                    return
                # A signal handler made another change meanwhile: this one comes on top of it.

    @overload
    def __call__(self, function: classmethod[T, P, R], /) -> classmethod[T, P, R]: ...
    @overload
    def __call__(self, function: staticmethod[P, R], /) -> staticmethod[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    def __call__(self, function: Any, /) -> Any:
        """Guards a function, method or async function; use it as a decorator.

        A call that is refused raises the policy's exception and does not run the function. Raises
        TypeError for generator functions, which run only while their result is iterated.
        """
        if type(function) in (classmethod, staticmethod):
            rebuild = cast(Callable[[Any], Any], type(function))
            return rebuild(self(function.__func__))
        check_callable(function)
        if is_async(function):
            return self._guard_async(function)
        return functools.update_wrapper(self._guard(function), function)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be pickled or copied: it is alive in this process; "
            "pickle its `.options` and make another one from them"
        )

    if TYPE_CHECKING:

        def call(  # type: ignore[override]
            self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
        ) -> R: ...
