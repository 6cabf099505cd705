"""What every policy that gives permits has in common: it is told how each call ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

from . import _core, _events
from ._callables import guard_async
from ._options import Options, Rules
from ._policy import Policy

EventFields = tuple[int, int, StrEnum, StrEnum, StrEnum, float | None]
"""What spillway.Event holds after the name of the policy."""


class PermitPolicy(Policy, _core.PermitPolicy):
    """The base of policies that give permits: a decision before each call, and the outcome after.

    Use it as a decorator, with `call`, as `with policy.acquire():` or by hand with `try_acquire`.
    """

    __slots__ = ("__weakref__", "_core", "_events_read", "_options")

    _events_read: int  # the generation up to which the feed has read

    def __init__(
        self, core: _core.PermitPolicyCore, name: str | None, options: Options, rules: Rules
    ) -> None:
        _core.PermitPolicy.__init__(
            self,
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
        self._begin(core, name, options)

    @property
    def generation(self) -> int:
        """Number of the current state: every state change and reset adds one."""
        raise NotImplementedError

    def _read_events(self, since: int, until: int) -> tuple[Sequence[EventFields], int, int]:
        """The events after one generation and up to another, how many of them were lost, and the
        generation to go on from."""
        raise NotImplementedError

    def _forget_events(self) -> None:
        self._events_read = self.generation

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return guard_async(self.acquire, function)

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise TypeError(
                f"{self!r} cannot be entered, because each block needs a permit of its own: "
                "write `with policy.acquire():`"
            )

        __aenter__ = __enter__

        def __exit__(self, *_: object) -> None: ...

        __aexit__ = __exit__
