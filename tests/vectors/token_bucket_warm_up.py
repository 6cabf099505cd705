"""A bucket that warms up: calls pay later, and pay more while it is cold."""

from scenario import S, Step, Vector
from token_bucket_steps import NEVER, cancel, change, force, look, refund, reserve, take, up_to
from token_bucket_steps import vector as any_vector

# A long second, of 2^30 ns. Two tokens in it have a unit of whole nanoseconds, and times from far
# origins are as exact as from 0. After 2^25 of them the word has come round.
SECOND = 2**30
DAY = 86_400 * SECOND
FAR = [0, *(at // SECOND * SECOND for at in (3652 * DAY, 2**55 - 3 * SECOND, 2**61, 2**62))]

TWO = {"rate": 2e9 / SECOND, "burst": 8, "warm_up_ns": 4 * SECOND}
# Its unit is the nanosecond.
FAST = {"rate": 1e5, "burst": 8, "warm_up_ns": 80_000}

# Guava's own.
GUAVA = {"rate": 2.0, "burst": 8, "warm_up_ns": 4 * S}
PAY_LATER = {"rate": 1.0, "burst": 8, "warm_up_ns": 4 * S, "cold_factor": 1.0}
NEAR = [0, 86_400 * S]


def s(seconds: float) -> int:
    """Only of what is a whole number of nanoseconds."""
    exact = seconds * SECOND
    assert exact == int(exact)
    return int(exact)


def vector(name: str, source: str, options: dict[str, float], steps: list[Step]) -> Vector:
    usual: list[int] = []
    origins = {2.0: NEAR, 1.0: NEAR, 1e5: usual}.get(options["rate"], FAR)
    return any_vector(name, source, options, steps, origins=origins)


def vectors() -> list[Vector]:
    return [*paying(), *cooling(), *calls()]


def calls_in_turn(counts: list[int], waits: list[int]) -> list[Step]:
    """Each reserved when the one before may act, which is when Guava's caller comes back."""
    steps = []
    at = 0
    for i, (n, wait) in enumerate(zip(counts, waits, strict=True)):
        steps.append(reserve(f"call {i}", n, at=at, delay_ns=wait))
        at += wait
    return steps


def paying() -> list[Vector]:
    return [
        vector(
            "Guava: who comes next pays",
            "Guava, RateLimiterTest (scenario 16)",
            PAY_LATER,
            calls_in_turn([1, 1, 2, 4, 8, 1], [0, S, S, 2 * S, 4 * S, 8 * S]),
        ),
        vector(
            "Guava: a cold bucket warms up",
            "Guava, RateLimiterTest (scenario 16)",
            GUAVA,
            calls_in_turn([1] * 10, [0, *(wait * S // 8 for wait in (11, 9, 7, 5, 4, 4, 4, 4, 4))]),
        ),
        vector(
            "Guava: a large call warms as its parts do",
            "Guava, SmoothWarmingUp",
            TWO,
            [*calls_in_turn([3, 1, 8, 8, 1], [0, s(3.375), s(0.625), s(4), s(4)])],
        ),
        vector(
            "Waits are quoted once and stay",
            "Spillway",
            TWO,
            [
                reserve("A", 1, at=0),
                reserve("B", 2, at=0, delay_ns=s(1.375)),
                reserve("C", 1, at=0, delay_ns=s(3.375)),
                reserve("D", 1, at=0, delay_ns=s(4)),
                look(at=0, tokens=0, burst=8, time_to_full_ns=s(4.5), total_admitted=4),
                take(1, at=s(4.5) - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=s(4.5)),
            ],
        ),
    ]


def cooling() -> list[Vector]:
    return [
        vector(
            "Guava: idle time cools, by as much as the bucket's time",
            "Guava, RateLimiterTest",
            TWO,
            [
                *calls_in_turn([8, 1], [0, s(6)]),
                # Warm; half a second brings back one token's cold.
                take(1, at=s(7), reset_after_ns=s(0.5)),
                take(1, at=s(7.5), reset_after_ns=s(0.5)),
                # Two seconds bring back four.
                take(1, at=s(10), reset_after_ns=s(0.5)),
                # All, however long it was.
                take(1, at=s(14.5), reset_after_ns=s(1.375)),
                take(8, at=1000 * DAY, reset_after_ns=s(6)),
                take(1, at=1000 * DAY + s(6), reset_after_ns=s(0.5)),
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
            TWO,
            [
                take(8, at=0, reset_after_ns=s(6)),
                reserve("A", 1, at=0, delay_ns=s(6)),
                change(at=s(1), inheritance="reset"),
                look(at=s(1), tokens=8, time_to_full_ns=0),
                take(1, at=s(1), reset_after_ns=s(1.375)),
                cancel("A", at=s(1)),
                look(at=s(1), tokens=0, time_to_full_ns=s(1.375)),
            ],
        ),
    ]


def calls() -> list[Vector]:
    return [
        vector(
            "Open or not: what is told",
            "Spillway",
            TWO,
            [
                take(0, at=0, remaining=8, limit=8, reset_after_ns=0, next_after_ns=0),
                take(1, at=0, remaining=0, limit=8, reset_after_ns=s(1.375),
                     next_after_ns=s(1.375)),
                take(1, at=s(1), expect="exhausted", retry_after_ns=s(0.375), remaining=0),
                take(9, at=s(1), expect="exceeds_burst", retry_after_ns=NEVER),
                take(0, at=s(1), remaining=0, reset_after_ns=s(0.375)),
                reserve("A", 1, at=s(1), max_wait_ns=s(0.375) - 1, expect="exceeds_wait"),
                reserve("A", 1, at=s(1), max_wait_ns=0, expect="exhausted"),
                reserve("A", 0, at=s(1), delay_ns=s(0.375)),
                up_to(8, at=s(1), expect=0),
                up_to(3, at=s(1.375), expect=3),
                up_to(0, at=s(1.375), expect=0),
                take(-1, at=0, expect="misuse"),
                look(at=s(1.375), tokens=0, total_admitted=3, total_refused=5),
            ],
        ),
        vector(
            "Open: a call of any number up to burst passes",
            "Spillway",
            TWO,
            [
                up_to(100, at=0, expect=8),
                take(1, at=s(6) - 1, expect="exhausted"),
                take(8, at=s(6), reset_after_ns=s(4)),
            ],
        ),
        vector(
            "Forced calls wait for nobody and move the rest",
            "Spillway",
            TWO,
            [
                take(4, at=0, reset_after_ns=s(4)),
                force(20, at=0, remaining=0, reset_after_ns=s(14)),
                take(1, at=s(14) - 1, expect="exhausted"),
                take(1, at=s(14)),
            ],
        ),
        vector(
            "A cancel gives back its own part, and what it warmed stays",
            "Spillway",
            TWO,
            [
                reserve("A", 1, at=0),
                reserve("B", 1, at=0, delay_ns=s(1.375)),
                reserve("C", 1, at=0, delay_ns=s(2.5)),
                look(at=0, time_to_full_ns=s(3.375)),
                cancel("B", at=s(1)),
                look(at=s(1), time_to_full_ns=s(1.25)),
                # What has begun is used.
                cancel("A", at=s(1)),
                cancel("C", at=s(2.5)),
                look(at=s(1), time_to_full_ns=s(1.25)),
                reserve("D", 1, at=s(1), delay_ns=s(1.25)),
                look(at=s(1), time_to_full_ns=s(1.875)),
                # No further than to now.
                reserve("E", 8, at=s(1), delay_ns=s(1.875)),
                reserve("F", 1, at=s(1), delay_ns=s(5.875)),
                cancel("E", at=s(2)),
                cancel("D", at=s(2)),
                look(at=s(2), time_to_full_ns=s(0.75)),
            ],
        ),
        vector(
            "A refund gives tokens back at the usual time, and opens no sooner than now",
            "Spillway",
            TWO,
            [
                take(8, at=0, reset_after_ns=s(6)),
                refund(3, at=0),
                look(at=0, time_to_full_ns=s(4.5)),
                refund(8, at=s(1)),
                look(at=s(1), tokens=8, time_to_full_ns=0),
                take(1, at=s(1), reset_after_ns=s(0.5)),
            ],
        ),
        vector(
            "Time that steps back opens nothing",
            "Spillway",
            TWO,
            [
                take(1, at=s(10), reset_after_ns=s(1.375)),
                take(1, at=s(1), expect="exhausted", retry_after_ns=s(10.375)),
                reserve("A", 1, at=s(5), delay_ns=s(6.375)),
                take(1, at=s(11.375), expect="exhausted", retry_after_ns=s(1.125)),
            ],
        ),
        vector(
            "A dry run lets through and takes nothing",
            "Spillway",
            {**TWO, "dry_run": True},
            [
                take(1, at=0, reset_after_ns=s(1.375)),
                take(1, at=0),
                take(9, at=0),
                up_to(20, at=0, expect=20),
                look(at=0, time_to_full_ns=s(1.375), total_admitted=1, total_dry_run=3),
            ],
        ),
    ]  # fmt: skip
