"""What a circuit breaker computes its rates over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._options import Duration


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The calls settled in the last `seconds`, which leave it a bucket at a time.

    0.001 s to 86400 s in 1 to 128 buckets of at least 1 ms each. Default 10 s in 10 buckets
    (Hystrix).
    """

    seconds: Duration = 10.0
    buckets: int = 10

    def settings(self) -> dict[str, Any]:
        return {"window_kind": "time", "window": self.seconds, "buckets": self.buckets}


@dataclass(frozen=True, slots=True)
class CountWindow:
    """The last `n` settled calls, 1 to 4096. Default 100 (Resilience4j)."""

    n: int = 100

    def settings(self) -> dict[str, Any]:
        return {"window_kind": "count", "window_size": self.n}


@dataclass(frozen=True, slots=True)
class Consecutive:
    """Trips after `n` failures (or slow calls) in a row, 1 to 4096. Default 5 (pybreaker)."""

    n: int = 5

    def settings(self) -> dict[str, Any]:
        return {"window_kind": "consecutive", "window_failures": self.n}


@dataclass(frozen=True, slots=True)
class KOfN:
    """Trips when `k` of the last `n` calls failed (or were slow); 1 to 4096, k at most n."""

    k: int
    n: int

    def settings(self) -> dict[str, Any]:
        return {"window_kind": "k_of_n", "window_failures": self.k, "window_size": self.n}


Window = TimeWindow | CountWindow | Consecutive | KOfN
