"""The options of the circuit breaker as the reference reads them from the schema."""

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


def _read_schema() -> dict[str, dict[str, Any]]:
    """The options by name, with default, min and max of durations in nanoseconds."""
    path = Path(__file__).parents[2] / "schema" / "circuit_breaker.toml"
    rows = {}
    for row in tomllib.loads(path.read_text())["option"]:
        if row["type"] == "duration":
            row["name"] += "_ns"
            row |= {key: round(row[key] * 1e9) for key in ("default", "min", "max")}
        rows[row["name"]] = row
    return rows


_SCHEMA = _read_schema()
FIXED = [name for name, row in _SCHEMA.items() if row.get("fixed", False)]


def make_options(given: Mapping[str, Any]) -> Options:
    """The defaults of the schema with `given` in their place. An unknown name is a TypeError."""
    return Options(**({name: row["default"] for name, row in _SCHEMA.items()} | dict(given)))


def in_range(options: Options) -> bool:
    """Whether each option that may change is in its range, and open_for below max_open."""
    for name, row in _SCHEMA.items():
        value = getattr(options, name)
        off = "zero" in row and value == 0
        if "min" in row and not off and not row["min"] <= value <= row["max"]:
            return False
    return options.open_for_ns <= options.max_open_ns
