"""What the client throttle does, in the plainest sequential code: a list of calls, exact fractions.

The vectors in tests/vectors are checked against it, and the Python property tests may drive it
beside the real one. All times are int nanoseconds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from reference_options import Schema

Outcome = Literal["success", "failure", "ignored"]
Settlement = Literal["counted", "stale", "misused"]

BUCKETS = 12
SCHEMA = Schema("client_throttle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    window_ns: int
    k: float
    critical_k: float
    sheddable_k: float
    min_calls: int
    max_rejection: float
    dry_run: bool
    seed: int

    @property
    def bucket_ns(self) -> int:
        return -(-self.window_ns // BUCKETS)


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


def in_range(options: Options) -> bool:
    return SCHEMA.in_range(options) and options.sheddable_k <= options.k <= options.critical_k


def kept(number: float) -> Fraction:
    """As options keep it: to 0.0001, rounded to nearest."""
    return Fraction(round(number * 10_000), 10_000)


def mix(value: int) -> int:
    """The finalizer of SplitMix64."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)


@dataclass(slots=True)
class Call:
    """One that was asked for: it stands in the bucket it was asked for in."""

    owner: "ClientThrottle"
    bucket: int
    admitted: bool = True
    accepted: bool = False
    ignored: bool = False


class ClientThrottle:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.calls: list[Call] = []
        self.newest = 0
        self.draws = 0
        self.totals: Counter[str] = Counter()

    def _window(self, now: int) -> tuple[int, int]:
        """How many calls it holds, and how many of them were accepted."""
        newest = max(self.newest, max(now, 0) // self.options.bucket_ns)
        there = [call for call in self.calls if call.bucket + BUCKETS > newest and not call.ignored]
        return len(there), sum(call.accepted for call in there)

    def chance(self, requests: int, accepts: int, priority: str = "normal") -> Fraction:
        """The book's probability of a refusal, and the most that the options allow."""
        by_priority = {
            "normal": self.options.k,
            "critical": self.options.critical_k,
            "sheddable": self.options.sheddable_k,
        }
        if requests < self.options.min_calls:
            return Fraction(0)
        by_counts = (requests - kept(by_priority[priority]) * accepts) / (requests + 1)
        return min(max(by_counts, Fraction(0)), kept(self.options.max_rejection))

    def acquire(self, now: int, priority: str = "normal") -> Call | str:
        """A call, or why not."""
        requests, accepts = self._window(now)
        self.newest = max(self.newest, max(now, 0) // self.options.bucket_ns)
        call = Call(self, self.newest)
        self.calls = [old for old in self.calls if old.bucket + BUCKETS > self.newest] + [call]
        refused = False
        by_counts = replace(self.options, max_rejection=1.0)
        if ClientThrottle(by_counts).chance(requests, accepts, priority) > 0:
            draw = (mix(self.options.seed) + self.draws * 0x9E3779B97F4A7C15) % 2**64 >> 32
            self.draws += 1
            refused = Fraction(draw, 2**32) < self.chance(requests, accepts, priority)
        if refused and not self.options.dry_run:
            self.totals[f"throttled_{priority}"] += 1
            return "throttled"
        self.totals["dry_run" if refused else "admitted"] += 1
        return call

    def settle(self, call: Call | None, outcome: Outcome, now: int) -> Settlement:
        if call is None or call.owner is not self:
            self.totals["misused"] += 1
            return "misused"
        newest = max(self.newest, max(now, 0) // self.options.bucket_ns)
        if call.bucket + BUCKETS <= newest:
            self.totals["stale"] += 1
            return "stale"
        call.accepted = outcome == "success"
        call.ignored = outcome == "ignored"
        names = {"success": "accepted", "failure": "failed", "ignored": "ignored"}
        self.totals[names[outcome]] += 1
        return "counted"

    def reconfigure(self, changes: Mapping[str, Any]) -> bool:
        options = replace(self.options, **changes)
        fixed = any(SCHEMA.rows[name].get("fixed") for name in changes)
        if fixed or not in_range(options):
            return False
        self.options = options
        return True

    def snapshot(self, now: int) -> dict[str, Any]:
        requests, accepts = self._window(now)
        names = [
            "admitted",
            "dry_run",
            "throttled_normal",
            "throttled_critical",
            "throttled_sheddable",
            "accepted",
            "failed",
            "ignored",
            "stale",
            "misused",
        ]
        return {
            "requests": requests,
            "accepts": accepts,
            "rejection_rate": float(self.chance(requests, accepts)),
            **{f"total_{name}": self.totals[name] for name in names},
        }
