"""How scenarios are said, checked and made into vectors, whatever the noun."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Step = dict[str, Any]
Vector = dict[str, Any]

MS = 1_000_000
S = 1_000_000_000
TEN_YEARS = 3652 * 86_400 * S


def ns(seconds: float) -> int:
    return round(seconds * S)


def without_defaults(when_missing: Mapping[str, Any], keys: Mapping[str, Any]) -> Step:
    """A step of these keys, but for those that are as if missing."""
    return {k: v for k, v in keys.items() if k not in when_missing or v != when_missing[k]}


class Replay:
    """Replays steps on the reference, fills in what they leave out and checks what they say. A
    step is done by the method that is named after its first key."""

    def __init__(self, name: str, origin: int) -> None:
        self.name = name
        self.origin = origin

    def every(self, step: Step) -> int:
        """How much later each repetition of a step is."""
        raise NotImplementedError

    def run(self, steps: Sequence[Step], shift: int = 0) -> None:
        for step in steps:
            do = getattr(self, f"_{next(iter(step))}")
            for i in range(step.get("times", 1)):
                do(step, self.origin + step.get("at", 0) + shift + i * self.every(step))

    def check(self, step: Step, got: Any, said: Any) -> None:
        if got != said:
            raise SystemExit(f"{self.name}: the reference says {got} to {step}")


def envelope(name: str, source: str, note: str, options: Mapping[str, Any],
             origins: Iterable[int], steps: Sequence[Step]) -> Vector:  # fmt: skip
    return {
        "name": name,
        "source": source,
        **({"note": note} if note else {}),
        "options": options,
        "origins": [str(origin) for origin in origins],
        "steps": steps,
    }
