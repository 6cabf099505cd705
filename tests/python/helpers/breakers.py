"""Circuit breakers from the names of the schema, as the vectors and the reference have them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import spillway as sw
from reference_options import Options, make_options

SECOND = 1_000_000_000


def arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """What CircuitBreaker takes for options under the names of the schema."""
    options = {
        name.removesuffix("_ns"): Fraction(value, SECOND) if name.endswith("_ns") else value
        for name, value in given.items()
    }
    if not WINDOW.isdisjoint(options):
        options["window"] = window(make_options(given))
    return {name: value for name, value in options.items() if name not in WINDOW - {"window"}}


WINDOW = {"window", "window_kind", "window_size", "window_failures", "buckets"}


def window(options: Options) -> Any:
    match options.window_kind:
        case "time":
            return sw.TimeWindow(float(Fraction(options.window_ns, SECOND)), options.buckets)
        case "count":
            return sw.CountWindow(options.window_size)
        case "consecutive":
            return sw.Consecutive(options.window_failures)
        case "k_of_n":
            return sw.KOfN(options.window_failures, options.window_size)
    raise AssertionError(options.window_kind)
