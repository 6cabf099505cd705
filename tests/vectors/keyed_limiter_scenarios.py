"""What the keyed limiter must do, in words: a scenario a vector."""

from keyed_limiter_steps import NEVER, change, forget, live, look, refund, take, vector
from scenario import MS, TEN_YEARS, S, Vector

# All keys in one set of eight cells, so that the table is full at eight.
SMALL = {"max_keys": 4}
MINUTE = 60 * S


def vectors() -> list[Vector]:
    return [*taking(), *peers(), *full_tables(), *clocks()]


def taking() -> list[Vector]:
    return [
        vector(
            "each key has tokens of its own",
            "Spillway",
            {"rate": 10.0, "burst": 2},
            [
                take(1, "a", at=0, remaining=1, limit=2, reset_after_ns=100 * MS),
                take(1, "a", at=0, remaining=0, reset_after_ns=200 * MS, next_after_ns=100 * MS),
                take(1, "a", at=0, expect="exhausted", retry_after_ns=100 * MS),
                take(2, "b", at=0, remaining=0),
                take(1, "", at=0),
                take(0, "c", at=0, remaining=2, reset_after_ns=0, next_after_ns=0),
                take(1, "a", at=100 * MS - 1, expect="exhausted"),
                take(1, "a", at=100 * MS),
                take(3, "a", at=S, expect="exceeds_burst", retry_after_ns=NEVER, remaining=2),
                take(-1, "a", at=S, expect="misuse"),
                look(total_admitted=5, total_refused=3, cells=131_072),
            ],
        ),
        vector(
            "a burst of three for each key",
            "golang.org/x/time/rate, TestLimiterBurst3 (scenario 1), for two keys in turn",
            {"rate": 10.0, "burst": 3},
            [
                step
                for key in ("foo", "bar")
                for step in (
                    take(2, key, at=0),
                    take(2, key, at=0, expect="exhausted", retry_after_ns=100 * MS),
                    take(1, key, at=0),
                    take(1, key, at=0, expect="exhausted", retry_after_ns=100 * MS),
                    take(4, key, at=100 * MS, expect="exceeds_burst", retry_after_ns=NEVER),
                    take(1, key, at=200 * MS),
                    take(1, key, at=300 * MS),
                    take(1, key, at=400 * MS, times=2),
                    take(1, key, at=400 * MS, expect="exhausted", retry_after_ns=100 * MS),
                    take(3, key, at=900 * MS),
                    take(0, key, at=900 * MS, remaining=0),
                )
            ],
        ),
        vector(
            "what was not used is given back, and a key can be forgotten",
            "Spillway",
            {"rate": 1.0, "burst": 5},
            [
                take(4, "a", at=0),
                refund(2, "a", at=0),
                take(0, "a", at=0, remaining=3),
                refund(100, "a", at=0),
                live(0, at=0),
                take(5, "a", at=0),
                take(5, "b", at=0),
                forget("a"),
                forget("nobody"),
                live(1, at=0),
                take(5, "a", at=0),
                take(1, "b", at=0, expect="exhausted", retry_after_ns=S),
                refund(1, "nobody", at=0),
                live(2, at=0),
            ],
        ),
        vector(
            "a dry run refuses nothing and counts",
            "nginx, limit_req_dry_run",
            {"rate": 1.0, "dry_run": True},
            [
                take(1, "a", at=0, times=3),
                take(2, "a", at=0),
                look(total_admitted=1, total_dry_run=3, total_refused=0),
                change(dry_run=False),
                take(1, "a", at=0, expect="exhausted", retry_after_ns=S),
                look(total_refused=1),
            ],
        ),
    ]


def peers() -> list[Vector]:
    return [
        vector(
            "governor: keys go when they are as good as new",
            "governor, keyed_dashmap.rs (scenario 10)",
            {"rate": 1.0},
            [
                take(1, "foo", at=0),
                take(1, "bar", at=200 * MS),
                take(1, "baz", at=800 * MS),
                live(3, at=800 * MS),
                live(3, at=999 * MS),
                live(2, at=1199 * MS),
                live(1, at=1200 * MS),
                live(0, at=1800 * MS),
            ],
            note="There a call removes them, one interval later: until somebody makes it the map "
            "grows. Here a key is gone by itself, at the moment at which it is full.",
        ),
        vector(
            "nginx: once a minute is once a minute",
            "nginx, limit_req: 1r/m is kept as 16 thousandths a second, 0.96 a minute",
            {"rate": 1 / 60},
            [
                take(1, "a", at=0, every=MINUTE, times=10_000),
                take(1, "a", at=10_000 * MINUTE - 15 * MS, expect="exhausted"),
                take(1, "a", at=10_000 * MINUTE),
            ],
            origins=[0, TEN_YEARS - TEN_YEARS % MINUTE],
        ),
        vector(
            "exact polling is always admitted",
            "scenario 22: a client at exactly its rate",
            {"rate": 3.0},
            [take(1, "a", at=0, every=333_333_334, times=10_000)],
            origins=[0, TEN_YEARS],
        ),
        vector(
            "throttled-py: spraying keys renews no limit",
            "throttled-py keeps 1024 keys and drops the least recently used one",
            {"rate": 0.001, "burst": 10, **SMALL},
            [
                take(10, "greedy", at=0),
                *(take(2, f"early-{i}", at=i * S) for i in range(7)),
                *(
                    step
                    for i in range(30)
                    for step in (
                        take(1, f"spray-{i}", at=(10 + i) * S),
                        take(1, "greedy", at=(10 + i) * S, expect="exhausted"),
                    )
                ),
                look(total_evicted=30, total_forgiven_tokens=31),
            ],
            note="Here the key that has taken least goes first.",
        ),
    ]


def _eight() -> list[dict[str, object]]:
    """Keys k1 to k8, each with one token taken more than the one before."""
    return [take(i + 1, f"k{i}", at=0) for i in range(1, 9)]


def full_tables() -> list[Vector]:
    options = {"rate": 1.0, "burst": 10, **SMALL}
    return [
        vector(
            "a full table forgets the key that has taken least",
            "Spillway",
            options,
            [
                *_eight(),
                live(8, at=0),
                look(cells=8),
                take(5, "late", at=0, remaining=5),
                look(total_evicted=1, total_forgiven_tokens=2),
                take(10, "k1", at=500 * MS),
                look(total_evicted=2, total_forgiven_tokens=5),
                take(2, "k8", at=500 * MS, expect="exhausted"),
                # k3 is free at 4 s, before it would have to be forgotten.
                take(1, "later", at=4 * S),
                look(total_evicted=2),
            ],
        ),
        vector(
            "a full table refuses until a cell is free",
            "Spillway",
            {**options, "when_full": "refuse"},
            [
                *_eight(),
                take(1, "late", at=0, expect="table_full", remaining=0, limit=10,
                     reset_after_ns=2 * S, retry_after_ns=2 * S, next_after_ns=2 * S),
                take(11, "late", at=0, expect="exceeds_burst", retry_after_ns=NEVER),
                take(0, "late", at=0, remaining=10),
                take(5, "k1", at=S),
                take(1, "late", at=3 * S - 1, expect="table_full", retry_after_ns=1),
                take(2, "late", at=3 * S),
                look(total_refused_without_cell=2, total_refused=1, total_evicted=0),
                change(dry_run=True),
                take(1, "later", at=3 * S),
                look(total_refused_without_cell=2, total_dry_run=1),
            ],
        ),
        vector(
            "a full table admits and remembers nothing",
            "Spillway",
            {**options, "when_full": "admit"},
            [
                *_eight(),
                take(10, "late", at=0, times=3, remaining=0),
                look(total_admitted_without_cell=3, total_admitted=8, total_evicted=0),
                change(when_full="evict"),
                take(10, "late", at=0),
                take(1, "late", at=0, expect="exhausted"),
                look(total_evicted=1),
            ],
        ),
    ]  # fmt: skip


def clocks() -> list[Vector]:
    return [
        vector(
            "x/time: stale timestamps mint tokens",
            "golang #71360, #23145, #65508 and others (scenario 6)",
            {"rate": 1.0, "burst": 2},
            [
                take(1, "a", at=10 * S),
                take(1, "a", at=0, remaining=0, reset_after_ns=12 * S),
                *(take(1, "a", at=at, expect="exhausted") for _ in range(20) for at in (0, 10 * S)),
                take(1, "a", at=11 * S),
            ],
            note="A late call is decided at the latest time: the second token is there then.",
            origins=[TEN_YEARS, 2**61 - 2**61 % S],
        ),
        vector(
            "a call that is very late is decided at the latest time",
            "Spillway",
            {"rate": 1000.0, "burst": 2},
            [
                take(2, "a", at=0),
                take(1, "b", at=3600 * S),
                take(2, "a", at=1),
                take(1, "a", at=1, expect="exhausted", retry_after_ns=3600 * S + MS - 1),
                take(1, "b", at=0, remaining=0),
                take(1, "b", at=3600 * S, expect="exhausted", retry_after_ns=MS),
                take(1, "a", at=3600 * S + MS),
            ],
            note="What a key had at a time that somebody has seen it may take, whoever comes late.",
        ),
        vector(
            "a time before 0 reads as 0",
            "Spillway",
            {"rate": 10.0},
            [
                take(1, "a", at=-5),
                take(1, "a", at=0, expect="exhausted", retry_after_ns=100 * MS),
            ],
            origins=[0],
        ),
        vector(
            "the end of time",
            "Spillway",
            {"rate": 10.0},
            [
                take(1, "a", at=S),
                take(1, "a", at=S, expect="exhausted", retry_after_ns=NEVER),
                take(0, "b", at=S, remaining=1),
            ],
            origins=[2**63 - 1 - S],
        ),
    ]
