"""What every policy class has in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from . import _core, _events
from ._callables import check_callable, guard_async, is_async
from ._errors import Rejected
from ._registry import registry

if TYPE_CHECKING:
    from ._options import Rules

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

EventFields = tuple[int, int, StrEnum, StrEnum, StrEnum, float | None]
"""What spillway.Event holds after the name of the policy."""


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


class Options(Protocol):
    """What the options of every policy have."""

    def rules(self) -> Rules:
        """What the end of a call says of the callee."""
        ...


class Policy(_core.Policy):
    """The base of every policy: a decision before each call, and the outcome after it.

    Use it as a decorator, with `call`, as `with policy.acquire():` or by hand with `try_acquire`.
    """

    __slots__ = ("__weakref__", "_core", "_events_read", "_options")

    noun: ClassVar[str]
    _rejected: ClassVar[type[Rejected]]
    _reasons: ClassVar[type[StrEnum]]

    _events_read: int  # the generation up to which the feed has read

    def __init__(self, core: _core.PolicyCore, name: str | None, options: Options) -> None:
        rules = options.rules()
        super().__init__(
            core,
            name,
            self._rejected,
            tuple(self._reasons),
            rules.on,
            rules.ignore,
            rules.on_result,
            rules.classify,
            None if name is None else _events.changed,
        )
        self._core = core
        self._options = options
        self._events_read = self.generation
        if name is not None:
            registry.add(self, name)

    @property
    def generation(self) -> int:
        """Number of the current state: every state change and reset adds one."""
        raise NotImplementedError

    def snapshot(self, now_ns: int | None = None) -> Any:
        """What it holds at that time. Changes nothing."""
        raise NotImplementedError

    def reset(self) -> None:
        """As fresh as when it was made."""
        raise NotImplementedError

    def _read_events(self, since: int, until: int) -> tuple[Sequence[EventFields], int, int]:
        """The events after one generation and up to another, how many of them were lost, and the
        generation to go on from."""
        raise NotImplementedError

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
            return guard_async(self.acquire, function)
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

    else:

        def __enter__(self) -> NoReturn:
            raise TypeError(
                f"{self!r} cannot be entered, because each block needs a permit of its own: "
                "write `with policy.acquire():`"
            )

        __aenter__ = __enter__

        def __exit__(self, *_: object) -> None: ...

        __aexit__ = __exit__
