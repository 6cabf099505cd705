"""What every policy that gives permits has in common: it is told how each call ended."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn, Self

from . import _core, _events
from ._callables import guard_async
from ._options import PermitOptions, Rules
from ._policy import Policy
from ._priority import Priority, read_priority

EventFields = tuple[int, int, StrEnum, StrEnum, StrEnum, float | None]
"""What spillway.Event holds after the name of the policy."""


class PermitPolicy(Policy, _core.PermitPolicy):
    """The base of policies that give permits: a decision before each call, and the outcome after.

    Use it as a decorator, with `call`, as `with policy.acquire():` or by hand with `try_acquire`.
    """

    __slots__ = ("__weakref__", "_core", "_events_read", "_options")

    _events_read: int  # the generation up to which the feed has read

    def __init__(
        self, core: _core.PermitPolicyCore, name: str | None, options: PermitOptions
    ) -> None:
        self._build(core, name, options.rules(), Priority.NORMAL)
        self._begin(core, name, options)

    def _build(
        self, core: _core.PermitPolicyCore, name: str | None, rules: Rules, priority: Priority
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
            priority.number,
        )

    @property
    def generation(self) -> int:
        """Number of the current state: every state change and reset adds one.

        A policy that has no events stays at 0.
        """
        return 0

    def _read_events(self, since: int, until: int) -> tuple[Sequence[EventFields], int, int]:
        """The events after one generation and up to another, how many of them were lost, and the
        generation to go on from."""
        raise NotImplementedError

    def _forget_events(self) -> None:
        self._events_read = self.generation

    def _check_rules(self, options: PermitOptions) -> None:
        """Raises ValueError when other options would have other rules than this policy has."""
        if options.rules() != self._options.rules():
            raise ValueError("on, ignore, on_result and classify cannot change: they are fixed")

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


class PriorityPolicy(PermitPolicy):
    """The base of those that refuse some calls before others."""

    __slots__ = ("_of",)

    _of: Self | None  # what this is another view of; None: it is itself

    def __init__(
        self, core: _core.PermitPolicyCore, name: str | None, options: PermitOptions
    ) -> None:
        self._of = None
        super().__init__(core, name, options)

    def with_priority(self, priority: Priority | str) -> Self:
        """The same policy, for calls that matter more or less: as a decorator or with any method.

        What is called without it has the priority normal. Keep it rather than make one for each
        request: that takes microseconds. Raises ValueError for what is no priority.
        """
        whole = self._whole
        view = type(self).__new__(type(self))
        view._of = whole
        view._core = whole._core
        view._build(whole._core, self.name, whole._options.rules(), read_priority(priority))
        return view

    @property
    def _whole(self) -> Self:
        return self if self._of is None else self._of


_in_flight: weakref.WeakSet[PermitPolicy] = weakref.WeakSet()


def reset_in_child(policy: PermitPolicy) -> None:
    """For a policy that counts what is in flight: at a fork, that goes on in the parent alone."""
    _in_flight.add(policy)


def _after_fork() -> None:
    for policy in list(_in_flight):
        if policy.snapshot().in_flight:
            policy.reset()


os.register_at_fork(after_in_child=_after_fork)
