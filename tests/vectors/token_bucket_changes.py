"""Changes of rate and burst: what becomes of the tokens, the debts and the reservations."""

from scenario import MS, S, Step, Vector
from token_bucket_steps import (
    cancel,
    change,
    force,
    look,
    reserve,
    take,
    vector,
)

FIVE_A_SECOND = {"rate": 5.0, "burst": 2}
TEN = {"rate": 10.0, "burst": 10}


def vectors() -> list[Vector]:
    return [*outstanding(), *inherited()]


def outstanding() -> list[Vector]:
    owed = [reserve("A", 2, at=0), reserve("B", 2, at=0, delay_ns=400 * MS)]
    source = "golang.org/x/time/rate"
    return [
        vector(
            "x/time: what is owed is paid at the new rate",
            f"{source}, TestReserveSetLimit (scenario 5)",
            FIVE_A_SECOND,
            [
                *owed,
                change(at=200 * MS, rate=10.0),
                reserve("C", 1, at=200 * MS, delay_ns=200 * MS),
            ],
        ),
        vector(
            "x/time: a larger burst",
            f"{source}, TestReserveSetBurst (scenario 5)",
            FIVE_A_SECOND,
            [
                *owed,
                change(at=300 * MS, burst=4),
                look(at=300 * MS, tokens=-1, burst=4, time_to_full_ns=900 * MS),
                reserve("C", 4, at=300 * MS, delay_ns=900 * MS),
            ],
        ),
        vector(
            "x/time: a change that comes with an old time",
            f"{source}, TestReserveSetBurst pins 900 ms, which is too early (scenario 5)",
            FIVE_A_SECOND,
            [
                *owed,
                take(1, at=300 * MS, expect="exhausted"),
                change(at=0, burst=4),
                look(at=300 * MS, tokens=-1, burst=4, time_to_full_ns=900 * MS),
                reserve("C", 4, at=300 * MS, delay_ns=900 * MS),
            ],
        ),
        vector(
            "A reservation of before a change gives nothing back",
            "Spillway",
            FIVE_A_SECOND,
            [
                *owed,
                change(at=200 * MS, rate=10.0),
                cancel("B", at=200 * MS),
                look(at=200 * MS, tokens=-1, time_to_full_ns=300 * MS),
                reserve("C", 1, at=200 * MS, delay_ns=200 * MS),
                cancel("C", at=200 * MS),
                look(at=200 * MS, tokens=-1, time_to_full_ns=300 * MS),
                change(at=200 * MS, rate=5.0),
                cancel("A", at=200 * MS),
                look(at=200 * MS, tokens=-1, time_to_full_ns=600 * MS),
            ],
            note="What it is worth under other options cannot be told; too much would be a gift.",
        ),
        vector(
            "A change to what is already so leaves reservations alone",
            "Spillway",
            FIVE_A_SECOND,
            [
                *owed,
                change(at=100 * MS, rate=5.0, burst=2),
                cancel("B", at=100 * MS),
                look(at=100 * MS, tokens=0, time_to_full_ns=300 * MS),
            ],
        ),
        vector(
            "A bucket that nobody used can be changed",
            "Spillway",
            {"rate": 10.0, "burst": 5, "initial_tokens": 2},
            [
                change(at=1 * S, rate=20.0),
                look(at=1 * S, tokens=2, burst=5, time_to_full_ns=150 * MS),
                change(at=1 * S, burst=10),
                look(at=1 * S, tokens=2, burst=10, time_to_full_ns=400 * MS),
                take(3, at=1 * S + 50 * MS, remaining=0, limit=10),
            ],
        ),
        vector(
            "Many changes lose no part of a token",
            "Spillway",
            {"rate": 10.0, "burst": 4},
            [
                take(4, at=0),
                *(step for i in range(1, 9) for step in (
                    change(at=(20 * i - 10) * MS, rate=20.0),
                    change(at=20 * i * MS, rate=10.0),
                )),
                look(at=160 * MS, tokens=2, time_to_full_ns=160 * MS),
                take(2, at=160 * MS),
                take(1, at=160 * MS + 60 * MS - 1, expect="exhausted", retry_after_ns=1),
                take(1, at=160 * MS + 60 * MS),
            ],
        ),
    ]  # fmt: skip


def inherited() -> list[Vector]:
    def settings(name: str, inheritance: str, steps: list[Step]) -> Vector:
        return vector(name, f"bucket4j, TokensInheritanceStrategy {inheritance}", TEN, steps)

    return [
        settings(
            "The tokens stay as many, up to the new burst",
            "AS_IS",
            [
                take(3, at=0),
                change(at=0, burst=20),
                look(at=0, tokens=7, burst=20, time_to_full_ns=1300 * MS),
                change(at=0, burst=4),
                look(at=0, tokens=4, burst=4, time_to_full_ns=0),
                force(10, at=0),
                change(at=0, burst=2, rate=1.0),
                look(at=0, tokens=-6, burst=2, time_to_full_ns=8 * S),
            ],
        ),
        settings(
            "The bucket is full after a change",
            "RESET",
            [
                force(25, at=0),
                change(at=0, inheritance="reset", rate=1.0, burst=5),
                look(at=0, tokens=5, time_to_full_ns=0),
                take(5, at=0),
                change(at=0, inheritance="reset"),
                take(5, at=0),
                take(1, at=0, expect="exhausted", retry_after_ns=1 * S),
            ],
        ),
        settings(
            "The bucket is as full as before",
            "PROPORTIONALLY",
            [
                take(5, at=0),
                change(at=0, inheritance="proportional", burst=4),
                look(at=0, tokens=2, time_to_full_ns=200 * MS),
                change(at=0, inheritance="proportional", burst=100, rate=100.0),
                look(at=0, tokens=50, time_to_full_ns=500 * MS),
                force(150, at=0),
                change(at=0, inheritance="proportional", burst=10),
                look(at=0, tokens=-10, time_to_full_ns=200 * MS),
            ],
        ),
        settings(
            "What the burst gains or loses goes to the tokens",
            "ADDITIVE",
            [
                take(5, at=0),
                change(at=0, inheritance="additive", burst=15),
                look(at=0, tokens=10, time_to_full_ns=500 * MS),
                change(at=0, inheritance="additive", burst=8, rate=1.0),
                look(at=0, tokens=3, time_to_full_ns=5 * S),
                change(at=0, inheritance="additive", burst=2),
                look(at=0, tokens=-3, time_to_full_ns=5 * S),
            ],
        ),
    ]
