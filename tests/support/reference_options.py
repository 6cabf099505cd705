"""Options as the references read them from the schema, and those of the circuit breaker."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    window_kind: str
    window_ns: int
    buckets: int
    window_size: int
    window_failures: int
    failure_rate: float
    min_calls: int
    slow_call_ns: int
    slow_rate: float
    in_flight: bool
    open_for_ns: int
    backoff: float
    max_open_ns: int
    jitter: float
    probes: int
    probes_in_flight: int
    probe_lease_ns: int
    ramp_ns: int
    initial_state: str
    striped: bool
    seed: int

    @property
    def calls_in_window(self) -> int | None:
        """How many calls a window of calls holds; None for a window of time."""
        if self.window_kind == "time":
            return None
        return self.window_failures if self.window_kind == "consecutive" else self.window_size

    @property
    def by_rates(self) -> bool:
        return self.window_kind in ("time", "count")

    @property
    def minimum(self) -> int:
        return min(self.min_calls, self.calls_in_window or self.min_calls)

    @property
    def bucket_ns(self) -> int:
        return -(-self.window_ns // self.buckets)

    @property
    def start_bucket_ns(self) -> int:
        return max(self.window_ns // self.buckets, -(-self.slow_call_ns // 8))


class Schema:
    """The options of a noun by name, with default, min and max of durations in nanoseconds."""

    def __init__(self, noun: str) -> None:
        path = Path(__file__).parents[2] / "schema" / f"{noun}.toml"
        self.rows: dict[str, dict[str, Any]] = {}
        for row in tomllib.loads(path.read_text())["option"]:
            if row["type"] == "duration":
                row["name"] += "_ns"
                row |= {
                    key: round(row[key] * 1e9) for key in ("default", "min", "max") if key in row
                }
            self.rows[row["name"]] = row

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults with `given` in their place."""
        rows = self.rows.items()
        return {name: row["default"] for name, row in rows if "default" in row} | dict(given)

    def in_range(self, options: Any) -> bool:
        """Whether each option that may change is in its range."""
        for name, row in self.rows.items():
            value = getattr(options, name)
            off = "zero" in row and value == 0
            if "min" in row and not off and not row["min"] <= value <= row["max"]:
                return False
        return True


_SCHEMA = Schema("circuit_breaker")
FIXED = [name for name, row in _SCHEMA.rows.items() if row.get("fixed", False)]


def make_options(given: Mapping[str, Any]) -> Options:
    """The defaults of the schema with `given` in their place. An unknown name is a TypeError."""
    return Options(**_SCHEMA.complete(given))


def in_range(options: Options) -> bool:
    """Whether each option that may change is in its range, and open_for below max_open."""
    return _SCHEMA.in_range(options) and options.open_for_ns <= options.max_open_ns
