"""The named policies of this process."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ._policy import Policy

P = TypeVar("P", bound="Policy")


class Registry:
    """The named policies that are alive, in the order they were made. Thread-safe.

    It holds no policy alive. One name may be used once by each kind of policy.
    """

    def __init__(self) -> None:
        self._policies: weakref.WeakValueDictionary[tuple[str, str], Policy] = (
            weakref.WeakValueDictionary()
        )
        self.after_fork()

    def after_fork(self) -> None:
        """Another thread may have held the lock when this process was forked."""
        self._lock = threading.Lock()

    def add(self, policy: Policy, name: str) -> None:
        """Enters a new policy. Raises ValueError when its name is taken."""
        with self._lock:
            # A policy that is being collected has left already; one that lives keeps its name.
            if (holder := self._policies.setdefault((policy.noun, name), policy)) is not policy:
                raise ValueError(
                    f"name is {name!r}; it must differ from that of every live {policy.noun}, "
                    f"and {holder!r} has it"
                )

    def get(self, kind: type[P], name: str) -> P | None:
        """The policy of that kind and name, or None."""
        policy = self._policies.get((kind.noun, name))
        return policy if isinstance(policy, kind) else None

    def __iter__(self) -> Iterator[Policy]:
        # From a copy: another thread may make a policy meanwhile.
        for reference in self._policies.valuerefs():
            if (policy := reference()) is not None:
                yield policy

    def __len__(self) -> int:
        return len(self._policies)

    def __repr__(self) -> str:
        return f"<Registry of {list(self)!r}>"


registry = Registry()
"""The named policies of this process."""
