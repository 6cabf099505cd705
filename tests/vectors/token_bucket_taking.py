"""Taking tokens: what is there, what is refused and what is said of it."""

from scenario import MS, TEN_YEARS, S, Vector, ns
from token_bucket_steps import NEVER, force, look, refund, take, up_to, vector

TEN_A_SECOND = {"rate": 10.0, "burst": 3}


def vectors() -> list[Vector]:
    return [*at_once(), *polled(), *parts(), *debts(), *counted()]


def at_once() -> list[Vector]:
    return [
        vector(
            "x/time: a burst of three",
            "golang.org/x/time/rate, TestLimiterBurst3 (scenario 1)",
            TEN_A_SECOND,
            [
                take(2, at=0),
                take(2, at=0, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=0),
                take(1, at=0, expect="exhausted", retry_after_ns=100 * MS),
                take(4, at=100 * MS, expect="exceeds_burst", retry_after_ns=NEVER),
                take(1, at=200 * MS),
                take(1, at=300 * MS),
                take(1, at=400 * MS, times=2),
                take(1, at=400 * MS, expect="exhausted", retry_after_ns=100 * MS),
                take(3, at=900 * MS),
                take(0, at=900 * MS, remaining=0),
            ],
        ),
        vector(
            "throttled: what is said of each decision",
            "throttled, rate_test.go; redis-cell, mod.rs (scenario 7)",
            {"rate": 1.0, "burst": 5},
            [
                take(
                    6,
                    at=0,
                    expect="exceeds_burst",
                    remaining=5,
                    limit=5,
                    reset_after_ns=0,
                    retry_after_ns=NEVER,
                    next_after_ns=0,
                ),
                *(
                    take(
                        1,
                        at=0,
                        remaining=4 - i,
                        limit=5,
                        reset_after_ns=(1 + i) * S,
                        retry_after_ns=0,
                    )
                    for i in range(5)
                ),
                take(
                    1,
                    at=0,
                    expect="exhausted",
                    remaining=0,
                    reset_after_ns=5 * S,
                    retry_after_ns=1 * S,
                    next_after_ns=1 * S,
                ),
                take(1, at=3 * S, remaining=2, reset_after_ns=3 * S, next_after_ns=1 * S),
                take(1, at=ns(3.1), remaining=1, reset_after_ns=ns(3.9), next_after_ns=ns(0.9)),
                take(1, at=4 * S, remaining=1, reset_after_ns=4 * S),
                take(1, at=8 * S, remaining=4, reset_after_ns=1 * S),
                take(1, at=ns(9.5), remaining=4, reset_after_ns=1 * S),
                take(0, at=ns(9.5), remaining=4, reset_after_ns=1 * S),
                take(2, at=ns(9.5), remaining=2, reset_after_ns=3 * S),
                take(
                    5,
                    at=ns(9.5),
                    expect="exhausted",
                    remaining=2,
                    reset_after_ns=3 * S,
                    retry_after_ns=3 * S,
                ),
                take(
                    6,
                    at=15 * S,
                    expect="exceeds_burst",
                    remaining=5,
                    reset_after_ns=0,
                    retry_after_ns=NEVER,
                ),
            ],
        ),
        vector(
            "governor: all or nothing",
            "governor, tests/direct.rs (scenario 8)",
            {"rate": 5.0, "burst": 5},
            [
                take(1, at=0, times=5),
                take(1, at=0, expect="exhausted", retry_after_ns=200 * MS),
                take(1, at=2 * S, times=5),
                take(1, at=2 * S, expect="exhausted"),
                take(15, at=4 * S, expect="exceeds_burst", limit=5),
                take(7, at=4 * S, expect="exceeds_burst"),
                take(6, at=4 * S, expect="exceeds_burst"),
                take(5, at=4 * S, remaining=0),
            ],
        ),
        vector(
            "governor: a large quota",
            "governor, stresstest_large_quotas (scenario 9)",
            {"rate": 1e9, "burst": 1_000_000_000},
            [
                take(1, at=0, times=100_000),
                look(at=0, tokens=999_900_000, time_to_full_ns=MS // 10, total_admitted=100_000),
                take(999_900_000, at=0),
                take(1, at=0, expect="exhausted", retry_after_ns=1),
                take(2, at=1, expect="exhausted", retry_after_ns=1),
                take(2, at=2),
            ],
            origins=[0, 2**62 - 1],
            note="governor takes 1,000,000,001 a second; our rates end at 1e9.",
        ),
        vector(
            "nginx: a burst beside the first",
            "nginx, ngx_http_limit_req_module with burst=5 nodelay (scenario 20)",
            {"rate": 10.0, "burst": 6},
            [
                take(1, at=0, times=6),
                take(1, at=0, expect="exhausted", retry_after_ns=100 * MS),
            ],
            note="The first request costs nginx nothing: its burst is one less than ours.",
        ),
        vector(
            "The largest burst at once",
            "Spillway",
            {"rate": 1e6, "burst": 1000},
            [
                take(1, at=0, times=1000),
                take(1, at=0, expect="exhausted", retry_after_ns=1000),
                take(1, at=999, expect="exhausted", retry_after_ns=1),
                take(1, at=1000),
            ],
            note="At this uptime a time in double seconds admits one less, or far more (folly).",
        ),
    ]


def polled() -> list[Vector]:
    return [
        vector(
            "A poll at each period, a million times",
            "Spillway; in double seconds 618,431 of them are admitted (scenario 22)",
            {"rate": 10.0},
            [
                take(1, at=100 * MS, every=100 * MS, times=1_000_000),
                take(1, at=100_000 * S, expect="exhausted", retry_after_ns=100 * MS),
            ],
            origins=[2**62 - 50_000 * S],
        ),
        vector(
            "A poll at each period that is no whole number of nanoseconds",
            "Spillway (scenario 22)",
            {"rate": 3.0},
            [take(1, at=0, every=333_333_334, times=100_000)],
            origins=[TEN_YEARS],
        ),
        vector(
            "A poll just before each period",
            "Spillway",
            {"rate": 10.0, "initial_tokens": 0},
            [
                take(1, at=0, expect="exhausted"),
                *(step for i in range(1, 20) for step in (
                    take(1, at=i * 100 * MS - 1, expect="exhausted", retry_after_ns=1),
                    take(1, at=i * 100 * MS),
                )),
            ],
        ),
        vector(
            "A thousand at one instant, at a billion a second",
            "Spillway (scenario 22)",
            {"rate": 1e9, "burst": 1000},
            [
                take(1, at=0, times=1000),
                take(1, at=0, expect="exhausted", retry_after_ns=1),
                take(1, at=1, every=1, times=1000),
                take(1, at=1000, expect="exhausted"),
                take(1000, at=2000),
            ],
        ),
    ]  # fmt: skip


def parts() -> list[Vector]:
    return [
        vector(
            "What is there, and no more",
            "bucket4j, consumeAsMuchAsPossible",
            {"rate": 10.0, "burst": 10},
            [
                up_to(4, at=0, expect=4),
                up_to(0, at=0, expect=0),
                up_to(10, at=0, expect=6),
                up_to(1, at=99 * MS, expect=0),
                up_to(10, at=150 * MS, expect=1),
                up_to(10, at=300 * MS, expect=2),
                up_to(10, at=450 * MS, expect=1),
                up_to(2**53 - 1, at=10 * S, expect=10),
                look(at=10 * S, tokens=0, total_admitted=6, total_refused=1),
            ],
        ),
        vector(
            "Tokens that come back",
            "bucket4j, addTokens",
            {"rate": 10.0, "burst": 5},
            [
                take(5, at=0),
                refund(2, at=0),
                look(at=0, tokens=2, time_to_full_ns=300 * MS, total_admitted=1),
                refund(2**53 - 1, at=0),
                take(6, at=0, expect="exceeds_burst", remaining=5),
                take(5, at=0),
                refund(0, at=0),
                take(1, at=0, expect="exhausted"),
            ],
        ),
        vector(
            "A bucket that starts empty begins with its first call",
            "Guava starts without stored permits",
            {"rate": 10.0, "burst": 5, "initial_tokens": 0},
            [
                look(at=0, tokens=0, time_to_full_ns=500 * MS),
                take(1, at=5 * S, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=5 * S + 100 * MS - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=5 * S + 100 * MS, remaining=0, reset_after_ns=500 * MS),
                take(5, at=6 * S, remaining=0),
            ],
        ),
        vector(
            "A bucket that starts part full begins with a look of nothing",
            "Spillway",
            {"rate": 10.0, "burst": 5, "initial_tokens": 2},
            [
                take(0, at=1 * S, remaining=2, reset_after_ns=300 * MS),
                take(3, at=1 * S, expect="exhausted", retry_after_ns=100 * MS),
                take(3, at=1 * S + 100 * MS, remaining=0),
            ],
        ),
    ]


def debts() -> list[Vector]:
    return [
        vector(
            "Tokens that are not there are owed",
            "bucket4j, consumeIgnoringRateLimits",
            {"rate": 10.0, "burst": 2},
            [
                force(
                    5, at=0, remaining=0, limit=2, reset_after_ns=500 * MS, next_after_ns=400 * MS
                ),
                look(at=0, tokens=-3, time_to_full_ns=500 * MS),
                look(at=1, tokens=-3, time_to_full_ns=500 * MS - 1),
                take(1, at=0, expect="exhausted", retry_after_ns=400 * MS),
                take(1, at=399_999_999, expect="exhausted", retry_after_ns=1),
                take(1, at=400 * MS),
                force(1, at=400 * MS, reset_after_ns=300 * MS),
                take(2, at=700 * MS),
                look(at=700 * MS, tokens=0, total_admitted=4, total_refused=2),
            ],
        ),
        vector(
            "A debt that is too large is none",
            "Spillway",
            {"rate": 10.0, "burst": 2},
            [
                force(2**53 - 1, at=0, expect="exceeds_burst", remaining=2, retry_after_ns=NEVER),
                force(2**26, at=0),
                look(at=0, tokens=2 - 2**26),
                take(2, at=0, expect="exhausted", retry_after_ns=2**26 * 100 * MS),
            ],
            note="The most that can be owed is 36 years of the rate, or a little more.",
            origins=[0, TEN_YEARS],
        ),
        vector(
            "Who owes may still be given back",
            "folly, returnTokens",
            {"rate": 10.0, "burst": 2},
            [
                force(10, at=0),
                refund(7, at=0),
                look(at=0, tokens=-1),
                take(1, at=100 * MS, expect="exhausted", retry_after_ns=100 * MS),
                take(1, at=200 * MS),
            ],
        ),
    ]


def counted() -> list[Vector]:
    return [
        vector(
            "A dry run refuses nothing and counts what it would have refused",
            "nginx, limit_req_dry_run",
            {"rate": 10.0, "burst": 2, "dry_run": True},
            [
                take(2, at=0),
                take(1, at=0, remaining=0, reset_after_ns=200 * MS, retry_after_ns=0),
                take(3, at=0),
                up_to(3, at=0, expect=3),
                take(1, at=100 * MS),
                look(at=100 * MS, tokens=0, total_admitted=2, total_refused=0, total_dry_run=3),
            ],
        ),
        vector(
            "What is not counted is decided alike",
            "Spillway",
            {"rate": 10.0, "burst": 2, "counted": False},
            [
                take(2, at=0),
                take(1, at=0, expect="exhausted", retry_after_ns=100 * MS),
                look(at=0, tokens=0, total_admitted=0, total_refused=0),
            ],
        ),
        vector(
            "A call for nothing is no call",
            "throttled: a quantity of 0 looks",
            {"rate": 10.0, "burst": 2},
            [
                take(0, at=0, remaining=2, limit=2, reset_after_ns=0),
                take(2, at=0),
                take(0, at=0, remaining=0, reset_after_ns=200 * MS, retry_after_ns=0),
                up_to(0, at=0, expect=0),
                look(at=0, tokens=0, total_admitted=1, total_refused=0),
            ],
        ),
    ]
