"""What the generated modules beside this one are made of."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What the table of a policy says of one option. Durations are in seconds."""

    name: str
    type: str
    default: float | bool | str
    minimum: float | None = None
    maximum: float | None = None
    zero: str = ""  # What 0 means, where it is accepted outside the range.
    choices: tuple[str, ...] = ()
    fixed: bool = False  # Cannot change once the policy is made.
    required: bool = False  # Has no default.


@dataclass(frozen=True, slots=True)
class MetricFamily(Generic[S]):
    """A metric family, and its samples from a snapshot."""

    name: str
    type: str
    help: str
    label: str  # The name of its label beside `name`; empty where it has no other.
    samples: tuple[tuple[str, Callable[[S], float | None]], ...]
    """The value of that label, and that of the sample: None where there is none now."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the snapshots of every policy have."""

    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)
