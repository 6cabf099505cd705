"""Whether the clock of the policies is set by hand: see spillway.testing.virtual_time."""

from __future__ import annotations

import random

virtual: random.Random | None = None
"""In virtual time, where seeds come from; else None."""


def new_seed() -> int:
    """The seed of a new policy that was given none; 0: the core takes a random one."""
    return 0 if virtual is None else virtual.getrandbits(64)
