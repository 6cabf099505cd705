"""What the leaky bucket must do, in words: a scenario a vector."""

from leaky_bucket_steps import vector
from scenario import MS, TEN_YEARS, S, Step, Vector
from token_bucket_steps import NEVER, cancel, change, look, refund, reserve, take

METER = {"rate": 10.0, "capacity": 6}
SHAPER = METER | {"free": 1}
DELAY = METER | {"free": 4}


def vectors() -> list[Vector]:
    return [*peers(), *levels(), *cancels(), *changes(), *oddities()]


def hits(*delays_ms: int) -> list[Step]:
    """One call after the other at 0, and then one too many."""
    return [
        *(reserve(f"hit {i}", 1, at=0, delay_ns=ms * MS) for i, ms in enumerate(delays_ms)),
        reserve("one more", 1, at=0, expect="full"),
    ]


def peers() -> list[Vector]:
    nginx = "nginx, ngx_http_limit_req_module with burst=5"
    uber = "go.uber.org/ratelimit, ratelimit_test.go"
    plus_one = "nginx charges nothing for the first call: its burst of 5 is a capacity of 6."
    return [
        vector(
            "nginx: a burst that waits",
            f"{nginx} (scenario 20)",
            SHAPER,
            [*hits(0, 100, 200, 300, 400, 500), look(at=0, level=6, time_to_empty_ns=600 * MS)],
            note=plus_one,
        ),
        vector(
            "nginx: a burst of which some do not wait",
            f"{nginx} delay=3 (scenario 20)",
            DELAY,
            hits(0, 0, 0, 0, 100, 200),
            note=plus_one,
        ),
        vector(
            "nginx: a burst that does not wait",
            f"{nginx} nodelay (scenario 20)",
            METER,
            [
                *hits(0, 0, 0, 0, 0, 0),
                take(1, at=100 * MS - 1, expect="full", retry_after_ns=1),
                take(1, at=100 * MS),
            ],
            note=plus_one,
        ),
        vector(
            "uber: a slack of one",
            f"{uber}, TestSlack (scenario 17)",
            {"rate": 1.0, "capacity": 100, "free": 2},
            [
                reserve("a", 1, at=1),
                *(reserve(f"b{i}", 1, at=2 * S + i, delay_ns=d)
                  for i, d in ((1, 0), (2, 0), (3, S - 2), (4, 2 * S - 3))),
            ],
            note="By 3 s three have acted, by 10 s five.",
        ),
        vector(
            "uber: no slack, a hundred a second",
            f"{uber}, TestUnlimited and TestRateLimiter (scenario 17)",
            {"rate": 100.0, "capacity": 1000, "free": 1},
            [
                *(reserve(f"{i}", 1, at=0, delay_ns=i * 10 * MS) for i in range(40)),
                look(at=0, level=40),
                look(at=390 * MS, level=1),
            ],
        ),
        vector(
            "uber: seven a minute",
            f"{uber}, TestPer (scenario 17)",
            {"rate": 7 / 60, "capacity": 100, "free": 1},
            [reserve(f"{i}", 1, at=0, delay_ns=-(-i * 60 * S // 7)) for i in range(16)],
            note="1, 8 and 15 have acted after 1 s, 60 s and 120 s.",
            origins=[0],
        ),
        vector(
            "aiolimiter: who comes first with much is served first",
            "aiolimiter serves five calls for one before the one for five (scenario 21)",
            {"rate": 10.0, "capacity": 20, "free": 5},
            [
                take(5, at=0),
                reserve("five", 5, at=0, delay_ns=500 * MS),
                *(reserve(f"late {i}", 1, at=0, delay_ns=(500 + i * 100) * MS)
                  for i in range(1, 6)),
                cancel("five", at=400 * MS),
                look(at=400 * MS, level=6),
                reserve("last", 1, at=400 * MS, delay_ns=200 * MS),
            ],
        ),
        vector(
            "aiolimiter: a meter to the last nanosecond",
            "aiolimiter, whose level is a float of seconds (scenario 22)",
            {"rate": 3.0, "capacity": 1},
            [take(1, at=0, every=333_333_334, times=1000)],
            origins=[0, TEN_YEARS],
        ),
    ]  # fmt: skip


def levels() -> list[Vector]:
    return [
        vector(
            "What is said of a meter",
            "Spillway",
            {"rate": 1.0, "capacity": 5},
            [
                take(0, at=0, remaining=5, limit=5, reset_after_ns=0, next_after_ns=0),
                take(6, at=0, expect="exceeds_capacity", retry_after_ns=NEVER),
                take(2, at=0, remaining=3, reset_after_ns=2 * S, next_after_ns=S),
                take(3, at=500 * MS, remaining=0, reset_after_ns=4500 * MS, next_after_ns=500 * MS),
                look(at=500 * MS, level=5, capacity=5, time_to_empty_ns=4500 * MS),
                take(1, at=600 * MS, expect="full", retry_after_ns=400 * MS),
                take(1, at=S),
                look(at=6 * S - 1, level=1, time_to_empty_ns=1),
                look(at=6 * S, level=0, total_admitted=3, total_refused=2, total_dry_run=0),
            ],
        ),
        vector(
            "What is said where calls wait for their turn",
            "Spillway",
            DELAY,
            [
                take(4, at=0, remaining=2, limit=6, reset_after_ns=400 * MS),
                take(1, at=0, expect="full", remaining=2, retry_after_ns=100 * MS),
                reserve("A", 2, at=0, delay_ns=200 * MS),
                reserve("B", 1, at=0, expect="full"),
                take(1, at=0, expect="full", remaining=0, retry_after_ns=300 * MS),
                look(at=150 * MS, level=5, time_to_empty_ns=450 * MS),
                reserve("C", 1, at=150 * MS, max_wait_ns=149 * MS, expect="exceeds_wait"),
                reserve("C", 1, at=150 * MS, max_wait_ns=150 * MS, delay_ns=150 * MS),
            ],
        ),
        vector(
            "More than is free at once waits, where it may",
            "Spillway",
            METER | {"free": 2},
            [
                take(3, at=0, expect="exceeds_capacity", remaining=6, retry_after_ns=NEVER),
                reserve("A", 3, at=0, max_wait_ns=0, expect="exceeds_capacity"),
                reserve("A", 3, at=0, max_wait_ns=99 * MS, expect="exceeds_wait"),
                reserve("A", 7, at=0, expect="exceeds_capacity"),
                reserve("A", 3, at=0, max_wait_ns=100 * MS, delay_ns=100 * MS),
                look(at=0, level=3, total_admitted=1, total_refused=4),
            ],
        ),
        vector(
            "A dry run refuses nothing and keeps the level",
            "Spillway",
            SHAPER | {"capacity": 2, "dry_run": True},
            [
                take(1, at=0),
                take(1, at=0),
                reserve("A", 1, at=0, delay_ns=100 * MS),
                reserve("B", 1, at=0),
                reserve("C", 3, at=0),
                look(at=0, level=2, total_admitted=2, total_refused=0, total_dry_run=3),
                cancel("B", at=0),
                cancel("C", at=0),
                look(at=0, level=2),
            ],
        ),
        vector(
            "Without counting nothing is counted",
            "Spillway",
            METER | {"counted": False},
            [
                take(6, at=0),
                take(1, at=0, expect="full"),
                look(at=0, level=6, total_admitted=0, total_refused=0),
            ],
        ),
    ]


def cancels() -> list[Vector]:
    owed = [reserve("first", 1, at=0), reserve("A", 1, at=0, delay_ns=100 * MS)]
    return [
        vector(
            "A reservation is cancelled before its time",
            "Spillway",
            SHAPER,
            [
                *owed,
                reserve("B", 1, at=0, delay_ns=200 * MS),
                cancel("A", at=50 * MS),
                look(at=50 * MS, level=2, time_to_empty_ns=150 * MS),
                reserve("C", 1, at=50 * MS, delay_ns=150 * MS),
            ],
            note="B keeps its time, and C acts then too.",
        ),
        vector(
            "A reservation is cancelled after its time",
            "Spillway",
            SHAPER,
            [
                *owed,
                reserve("B", 1, at=0, delay_ns=200 * MS),
                cancel("A", at=150 * MS),
                look(at=150 * MS, level=1, time_to_empty_ns=100 * MS),
                cancel("B", at=300 * MS),
                reserve("C", 1, at=300 * MS),
                reserve("D", 1, at=300 * MS, delay_ns=100 * MS),
            ],
            note="At 150 ms A is worth the half that would not have leaked out by 200 ms.",
        ),
        vector(
            "What was not used is taken out again, and never more than is there",
            "Spillway",
            METER,
            [
                take(5, at=0),
                refund(2, at=100 * MS),
                look(at=100 * MS, level=2, time_to_empty_ns=200 * MS),
                refund(3, at=100 * MS),
                refund(0, at=100 * MS),
                look(at=100 * MS, level=0, time_to_empty_ns=0),
                take(6, at=100 * MS),
                take(1, at=100 * MS, expect="full"),
            ],
        ),
    ]


def changes() -> list[Vector]:
    def inherit(inheritance: str, level: int, empty_ms: int) -> Vector:
        return vector(
            f"A change that {inheritance}s" if inheritance in ("keep", "reset")
            else f"A change that is {inheritance}",
            "Spillway",
            METER | {"free": 3},
            [
                reserve("A", 4, at=0, delay_ns=100 * MS),
                change(at=100 * MS, inheritance=inheritance, rate=5.0, capacity=12),
                look(at=100 * MS, level=level, capacity=12, time_to_empty_ns=empty_ms * MS),
                cancel("A", at=100 * MS),
                look(at=100 * MS, level=level),
                change(at=100 * MS, capacity=2),
                look(at=100 * MS, level=min(level, 2)),
            ],
        )  # fmt: skip

    return [
        inherit("keep", 3, 600),
        inherit("additive", 3, 600),
        inherit("proportional", 6, 1200),
        inherit("reset", 0, 0),
        vector(
            "A change of what is free lets nobody in before those who wait",
            "Spillway",
            SHAPER,
            [
                *(reserve(f"{i}", 1, at=0, delay_ns=i * 100 * MS) for i in range(4)),
                change(at=0, free=3),
                reserve("A", 1, at=0, delay_ns=200 * MS),
                change(at=0, free=1_000_000_000),
                take(1, at=0),
                reserve("B", 1, at=0, expect="full"),
            ],
            note="Times that were given stay; with more that is free, who comes later may act"
            " sooner than the last of them.",
        ),
        vector(
            "A change that comes with an old time pays nothing twice",
            "Spillway",
            METER,
            [
                take(6, at=0),
                change(at=200 * MS, rate=20.0),
                change(at=0, rate=10.0),
                look(at=200 * MS, level=4, time_to_empty_ns=400 * MS),
            ],
        ),
    ]


def oddities() -> list[Vector]:
    return [
        vector(
            "Stale timestamps make no room",
            "golang #71360 and others, of the token bucket (scenario 6)",
            {"rate": 1.0, "capacity": 3, "free": 1},
            [
                take(1, at=10 * S),
                take(1, at=0, expect="full", retry_after_ns=11 * S),
                reserve("A", 1, at=10 * S, delay_ns=S),
                *(take(1, at=at, expect="full") for _ in range(9) for at in (0, 10 * S)),
                reserve("B", 1, at=0, expect="full"),
                reserve("B", 1, at=10 * S, delay_ns=2 * S),
            ],
            origins=[0, TEN_YEARS],
        ),
        vector(
            "Counts that cannot be are misuse",
            "golang.org/x/time/rate makes tokens of a count below 0",
            SHAPER,
            [
                take(-1, at=0, expect="misuse"),
                reserve("A", -3, at=0, expect="misuse"),
                refund(-3, at=0),
                look(at=0, level=0, total_admitted=0, total_refused=0),
            ],
        ),
        vector(
            "A wait past the end of time is refused",
            "golang.org/x/time/rate with a rate of 0 lets wait for 292 years",
            {"rate": 1e-10, "capacity": 2, "free": 1},
            [
                reserve("A", 1, at=0),
                reserve("B", 1, at=0, max_wait_ns=3600 * S, expect="exceeds_wait"),
                take(1, at=0, expect="full", remaining=1, retry_after_ns=NEVER),
                look(at=0, level=1, total_admitted=1, total_refused=2),
            ],
        ),
    ]
