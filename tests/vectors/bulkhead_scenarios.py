"""What the bulkhead must do, in words: a scenario a vector."""

from bulkhead_steps import acquire, change, enqueue, foreign, look, poll, settle, vector
from scenario import MS, Vector

ONE = {"max_concurrent": 1, "max_queue": 3}


def vectors() -> list[Vector]:
    return [*slots(), *queue(), *priorities(), *changes(), *misuses()]


def slots() -> list[Vector]:
    return [
        vector(
            "two slots",
            "resilience4j, SemaphoreBulkheadTest (scenario 27)",
            {"max_concurrent": 2},
            [
                acquire("a"),
                acquire("b"),
                acquire("c", "full"),
                look(in_flight=2, total_full=1),
                settle("a", at=5 * MS),
                settle("b", outcome="failure", at=5 * MS),
                acquire("d", at=4 * MS),
                look(in_flight=1, total_admitted=3, total_refused_normal=1),
            ],
        ),
        vector(
            "without a queue nobody joins it",
            "Polly, a concurrency limiter with QueueLimit 0",
            {"max_concurrent": 1},
            [
                enqueue("a", "admitted"),
                enqueue("b", "full", times=3),
                settle("a", outcome="ignored"),
                enqueue("b", "admitted"),
                look(in_flight=1, queued=0, total_full=3, total_queued=0),
            ],
        ),
        vector(
            "as many slots as there can be",
            "Spillway",
            {"max_concurrent": 65535, "max_queue": 32767},
            [
                acquire("a", times=65535),
                acquire("b", "full"),
                enqueue("first"),
                enqueue("c", times=32766),
                enqueue("d", "queue_full"),
                look(in_flight=65535, queued=32767),
                settle("a"),
                poll("first", "slot"),
                poll("c", "place"),
                look(in_flight=65535, queued=32766, total_admitted=65536),
            ],
        ),
        vector(
            "uncounted",
            "Spillway",
            {"max_concurrent": 1, "max_queue": 1, "counted": False},
            [
                acquire("a"),
                acquire("b", "full"),
                enqueue("b"),
                settle("b"),
                settle("b", "misused"),
                look(in_flight=1, total_admitted=0, total_full=0, total_queued=0, total_left=0),
                look(total_misused=1),
            ],
        ),
    ]


def queue() -> list[Vector]:
    return [
        vector(
            "first come, first served",
            "java.util.concurrent.Semaphore, fair",
            ONE,
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                enqueue("d"),
                enqueue("e", "queue_full"),
                poll("b", "place"),
                settle("a"),
                poll("d", "place"),
                poll("c", "place"),
                poll("b", "slot"),
                poll("b", "slot"),
                settle("b"),
                poll("d", "place"),
                poll("c", "slot"),
                settle("c"),
                settle("d"),
                look(in_flight=0, queued=0, total_admitted=4, total_queued=3, total_queue_full=1),
            ],
        ),
        vector(
            "a newcomer does not overtake",
            "CPython gh-90155: asyncio.Semaphore let newcomers pass those it had woken",
            ONE,
            [
                acquire("a"),
                enqueue("b"),
                settle("a"),
                acquire("c", "full"),
                acquire("c", "full", priority="critical"),
                enqueue("c", priority="critical"),
                poll("c", "place"),
                poll("b", "slot"),
            ],
        ),
        vector(
            "a waiter that gives up as it is granted a slot",
            "python/asyncio#270: a semaphore that wakes nobody when whom it woke is cancelled",
            ONE,
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                settle("a"),
                settle("b", outcome="ignored"),
                poll("c", "slot"),
                look(in_flight=1, queued=0, total_left=0, total_admitted=3),
                settle("c"),
                look(in_flight=0),
            ],
        ),
        vector(
            "a waiter that gives up before it is granted one",
            "resilience4j #263: slots lost with waiters that time out (scenario 27)",
            ONE,
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                enqueue("d"),
                settle("c"),
                look(queued=3, total_left=1),
                enqueue("e", "queue_full"),
                settle("b"),
                look(queued=1, in_flight=1, total_left=2),
                enqueue("e"),
                settle("a"),
                poll("d", "slot"),
                settle("d"),
                poll("e", "slot"),
                settle("e"),
                look(in_flight=0, queued=0, total_admitted=3, total_queued=4),
            ],
            note="A place that was left in the middle of the queue is taken until those before it "
            "are gone.",
        ),
        vector(
            "the whole queue gives up",
            "Spillway",
            ONE,
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                enqueue("d"),
                settle("d"),
                settle("c"),
                settle("b"),
                look(in_flight=1, queued=0, total_left=3),
                settle("a"),
                acquire("a"),
                look(in_flight=1),
            ],
        ),
    ]


def priorities() -> list[Vector]:
    shares = {"max_concurrent": 4, "max_queue": 2, "normal_share": 0.75, "sheddable_share": 0.25}
    return [
        vector(
            "lower priorities are refused first",
            "Spillway",
            shares,
            [
                acquire("a", priority="sheddable"),
                acquire("b", "shed", priority="sheddable"),
                acquire("b"),
                acquire("c"),
                acquire("d", "shed"),
                enqueue("d", "shed"),
                acquire("d", priority="critical"),
                acquire("e", "full"),
                enqueue("e", "full"),
                enqueue("e", "full", priority="sheddable"),
                enqueue("e", priority="critical"),
                settle("b"),
                poll("e", "slot"),
                settle("a"),
                acquire("a", "shed"),
                acquire("a", priority="critical"),
                look(total_shed=4, total_full=3, total_refused_normal=5),
                look(total_refused_sheddable=2, total_refused_critical=0),
            ],
            note="Only who may use every slot may wait for one: at the head of the queue a lower "
            "priority would keep the higher ones behind it from slots that it may not use.",
        ),
        vector(
            "normal and critical calls wait in one line",
            "Spillway",
            {"max_concurrent": 1, "max_queue": 2},
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c", priority="critical"),
                enqueue("d", "queue_full", priority="critical"),
                enqueue("d", "full", priority="sheddable"),
                settle("a"),
                poll("c", "place"),
                poll("b", "slot"),
            ],
        ),
        vector(
            "a share of a few slots",
            "Spillway",
            {"max_concurrent": 3, "normal_share": 0.3334, "sheddable_share": 0.3333},
            [
                acquire("a", priority="sheddable"),
                acquire("b", "shed", priority="sheddable"),
                acquire("b"),
                acquire("c", "shed"),
                look(in_flight=2),
            ],
            note="A third of three slots is one by 33.33 %, and two by 33.34 %: a call is admitted "
            "while less than its share is taken.",
        ),
        vector(
            "no share at all",
            "Spillway",
            {"max_concurrent": 2, "normal_share": 0.0, "sheddable_share": 0.0},
            [
                acquire("a", "shed"),
                acquire("a", "shed", priority="sheddable"),
                acquire("a", priority="critical"),
            ],
        ),
    ]


def changes() -> list[Vector]:
    return [
        vector(
            "more slots go to those who wait",
            "resilience4j #979: a bulkhead that is stuck after a change",
            {"max_concurrent": 1, "max_queue": 4},
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                enqueue("d"),
                enqueue("e"),
                settle("c"),
                change(max_concurrent=3),
                poll("b", "slot"),
                poll("d", "slot"),
                poll("e", "place"),
                look(in_flight=3, queued=1, max_concurrent=3),
            ],
        ),
        vector(
            "fewer slots let calls in flight end",
            "resilience4j, SemaphoreBulkheadTest (change of config)",
            {"max_concurrent": 3, "max_queue": 1},
            [
                acquire("a"),
                acquire("b"),
                acquire("c"),
                enqueue("d"),
                change(max_concurrent=1),
                look(in_flight=3, queued=1),
                settle("a"),
                settle("b"),
                poll("d", "place"),
                settle("c"),
                poll("d", "slot"),
                acquire("e", "full"),
            ],
        ),
        vector(
            "fewer places let those who wait stay",
            "Spillway",
            {"max_concurrent": 1, "max_queue": 2},
            [
                acquire("a"),
                enqueue("b"),
                enqueue("c"),
                change(max_queue=1),
                enqueue("d", "queue_full"),
                settle("a"),
                poll("b", "slot"),
                enqueue("d", "queue_full"),
                change(max_queue=0),
                enqueue("d", "full"),
                settle("b"),
                poll("c", "slot"),
                change("error", max_queue=3),
                change(max_queue=2),
                enqueue("d"),
            ],
        ),
        vector(
            "changes that are refused change nothing",
            "Spillway",
            {"max_concurrent": 2, "max_queue": 1},
            [
                change("error", max_concurrent=0),
                change("error", max_concurrent=65536),
                change("error", max_concurrent=5, max_queue=2),
                change("error", max_concurrent=5, normal_share=0.25),
                change("error", counted=False),
                change(normal_share=0.5, max_wait_ns=MS),
                acquire("a"),
                acquire("b", "shed"),
                look(max_concurrent=2, max_queue=1, in_flight=1),
            ],
        ),
    ]


def misuses() -> list[Vector]:
    return [
        vector(
            "a slot comes back once",
            "CPython, threading.Semaphore: one release too many is one slot too many",
            {"max_concurrent": 2, "max_queue": 1},
            [
                acquire("a"),
                acquire("b"),
                settle("a"),
                settle("a", "misused"),
                settle("a", "misused", outcome="failure"),
                look(in_flight=1, total_misused=2),
            ],
        ),
        vector(
            "permits that hold nothing here",
            "Spillway",
            {"max_concurrent": 1, "max_queue": 1},
            [
                acquire("a"),
                foreign("x"),
                settle("x", "misused"),
                poll("x", "nothing"),
                acquire("b", "full"),
                settle("b", "misused"),
                enqueue("c"),
                settle("c"),
                poll("c", "nothing"),
                look(in_flight=1, queued=0, total_misused=4),
            ],
        ),
    ]
