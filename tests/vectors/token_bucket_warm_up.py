"""A bucket that warms up: calls pay later, and pay more while it is cold."""

from scenario import MS, TEN_YEARS, S, Step, Vector
from token_bucket_steps import NEVER, cancel, change, force, look, refund, reserve, take, up_to
from token_bucket_steps import vector as any_vector

DAY = 86_400 * S

# Of the examples a second is a whole number of units, however many a token has; and after 388 days
# their words have come round.
ORIGINS = [0, TEN_YEARS, 2**26 * S // 2 - 3 * S, 2**61 // S * S, 2**62 // S * S]

GUAVA = {"rate": 2.0, "burst": 8, "warm_up_ns": 4 * S}
PAY_LATER = {"rate": 1.0, "burst": 8, "warm_up_ns": 4 * S, "cold_factor": 1.0}
# Its unit is the nanosecond.
FAST = {"rate": 1e5, "burst": 8, "warm_up_ns": 80_000, "cold_factor": 3.0}


def vector(name: str, source: str, options: dict[str, float], steps: list[Step],
           note: str = "") -> Vector:  # fmt: skip
    origins = [] if options is FAST else ORIGINS
    return any_vector(name, source, options, steps, note=note, origins=origins)


def vectors() -> list[Vector]:
    return [*paying(), *cooling(), *calls()]


def calls_in_turn(counts: list[int], waits: list[int], at: int = 0) -> list[Step]:
    """Each reserved when the one before may act, which is when Guava's caller comes back."""
    steps = []
    for i, (n, wait) in enumerate(zip(counts, waits, strict=True)):
        steps.append(reserve(f"call {i}", n, at=at, delay_ns=wait))
        at += wait
    return steps


def paying() -> list[Vector]:
    return [
        vector(
            "Guava: who comes next pays",
            "Guava, RateLimiterTest.testWeNeverGetABurstMoreThanOneSec and others (scenario 16)",
            PAY_LATER,
            calls_in_turn([1, 1, 2, 4, 8, 1], [0, S, S, 2 * S, 4 * S, 8 * S]),
        ),
        vector(
            "Guava: a cold bucket warms up",
            "Guava, RateLimiterTest.testWarmUp (scenario 16)",
            GUAVA,
            calls_in_turn(
                [1] * 10, [0, *(wait * MS for wait in (1375, 1125, 875, 625, *[500] * 5))]
            ),
        ),
        vector(
            "Guava: a large call warms as its parts do",
            "Guava, SmoothWarmingUp",
            GUAVA,
            [*calls_in_turn([3, 1, 8, 8, 1], [0, 3375 * MS, 625 * MS, 4 * S, 4 * S])],
        ),
        vector(
            "Waits are quoted once and stay",
            "Spillway",
            GUAVA,
            [
                reserve("A", 1, at=0),
                reserve("B", 2, at=0, delay_ns=1375 * MS),
                reserve("C", 1, at=0, delay_ns=3375 * MS),
                reserve("D", 1, at=0, delay_ns=4 * S),
                look(at=0, tokens=0, burst=8, time_to_full_ns=4500 * MS, total_admitted=4),
                take(1, at=4500 * MS - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=4500 * MS),
            ],
        ),
    ]


def cooling() -> list[Vector]:
    return [
        vector(
            "Guava: idle time cools, by as much as the bucket's time",
            "Guava, RateLimiterTest.testWarmUpAndUnderutilization",
            GUAVA,
            [
                *calls_in_turn([8, 1], [0, 6 * S]),
                # Warm; half a second brings back one token's cold.
                take(1, at=7 * S, reset_after_ns=500 * MS),
                take(1, at=7500 * MS, reset_after_ns=500 * MS),
                # Two seconds bring back four.
                take(1, at=10 * S, reset_after_ns=500 * MS),
                # All, however long it was.
                take(1, at=14_500 * MS, reset_after_ns=1375 * MS),
                take(8, at=1000 * DAY, reset_after_ns=6 * S),
                take(1, at=1000 * DAY + 6 * S, reset_after_ns=500 * MS),
            ],
        ),
        vector(
            "Idle time cools to the nanosecond",
            "Spillway",
            FAST,
            [
                take(8, at=0, reset_after_ns=120_000),
                take(1, at=165_001, reset_after_ns=10_626),
                take(1, at=175_626, expect="exhausted", retry_after_ns=1),
                take(1, at=175_627, reset_after_ns=10_000),
            ],
        ),
        vector(
            "A reset is cold and free again",
            "Spillway",
            GUAVA,
            [
                take(8, at=0, reset_after_ns=6 * S),
                reserve("A", 1, at=0, delay_ns=6 * S),
                change(at=1 * S, inheritance="reset"),
                look(at=1 * S, tokens=8, time_to_full_ns=0),
                take(1, at=1 * S, reset_after_ns=1375 * MS),
                cancel("A", at=1 * S),
                look(at=1 * S, tokens=0, time_to_full_ns=1375 * MS),
            ],
        ),
    ]


def calls() -> list[Vector]:
    return [
        vector(
            "Open or not: what is told",
            "Spillway",
            GUAVA,
            [
                take(0, at=0, remaining=8, limit=8, reset_after_ns=0, next_after_ns=0),
                take(1, at=0, remaining=0, limit=8, reset_after_ns=1375 * MS,
                     next_after_ns=1375 * MS),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=375 * MS, remaining=0),
                take(9, at=1 * S, expect="exceeds_burst", retry_after_ns=NEVER),
                take(0, at=1 * S, remaining=0, reset_after_ns=375 * MS),
                reserve("A", 1, at=1 * S, max_wait_ns=375 * MS - 1, expect="exceeds_wait"),
                reserve("A", 1, at=1 * S, max_wait_ns=0, expect="exhausted"),
                reserve("A", 0, at=1 * S, delay_ns=375 * MS),
                up_to(8, at=1 * S, expect=0),
                up_to(3, at=1375 * MS, expect=3),
                up_to(0, at=1375 * MS, expect=0),
                take(-1, at=0, expect="misuse"),
                look(at=1375 * MS, tokens=0, total_admitted=3, total_refused=5),
            ],
        ),
        vector(
            "Open: a call of any number up to burst passes",
            "Spillway",
            GUAVA,
            [
                up_to(100, at=0, expect=8),
                take(1, at=6 * S - 1, expect="exhausted"),
                take(8, at=6 * S, reset_after_ns=4 * S),
            ],
        ),
        vector(
            "Forced calls wait for nobody and move the rest",
            "Spillway",
            GUAVA,
            [
                take(4, at=0, reset_after_ns=4 * S),
                force(20, at=0, remaining=0, reset_after_ns=14 * S),
                take(1, at=14 * S - 1, expect="exhausted"),
                take(1, at=14 * S),
            ],
        ),
        vector(
            "A cancel gives back its own part, and what it warmed stays",
            "Spillway",
            GUAVA,
            [
                reserve("A", 1, at=0),
                reserve("B", 1, at=0, delay_ns=1375 * MS),
                reserve("C", 1, at=0, delay_ns=2500 * MS),
                look(at=0, time_to_full_ns=3375 * MS),
                cancel("B", at=1 * S),
                look(at=1 * S, time_to_full_ns=1250 * MS),
                # What has begun is used.
                cancel("A", at=1 * S),
                cancel("C", at=2500 * MS),
                look(at=1 * S, time_to_full_ns=1250 * MS),
                reserve("D", 1, at=1 * S, delay_ns=1250 * MS),
                look(at=1 * S, time_to_full_ns=1875 * MS),
                # No further than to now.
                reserve("E", 8, at=1 * S, delay_ns=1875 * MS),
                reserve("F", 1, at=1 * S, delay_ns=5875 * MS),
                cancel("E", at=2 * S),
                cancel("D", at=2 * S),
                look(at=2 * S, time_to_full_ns=750 * MS),
            ],
        ),
        vector(
            "A refund gives tokens back at the usual time, and opens no sooner than now",
            "Spillway",
            GUAVA,
            [
                take(8, at=0, reset_after_ns=6 * S),
                refund(3, at=0),
                look(at=0, time_to_full_ns=4500 * MS),
                refund(8, at=1 * S),
                look(at=1 * S, tokens=8, time_to_full_ns=0),
                take(1, at=1 * S, reset_after_ns=500 * MS),
            ],
        ),
        vector(
            "Time that steps back opens nothing",
            "Spillway",
            GUAVA,
            [
                take(1, at=10 * S, reset_after_ns=1375 * MS),
                take(1, at=1 * S, expect="exhausted", retry_after_ns=10_375 * MS),
                reserve("A", 1, at=5 * S, delay_ns=6375 * MS),
                take(1, at=11_375 * MS, expect="exhausted", retry_after_ns=1125 * MS),
            ],
        ),
        vector(
            "A dry run lets through and takes nothing",
            "Spillway",
            {**GUAVA, "dry_run": True},
            [
                take(1, at=0, reset_after_ns=1375 * MS),
                take(1, at=0),
                take(9, at=0),
                up_to(20, at=0, expect=20),
                look(at=0, time_to_full_ns=1375 * MS, total_admitted=1, total_dry_run=3),
            ],
        ),
    ]  # fmt: skip
