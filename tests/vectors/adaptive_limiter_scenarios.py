"""What the adaptive limiter must do, in words: a scenario a vector."""

from collections.abc import Iterable, Mapping
from typing import Any

import reference_adaptive_limiter as reference
from permit_steps import (
    PermitReplay,
    acquire,
    end,
    foreign,
    hold,
    look,
    reconfigure,
    repeat,
    settle,
)
from scenario import MS, TEN_YEARS, S, Step, Vector, envelope

NETFLIX = "Netflix concurrency-limits"


def vector(name: str, source: str, options: Mapping[str, Any], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = ()) -> Vector:  # fmt: skip
    steps = list(steps)
    made = reference.make_options(options)
    if not reference.in_range(made):
        raise SystemExit(f"{name}: an option is out of range")
    used = list(origins) or [0, TEN_YEARS - TEN_YEARS % 1024, 2**62]
    for origin in used:
        _Replay(name, made, origin).run(steps)
    return envelope(name, source, note, dict(options), used, steps)


class _Replay(PermitReplay):
    def __init__(self, name: str, options: reference.Options, origin: int) -> None:
        self.options = options
        super().__init__(name, origin)

    def make(self) -> reference.AdaptiveLimiter:
        return reference.AdaptiveLimiter(self.options)


# Windows of 1.024 s, so that they begin at whole microseconds wherever the clock does.
WINDOW = 1_024_000_000


def rounds(times: int, calls: int, took_ns: int, at: int, outcome: str = "S") -> Step:
    """So many calls at the same time, again and again."""
    return repeat(times, took_ns, hold(calls, at=at), end(calls, outcome, at=at + took_ns))


def begun(at: int = 0) -> list[Step]:
    """The first call to end begins the first window, and is no part of it."""
    return [hold(1, at=at), end(1, "S", at=at)]


def vectors() -> list[Vector]:
    return [*admission(), *gradient(), *others(), *windows(), *options()]


def admission() -> list[Vector]:
    return [
        vector(
            "as many calls are in flight as the limit says",
            "envoyproxy/envoy, adaptive concurrency: a load and then an addition overshoots",
            {"initial_limit": 3},
            [
                acquire("a", at=0),
                acquire("b", at=0),
                acquire("c", at=0),
                acquire("d", at=0, expect="limited", times=2),
                look(at=0, limit=3, in_flight=3, total_admitted=3, total_refused=2),
                settle("b", "S", at=S),
                acquire("d", at=S),
                acquire("e", at=S, expect="limited"),
                settle("a", "F", at=S),
                settle("c", "I", at=S),
                settle("d", "S", at=S),
                look(
                    at=S,
                    in_flight=0,
                    total_succeeded=2,
                    total_failed=1,
                    total_ignored=1,
                    total_windows=0,
                ),
            ],
        ),
        vector(
            "foreign permits and those that were settled change nothing",
            "Spillway",
            {"initial_limit": 2},
            [
                acquire("a", at=0),
                foreign("f", at=0),
                settle("f", "S", at=0, expect="misused"),
                settle("a", "S", at=0),
                settle("a", "S", at=0, expect="misused"),
                look(at=0, in_flight=0, total_misused=2, total_succeeded=1),
            ],
        ),
        vector(
            "a dry run refuses nobody",
            "Spillway",
            {"initial_limit": 2, "dry_run": True},
            [
                hold(5, at=0),
                look(at=0, in_flight=5, limit=2, total_admitted=2, total_dry_run=3),
                end(5, "S", at=S),
                look(at=S, in_flight=0),
            ],
        ),
    ]


def gradient() -> list[Vector]:
    return [
        vector(
            "the first window measures, the next ones raise the limit",
            "Spillway",
            {"window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 20, 10 * MS, at=0),
                look(at=2 * S, total_windows=1, baseline_ns=10 * MS, limit=20),
                rounds(103, 20, 10 * MS, at=1030 * MS),
                look(at=3 * S, total_windows=2, limit=22),
                rounds(103, 22, 10 * MS, at=2060 * MS),
                look(at=4 * S, total_windows=3, limit=25),
            ],
        ),
        vector(
            "calls that take longer than tolerated lower it",
            f"{NETFLIX}, Gradient2; scenario 23",
            {"initial_limit": 100, "window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 100, 10 * MS, at=0),
                look(at=2 * S, limit=100, baseline_ns=10 * MS),
                rounds(35, 100, 30 * MS, at=1030 * MS),
                look(at=3 * S, limit=90, call_time_ns=30 * MS, baseline_ns=10 * MS),
                rounds(35, 90, 30 * MS, at=2080 * MS),
                look(at=4 * S, limit=82),
            ],
            note="90.8, of which whole calls are admitted.",
        ),
        vector(
            "a limit of which less than half is used stays",
            f"{NETFLIX}, Gradient2",
            {"initial_limit": 100, "window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 49, 10 * MS, at=0),
                rounds(103, 49, 10 * MS, at=1030 * MS),
                rounds(35, 49, 30 * MS, at=2060 * MS),
                look(at=4 * S, limit=100, total_windows=3, call_time_ns=30 * MS),
            ],
        ),
        vector(
            "a probe after four windows, and one after thirty",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                repeat(4, 1030 * MS, rounds(103, 20, 10 * MS, at=0)),
                look(at=5 * S, total_windows=4, limit=4),
                rounds(103, 4, 10 * MS, at=4120 * MS),
                look(at=6 * S, total_windows=5, limit=4),
                rounds(103, 4, 10 * MS, at=5150 * MS),
                look(at=7 * S, total_windows=6, limit=20),
                repeat(29, 1030 * MS, rounds(103, 20, 10 * MS, at=6180 * MS)),
                look(at=36 * S, total_windows=35, limit=20),
                rounds(103, 20, 10 * MS, at=36_050 * MS),
                look(at=38 * S, total_windows=36, limit=9),
            ],
        ),
        vector(
            "a baseline that was learned under load is unlearned",
            "Netflix/concurrency-limits#165",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                repeat(4, 1040 * MS, rounds(26, 20, 40 * MS, at=0)),
                look(at=5 * S, total_windows=4, limit=4, baseline_ns=40 * MS),
                rounds(103, 4, 10 * MS, at=4160 * MS),
                rounds(103, 4, 10 * MS, at=5190 * MS),
                look(at=7 * S, total_windows=6, baseline_ns=10 * MS, limit=5),
            ],
            note="The limit falls with the baseline it was made from, to a quarter.",
        ),
        vector(
            "calls from before a probe are no part of it",
            "envoyproxy/envoy#11579",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                repeat(4, 1030 * MS, rounds(103, 20, 10 * MS, at=0)),
                look(at=5 * S, limit=4),
                acquire("slow", at=4120 * MS),
                rounds(103, 3, 10 * MS, at=4120 * MS),
                look(at=6 * S, total_windows=5),
                acquire("older", at=5150 * MS),
                settle("slow", "S", at=5160 * MS),
                rounds(100, 2, 10 * MS, at=5160 * MS),
                settle("older", "S", at=6169 * MS),
                rounds(1, 3, 11 * MS, at=6169 * MS),
                look(at=7 * S, total_windows=6, baseline_ns=19_901_961),
            ],
            note="`slow` began before the measuring window and does not count; `older` does.",
        ),
        vector(
            "calls that run for long end a probe, not everything",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                repeat(4, 1030 * MS, rounds(103, 20, 10 * MS, at=0)),
                look(at=5 * S, total_windows=4, limit=4),
                hold(4, at=4120 * MS),
                acquire("a", at=4120 * MS + 2 * WINDOW - 1024, expect="limited"),
                look(at=7 * S, limit=4),
                acquire("a", at=4120 * MS + 2 * WINDOW),
                look(at=7 * S, limit=20, in_flight=5, total_windows=4),
                end(4, "S", at=60 * S),
            ],
            note="Whoever is refused in a probe that takes twice its time ends it.",
        ),
        vector(
            "a lower average lowers the baseline by a part, and only a probe raises it",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                rounds(103, 16, 10 * MS, at=0),
                rounds(206, 16, 5 * MS, at=1030 * MS),
                look(at=3 * S, baseline_ns=9 * MS),
                rounds(52, 16, 20 * MS, at=2060 * MS),
                look(at=4 * S, baseline_ns=9 * MS, call_time_ns=20 * MS),
                rounds(52, 16, 20 * MS, at=3100 * MS),
                look(at=5 * S, total_windows=4, limit=3),
                rounds(52, 3, 20 * MS, at=4140 * MS),
                rounds(52, 3, 20 * MS, at=5180 * MS),
                look(at=7 * S, total_windows=6, baseline_ns=20 * MS),
            ],
        ),
    ]


def others() -> list[Vector]:
    ten = {"algorithm": "vegas", "initial_limit": 10, "max_limit": 20, "smoothing": 1.0}
    return [
        vector(
            "vegas: six more while nobody waits",
            f"{NETFLIX}, VegasLimitTest; scenario 23",
            {**ten, "window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 10, 10 * MS, at=0),
                look(at=2 * S, limit=10),
                rounds(103, 10, 10 * MS, at=1030 * MS),
                look(at=3 * S, limit=16),
            ],
        ),
        vector(
            "vegas: one less when many wait, none while a few do",
            f"{NETFLIX}, VegasLimitTest; scenario 23",
            {**ten, "window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 10, 10 * MS, at=0),
                rounds(74, 10, 14 * MS, at=1030 * MS),
                look(at=3 * S, limit=10, call_time_ns=14 * MS),
                rounds(21, 10, 50 * MS, at=2066 * MS),
                look(at=4 * S, limit=9),
            ],
        ),
        vector(
            "aimd: up by one, down by a tenth",
            f"{NETFLIX}, AIMDLimitTest; scenario 23",
            {"algorithm": "aimd", "initial_limit": 29, "window_ns": WINDOW},
            [
                *begun(),
                rounds(103, 29, 10 * MS, at=0),
                look(at=2 * S, limit=30),
                rounds(103, 30, 10 * MS, at=1030 * MS, outcome="F"),
                look(at=3 * S, limit=27),
                repeat(40, 1030 * MS, rounds(103, 14, 10 * MS, at=2060 * MS)),
                look(at=44 * S, limit=29, total_windows=42),
            ],
            note="14 calls are half of 28, but not of 29: there the limit stays.",
        ),
    ]


def windows() -> list[Vector]:
    return [
        vector(
            "few failures are no drops, many are",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20, "drop_rate": 0.1},
            [
                *begun(),
                rounds(103, 20, 10 * MS, at=0),
                rounds(90, 20, 10 * MS, at=1030 * MS),
                rounds(9, 20, 10 * MS, at=1930 * MS, outcome="F"),
                rounds(4, 20, 10 * MS, at=2020 * MS),
                look(at=3 * S, total_windows=2, limit=20),
                rounds(80, 20, 10 * MS, at=2060 * MS),
                rounds(20, 20, 10 * MS, at=2860 * MS, outcome="F"),
                rounds(3, 18, 10 * MS, at=3060 * MS),
                look(at=4 * S, total_windows=3, limit=18),
            ],
        ),
        vector(
            "calls that time out count as drops whenever they began",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                *(acquire(f"late {i}", at=0) for i in range(10)),
                rounds(103, 10, 10 * MS, at=0),
                rounds(1, 10, 10 * MS, at=1030 * MS),
                *(settle(f"late {i}", "F", at=1049 * MS + i * MS * 10) for i in range(10)),
                look(at=2 * S, total_windows=1, limit=20),
                rounds(92, 10, 10 * MS, at=1150 * MS),
                look(at=3 * S, total_windows=2, limit=18),
            ],
        ),
        vector(
            "a window waits for ten calls",
            "envoyproxy/envoy#14997",
            {"window_ns": WINDOW},
            [
                *begun(),
                repeat(9, 2 * S, hold(1, at=0), end(1, "S", at=10 * MS)),
                look(at=20 * S, total_windows=0, baseline_ns=0),
                repeat(2, 2 * S, hold(1, at=18 * S), end(1, "S", at=18 * S + 10 * MS)),
                look(at=22 * S, total_windows=1, baseline_ns=10 * MS),
            ],
            note="The first call begins the window, and ends before it counts.",
        ),
        vector(
            "windows are twice as long as calls take",
            "Spillway",
            {"window_ns": WINDOW, "max_limit": 20},
            [
                *begun(),
                rounds(9, 20, 2048 * MS, at=0),
                look(at=19 * S, total_windows=0),
                rounds(1, 20, 2048 * MS, at=9 * 2048 * MS),
                look(at=21 * S, total_windows=1, baseline_ns=2048 * MS),
                rounds(400, 20, 10 * MS, at=10 * 2048 * MS),
                look(at=25 * S, total_windows=1),
                rounds(14, 20, 10 * MS, at=24_480 * MS),
                look(at=25 * S, total_windows=2, call_time_ns=10 * MS),
            ],
        ),
        vector(
            "a clock that jumps back is followed after a minute's worth",
            "Spillway",
            {"window_ns": WINDOW},
            [
                *begun(at=1_000_000 * S),
                rounds(103, 20, 10 * MS, at=1_000_000 * S),
                look(at=S, total_windows=1),
                rounds(103, 20, 10 * MS, at=S),
                look(at=3 * S, total_windows=2),
                rounds(100, 4, 10 * MS, at=3 * S),
                look(at=4 * S, total_windows=3),
            ],
        ),
    ]


def options() -> list[Vector]:
    return [
        vector(
            "a limit moves into its new bounds at once",
            "Spillway",
            {},
            [
                hold(20, at=0),
                reconfigure(max_limit=10),
                look(at=0, limit=10, in_flight=20),
                end(11, "I", at=0),
                acquire("a", at=0),
                acquire("b", at=0, expect="limited"),
                reconfigure(max_limit=100, min_limit=50),
                look(at=0, limit=50),
                reconfigure(min_limit=101, expect="error"),
                reconfigure(tolerance=0.5, expect="error"),
                reconfigure(algorithm="aimd", expect="error"),
                reconfigure(initial_limit=30, expect="error"),
                look(at=0, limit=50),
            ],
        ),
    ]
