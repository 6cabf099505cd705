"""Reservations: when they may be used, when they are refused, and what a cancel gives back."""

from scenario import MS, S, Vector
from token_bucket_steps import NEVER, cancel, look, refund, reserve, take, up_to, vector

TEN_A_SECOND = {"rate": 10.0, "burst": 2}


def vectors() -> list[Vector]:
    return [*waits(), *cancels(), *queues()]


def waits() -> list[Vector]:
    return [
        vector(
            "x/time: reservations one after the other",
            "golang.org/x/time/rate, TestSimpleReserve (scenario 2)",
            TEN_A_SECOND,
            [
                reserve("A", 2, at=0),
                reserve("B", 2, at=0, delay_ns=200 * MS),
                reserve("C", 2, at=300 * MS, delay_ns=100 * MS),
                take(1, at=300 * MS, expect="exhausted", retry_after_ns=200 * MS),
                look(at=300 * MS, tokens=-1, total_admitted=3, total_refused=1),
            ],
        ),
        vector(
            "x/time: reservations that may not wait long",
            "golang.org/x/time/rate, TestReserveMax (scenario 2)",
            TEN_A_SECOND,
            [
                reserve("A", 2, at=0, max_wait_ns=100 * MS),
                reserve("B", 1, at=0, max_wait_ns=100 * MS, delay_ns=100 * MS),
                reserve("C", 1, at=0, max_wait_ns=100 * MS, expect="exceeds_wait"),
                reserve("C", 1, at=0, max_wait_ns=200 * MS - 1, expect="exceeds_wait"),
                look(at=0, tokens=-1, time_to_full_ns=300 * MS, total_refused=2),
                reserve("C", 1, at=0, max_wait_ns=200 * MS, delay_ns=200 * MS),
                reserve("D", 1, at=0, max_wait_ns=0, expect="exhausted"),
                reserve("D", 3, at=0, expect="exceeds_burst"),
            ],
        ),
        vector(
            "bucket4j: a wait to the nanosecond",
            "bucket4j, BlockingTryConsumeSpecification (scenario 13)",
            {"rate": 1e8, "burst": 10, "initial_tokens": 1},
            [
                reserve("A", 5, at=0, max_wait_ns=39, expect="exceeds_wait"),
                look(at=0, tokens=1, time_to_full_ns=90),
                reserve("A", 5, at=0, max_wait_ns=40, delay_ns=40),
                look(at=0, tokens=-4, time_to_full_ns=140),
                reserve("B", 1000, at=0, expect="exceeds_burst"),
            ],
            note="bucket4j lets 1000 wait 9990 ns; ours never makes more than burst wait as one.",
        ),
        vector(
            "A reservation for nothing waits until nothing is owed",
            "Spillway",
            TEN_A_SECOND,
            [
                reserve("A", 0, at=0),
                reserve("B", 2, at=0),
                reserve("C", 2, at=0, delay_ns=200 * MS),
                reserve("D", 0, at=0, delay_ns=200 * MS),
                reserve("E", 0, at=0, max_wait_ns=100 * MS, expect="exceeds_wait"),
                look(at=0, tokens=-2),
            ],
        ),
        vector(
            "A dry run lets reservations through at once",
            "Spillway",
            TEN_A_SECOND | {"dry_run": True},
            [
                reserve("A", 2, at=0),
                reserve("B", 2, at=0, max_wait_ns=0),
                reserve("C", 3, at=0),
                look(at=0, tokens=0, total_admitted=1, total_refused=0, total_dry_run=2),
                cancel("B", at=0),
                cancel("C", at=0),
                look(at=0, tokens=0),
            ],
        ),
    ]


def cancels() -> list[Vector]:
    source = "golang.org/x/time/rate"
    owed = [reserve("first", 2, at=0), reserve("A", 2, at=0, delay_ns=200 * MS)]
    return [
        vector(
            "x/time: the last reservation is cancelled in time",
            f"{source}, TestCancelLast (scenario 3)",
            TEN_A_SECOND,
            [*owed, cancel("A", at=100 * MS), reserve("B", 2, at=100 * MS, delay_ns=100 * MS)],
        ),
        vector(
            "x/time: a reservation is cancelled after its time",
            f"{source}, TestCancelTooLate (scenario 3)",
            TEN_A_SECOND,
            [
                *owed,
                cancel("A", at=300 * MS),
                look(at=300 * MS, tokens=2, time_to_full_ns=0),
                reserve("B", 2, at=300 * MS),
            ],
            note="x/time gives nothing back, and B waits 100 ms. Ours gives back what would not"
            " have flowed in by itself: one token of the two.",
        ),
        vector(
            "A reservation is cancelled when it is worth nothing",
            "Spillway",
            TEN_A_SECOND,
            [
                *owed,
                cancel("A", at=400 * MS),
                reserve("B", 2, at=400 * MS),
                reserve("C", 1, at=400 * MS, delay_ns=100 * MS),
            ],
        ),
        vector(
            "x/time: a reservation is cancelled that another came after",
            f"{source}, TestCancel1Token (scenario 4)",
            TEN_A_SECOND,
            [
                *owed,
                reserve("B", 1, at=0, delay_ns=300 * MS),
                cancel("A", at=200 * MS),
                reserve("C", 2, at=200 * MS, delay_ns=100 * MS),
                look(at=200 * MS, tokens=-1, time_to_full_ns=300 * MS),
            ],
            note="x/time takes from the two what was reserved after them, and C waits 200 ms"
            " (golang #56924, #69419). Ours gives both back: B has its time, and C acts then too.",
        ),
        vector(
            "A cancel in between makes no more than the rate",
            "Spillway",
            TEN_A_SECOND,
            [
                *owed,
                reserve("B", 2, at=0, delay_ns=400 * MS),
                cancel("A", at=350 * MS),
                look(at=350 * MS, tokens=0, time_to_full_ns=200 * MS),
                up_to(2, at=350 * MS, expect=0),
                up_to(2, at=400 * MS, expect=0),
                up_to(2, at=450 * MS, expect=1),
            ],
            note="By 450 ms, 5 of 6.5 are taken: what A was worth at 350 ms was half a token.",
        ),
        vector(
            "A reservation that could not be made gives nothing back",
            "Spillway",
            TEN_A_SECOND,
            [
                reserve("first", 2, at=0),
                reserve("A", 2, at=0, max_wait_ns=0, expect="exhausted"),
                reserve("B", 3, at=0, expect="exceeds_burst"),
                cancel("A", at=0),
                cancel("B", at=0),
                look(at=0, tokens=0, time_to_full_ns=200 * MS),
            ],
        ),
        vector(
            "A cancel never overfills",
            "Spillway",
            TEN_A_SECOND,
            [
                *owed,
                refund(3, at=0),
                cancel("A", at=0),
                look(at=0, tokens=2, time_to_full_ns=0),
                take(2, at=0),
                take(1, at=0, expect="exhausted"),
            ],
        ),
    ]


def queues() -> list[Vector]:
    return [
        vector(
            "Who reserved first acts first",
            "aiolimiter serves five calls for one before the one for five (scenario 21)",
            {"rate": 10.0, "burst": 5},
            [
                take(5, at=0),
                reserve("five", 5, at=0, delay_ns=500 * MS),
                *(reserve(f"late {i}", 1, at=0, delay_ns=(500 + i * 100) * MS)
                  for i in range(1, 6)),
                take(1, at=400 * MS, expect="exhausted", retry_after_ns=700 * MS),
                cancel("five", at=400 * MS),
                take(1, at=400 * MS, expect="exhausted", retry_after_ns=200 * MS),
                reserve("last", 1, at=400 * MS, delay_ns=200 * MS),
            ],
            note="Those who wait keep their times; what comes back is for whoever asks next.",
        ),
        vector(
            "nginx: a burst that waits",
            "nginx, ngx_http_limit_req_module with burst=5 (scenario 20)",
            {"rate": 10.0, "burst": 1},
            [
                *(reserve(f"hit {i}", 1, at=0, max_wait_ns=500 * MS, delay_ns=i * 100 * MS)
                  for i in range(6)),
                reserve("seventh", 1, at=0, max_wait_ns=500 * MS, expect="exceeds_wait"),
            ],
        ),
        vector(
            "nginx: a burst of which some do not wait",
            "nginx, ngx_http_limit_req_module with burst=5 delay=3 (scenario 20)",
            {"rate": 10.0, "burst": 4},
            [
                *(reserve(f"hit {i}", 1, at=0, max_wait_ns=200 * MS,
                          delay_ns=max(i - 3, 0) * 100 * MS) for i in range(6)),
                reserve("seventh", 1, at=0, max_wait_ns=200 * MS, expect="exceeds_wait"),
            ],
        ),
        vector(
            "A wait that would outlast the century is refused to who may not wait",
            "golang.org/x/time/rate with a rate of 0 lets wait for 292 years",
            {"rate": 1e-10},
            [
                reserve("A", 1, at=0),
                reserve("B", 1, at=0, max_wait_ns=3600 * S, expect="exceeds_wait"),
                take(1, at=0, expect="exhausted", remaining=0, retry_after_ns=NEVER),
                look(at=0, tokens=0, total_admitted=1, total_refused=2),
            ],
        ),
    ]  # fmt: skip
