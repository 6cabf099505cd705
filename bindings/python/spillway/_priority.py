"""How much a call matters."""

from enum import StrEnum


class Priority(StrEnum):
    """How much it matters that a call is made: what overload takes first.

    In the order of their numbers in the core.
    """

    NORMAL = "normal"
    """What a call is unless somebody says otherwise."""
    CRITICAL = "critical"
    """Refused last: somebody is harmed when it is not made."""
    SHEDDABLE = "sheddable"
    """Refused first: nobody notices when it is made later, or never."""

    @property
    def number(self) -> int:
        return list(Priority).index(self)


def read_priority(value: Priority | str) -> Priority:
    """Raises ValueError for what is none."""
    try:
        return Priority(value)
    except ValueError:
        accepted = ", ".join(Priority)
        raise ValueError(f"priority is {value!r}; it must be one of {accepted}") from None
