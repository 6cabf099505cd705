"""Defects that peers had, each with the defect's name: none may come back here."""

from scenario import MS, TEN_YEARS, S, Vector, ns
from token_bucket_steps import (
    NEVER,
    cancel,
    change,
    force,
    look,
    refund,
    reserve,
    take,
    up_to,
    vector,
)

TEN_A_SECOND = {"rate": 10.0, "burst": 2}
DAY = 86_400 * S
YEAR = 365 * DAY

# Where a token is no whole number of nanoseconds, the clock is off by part of a nanosecond in
# between, the more the later: a century from 0 it is half of one.
NEAR = [0, TEN_YEARS]


def vectors() -> list[Vector]:
    return [*clocks(), *arithmetic(), *idling(), *counts()]


def clocks() -> list[Vector]:
    return [
        vector(
            "x/time: stale timestamps mint tokens",
            "golang #71360, #23145, #65508 and others: 1000 of 1000 were admitted (scenario 6)",
            {"rate": 1.0, "burst": 2},
            [
                take(1, at=10 * S),
                take(1, at=0, expect="exhausted", retry_after_ns=10 * S),
                take(1, at=10 * S),
                *(take(1, at=at, expect="exhausted") for _ in range(20) for at in (0, 10 * S)),
                take(1, at=11 * S - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=11 * S),
            ],
        ),
        vector(
            "folly: time that steps back",
            "folly, TokenBucketTest.ReverseTime2 (scenario 6)",
            {"rate": 1000.0, "burst": 10},
            [
                take(10, at=100 * MS),
                take(1, at=99_999_990, expect="exhausted", retry_after_ns=1 * MS + 10),
                up_to(10, at=50 * MS, expect=0),
                look(at=100 * MS, tokens=0, time_to_full_ns=10 * MS),
                take(1, at=101 * MS - 1, expect="exhausted"),
                take(1, at=101 * MS),
            ],
        ),
        vector(
            "x/time: a change of the rate with a stale time",
            "golang.org/x/time/rate, SetLimitAt stores the older time",
            {"rate": 1.0, "burst": 2},
            [
                take(2, at=10 * S),
                *(change(at=at, rate=rate) for _ in range(5)
                  for at, rate in ((10 * S, 2.0), (0, 1.0))),
                take(1, at=10 * S, expect="exhausted"),
                look(at=10 * S, tokens=0),
            ],
            note="A change is never older than the one before it: that pays a time twice.",
        ),
        vector(
            "A time before zero is zero",
            "Spillway",
            TEN_A_SECOND,
            [
                take(2, at=-5 * S),
                take(1, at=-1, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=0, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=100 * MS),
            ],
            origins=[0],
        ),
    ]  # fmt: skip


def arithmetic() -> list[Vector]:
    return [
        vector(
            "governor: an interval that is rounded to nanoseconds",
            "governor takes 3e7 a second for 3.03e7",
            {"rate": 3e7, "burst": 1_000_000_000, "initial_tokens": 0},
            [
                up_to(1, at=0, expect=0),
                look(at=1 * S, tokens=30_000_000),
                look(at=33 * S, tokens=990_000_000),
                up_to(1_000_000_000, at=33 * S, expect=990_000_000),
                take(1, at=33 * S, expect="exhausted", retry_after_ns=34),
            ],
        ),
        vector(
            "governor: an interval of less than two nanoseconds",
            "governor takes 6e8 a second for 1e9 (+67 %)",
            {"rate": 6e8, "burst": 1_000_000_000, "initial_tokens": 0},
            [
                up_to(1, at=0, expect=0),
                look(at=1 * S, tokens=600_000_000),
                up_to(1_000_000_000, at=1 * S, expect=600_000_000),
                take(3, at=1 * S, expect="exhausted", retry_after_ns=5),
                take(3, at=1 * S + 5),
            ],
        ),
        vector(
            "nginx: a rate a minute that is rounded",
            "nginx keeps 7 a minute as 0.116 a second",
            {"rate": 7 / 60, "burst": 7},
            [
                take(7, at=0),
                take(7, at=60 * S - 1, expect="exhausted", retry_after_ns=1),
                take(7, at=60 * S),
                take(1, at=120 * S, times=7),
                take(1, at=120 * S, expect="exhausted", retry_after_ns=8_571_428_572),
            ],
        ),
        vector(
            "Envoy: remainders that are dropped",
            "envoyproxy/envoy #16407: 2500 of 3000 a second",
            {"rate": 3000.0, "burst": 2},
            [
                take(2, at=0),
                take(1, at=1000, every=1000, times=333, expect="exhausted"),
                take(1, at=333_334),
                take(1, at=334_334, every=1000, times=332, expect="exhausted"),
                take(1, at=666_667),
                take(2, at=2 * MS),
                take(1, at=2 * MS, expect="exhausted", retry_after_ns=333_334),
            ],
            note="Refusals, however many, keep nobody from the part of a token that is there.",
            origins=NEAR,
        ),
        vector(
            "A tenth of a token a second, for a day",
            "Spillway",
            {"rate": 0.1},
            [
                take(1, at=0, every=10 * S, times=8640),
                take(1, at=DAY - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=DAY),
            ],
        ),
        vector(
            "redis-cell: a time to retry that is too early",
            "brandur/redis-cell #56 rounds down, .NET floors periods",
            {"rate": 3.0},
            [
                take(1, at=0),
                take(1, at=0, expect="exhausted", retry_after_ns=333_333_334),
                take(1, at=333_333_333, expect="exhausted", retry_after_ns=1),
                take(1, at=333_333_334),
            ],
            origins=NEAR,
        ),
        vector(
            "redis_rate: a part of a token that is charged and not granted",
            "go-redis/redis_rate AllowAtMost charges 1.5 for the one it grants",
            TEN_A_SECOND,
            [
                take(2, at=0),
                up_to(2, at=150 * MS, expect=1),
                take(1, at=200 * MS - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=200 * MS),
            ],
        ),
        vector(
            "x/time: a rate so small that it overflows",
            "golang #71154, TestTinyLimit (scenario 5)",
            {"rate": 1e-10},
            [
                take(1, at=0, remaining=0),
                take(1, at=0, expect="exhausted", retry_after_ns=NEVER),
                take(1, at=100 * YEAR, expect="exhausted", retry_after_ns=NEVER),
                look(at=100 * YEAR, tokens=0, total_admitted=1, total_refused=2),
            ],
        ),
        vector(
            "redis-cell: parameters so large that they overflow",
            "brandur/redis-cell #50",
            {"rate": 1e-10, "burst": 1_000_000_000},
            [
                take(1_000_000_000, at=0, remaining=0),
                take(1, at=0, expect="exhausted", retry_after_ns=NEVER),
                refund(1, at=0),
                take(2, at=0, expect="exhausted"),
                take(1, at=0),
                look(at=100 * YEAR, tokens=0),
            ],
        ),
    ]


def idling() -> list[Vector]:
    return [
        vector(
            "governor: one too many after years of idling",
            "boinkor-net/governor #107, #249",
            {"rate": 1.0, "burst": 5},
            [
                take(5, at=0),
                *(step for at in (30 * YEAR, 65 * YEAR, 100 * YEAR) for step in (
                    take(1, at=at, times=5),
                    take(1, at=at, expect="exhausted", retry_after_ns=1 * S),
                )),
            ],
        ),
        vector(
            "A century of idling is a full bucket",
            "Spillway",
            {"rate": 1.0, "burst": 5},
            [
                take(5, at=0),
                look(at=100 * YEAR, tokens=5, time_to_full_ns=0),
                take(5, at=100 * YEAR),
                take(1, at=100 * YEAR, expect="exhausted", retry_after_ns=1 * S),
            ],
        ),
        vector(
            "uber: calls that catch up on idling",
            "uber-go/ratelimit #106, #119, #122",
            {"rate": 10.0},
            [
                take(1, at=0),
                take(1, at=3600 * S),
                take(1, at=3600 * S, expect="exhausted", retry_after_ns=100 * MS),
                *(reserve(f"call {i}", 1, at=3600 * S, delay_ns=i * 100 * MS) for i in range(1, 9)),
            ],
        ),
        vector(
            "bucket4j: half a day of idling overflows",
            "bucket4j #51",
            {"rate": 1e9, "burst": 1_000_000_000},
            [
                take(1_000_000_000, at=0),
                take(1_000_000_000, at=43_200 * S, remaining=0, reset_after_ns=1 * S),
                take(1, at=43_200 * S, expect="exhausted", retry_after_ns=1),
            ],
        ),
    ]  # fmt: skip


def counts() -> list[Vector]:
    return [
        vector(
            "x/time: less than nothing mints tokens",
            "golang.org/x/time/rate, AllowN(-3) on an empty bucket of 5 gives 3",
            {"rate": 1.0, "burst": 5},
            [
                take(5, at=0),
                take(-3, at=0, expect="misuse"),
                up_to(-3, at=0, expect=-1),
                force(-3, at=0, expect="misuse"),
                reserve("A", -3, at=0, expect="misuse"),
                cancel("A", at=0),
                refund(-3, at=0),
                refund(-(2**53) + 1, at=0),
                look(at=0, tokens=0, total_admitted=1, total_refused=0),
                take(1, at=0, expect="exhausted"),
            ],
        ),
        vector(
            "x/time: a reservation that was granted at once cannot be given back",
            "golang.org/x/time/rate, CancelAt after the time to act",
            TEN_A_SECOND,
            [
                reserve("A", 1, at=0),
                cancel("A", at=1 * MS),
                look(at=1 * MS, tokens=2, time_to_full_ns=0),
                take(2, at=1 * MS),
                reserve("B", 2, at=ns(10)),
                cancel("B", at=ns(10) + 150 * MS),
                take(2, at=ns(10) + 150 * MS),
                take(1, at=ns(10) + 150 * MS, expect="exhausted", retry_after_ns=100 * MS),
            ],
        ),
        vector(
            "The largest count there is",
            "Spillway",
            TEN_A_SECOND,
            [
                take(2**53 - 1, at=0, expect="exceeds_burst", remaining=2, retry_after_ns=NEVER),
                reserve("A", 2**53 - 1, at=0, expect="exceeds_burst"),
                up_to(2**53 - 1, at=0, expect=2),
                look(at=0, tokens=0, total_admitted=1, total_refused=2),
            ],
        ),
    ]
