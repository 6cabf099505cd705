"""State changes of named breakers: the history, the log, the listeners, the registry."""

from __future__ import annotations

import gc
import logging
import queue
import threading
import weakref
from typing import Any

import pytest
import spillway as sw
from spillway import _events

ENOUGH = 60.0  # seconds to wait for what must happen, before giving up


def changes(events: list[sw.Event]) -> list[tuple[str | None, str, str, str]]:
    return [(one.policy, one.old, one.new, one.reason) for one in events]


@pytest.fixture
def heard() -> Any:
    """What a listener gets, as a queue."""
    found: queue.SimpleQueue[sw.Event] = queue.SimpleQueue()
    unsubscribe = sw.on_event(found.put)
    yield found
    unsubscribe()


# ---- history


def test_events_of_all_named_breakers_are_numbered() -> None:
    one, other = sw.CircuitBreaker("one"), sw.CircuitBreaker("other")
    unnamed = sw.CircuitBreaker()
    one.force_open()
    assert changes(sw.events()) == [("one", "closed", "forced_open", "manual")]
    other.disable()
    unnamed.disable()
    one.reset()
    events = sw.events()
    assert changes(events) == [
        ("one", "closed", "forced_open", "manual"),
        ("other", "closed", "disabled", "manual"),
        ("one", "forced_open", "closed", "reset"),
    ]
    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.generation for event in events] == [1, 1, 2]
    assert sw.events(since=2) == events[2:]
    assert sw.events(since=3) == []
    assert sw.events_lost() == 0


def test_an_event_says_what_happened(tripped: sw.CircuitBreaker) -> None:
    breaker = sw.CircuitBreaker("payments", window=sw.KOfN(1, 4))
    for outcome in (sw.Outcome.SUCCESS, sw.Outcome.FAILURE):
        permit = breaker.try_acquire(now_ns=7)
        assert permit
        permit.settle(outcome, now_ns=7)
    (event,) = sw.events()
    assert event == sw.Event(
        sequence=1,
        policy="payments",
        generation=1,
        time_ns=7,
        old=sw.State.CLOSED,
        new=sw.State.OPEN,
        reason=sw.CircuitBreakerEventReason.FAILURE_RATE,
        rate=0.5,
    )
    with pytest.raises(AttributeError):
        event.rate = 1.0  # type: ignore[misc]


def test_a_breaker_keeps_its_own_events() -> None:
    breaker = sw.CircuitBreaker()
    for _ in range(10):
        breaker.reset()
    events = breaker.events()
    assert [event.sequence for event in events] == list(range(3, 11))  # the last 8
    assert breaker.events(since=9) == events[-1:]
    assert breaker.events(since=breaker.generation) == []
    for bad in (-1, 2**20):
        with pytest.raises(ValueError, match=rf"since is {bad}; it must be a generation"):
            breaker.events(since=bad)


def test_what_was_overwritten_before_it_was_read_is_counted() -> None:
    breaker = sw.CircuitBreaker("payments")
    for _ in range(11):
        breaker._core.reset()  # without a word to the dispatcher, as when it is far behind
    assert sw.events() == []
    breaker._notice()
    assert [event.generation for event in sw.events()] == list(range(4, 12))
    assert sw.events_lost() == 3


def test_what_was_pushed_out_is_a_gap() -> None:
    breaker = sw.CircuitBreaker("payments")
    for _ in range(_events.HISTORY + 5):
        breaker.reset()
        sw.events(since=_events.HISTORY * 2)
    events = sw.events()
    assert len(events) == _events.HISTORY
    assert events[0].sequence == 6


# ---- the log


def test_the_log_warns_of_openings(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "spillway"), sw.testing.virtual_time() as time:
        breaker = sw.CircuitBreaker("payments", window=sw.Consecutive(1), jitter=0.0)
        permit = breaker.try_acquire()
        assert permit
        permit.settle(sw.Outcome.FAILURE)
        time.advance(5)
        with breaker.acquire():
            pass
        breaker.force_open()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "payments: closed -> open (failure_rate, 100.00% of the calls)"),
        ("INFO", "payments: open -> half_open (open_elapsed)"),
        ("INFO", "payments: half_open -> closed (probes_passed)"),
        ("WARNING", "payments: closed -> forced_open (manual)"),
    ]
    assert {record.name for record in caplog.records} == {"spillway"}


# ---- listeners


def test_listeners_hear_in_order_from_one_daemon_thread(heard: Any) -> None:
    threads: list[threading.Thread] = []
    sw.on_event(lambda _: threads.append(threading.current_thread()))
    breaker = sw.CircuitBreaker("payments")
    for number in range(20):
        (breaker.force_open if number % 2 else breaker.disable)()
        assert heard.get(timeout=ENOUGH).sequence == number + 1
    assert len(set(threads)) == 1
    assert threads[0].name == "spillway-events"
    assert threads[0].daemon
    assert threads[0] is not threading.current_thread()


def test_a_call_that_changes_the_state_is_heard(heard: Any) -> None:
    breaker = sw.CircuitBreaker("payments", window=sw.Consecutive(1), open_for=0.001, jitter=0.0)

    @breaker
    def work(error: Exception | None = None) -> None:
        if error is not None:
            raise error

    with pytest.raises(ValueError, match="bad"):
        work(ValueError("bad"))
    assert heard.get(timeout=ENOUGH).new == "open"
    for _ in range(1_000_000):
        try:
            with breaker.acquire():
                assert heard.get(timeout=ENOUGH).new == "half_open"  # before the probe is done
            break
        except sw.CircuitOpen:
            pass
    assert heard.get(timeout=ENOUGH).new == "closed"


def test_unsubscribing_ends_it(heard: Any) -> None:
    got: list[sw.Event] = []
    unsubscribe = sw.on_event(got.append)
    again = sw.on_event(got.append)  # the same function twice is two subscriptions
    breaker = sw.CircuitBreaker("payments")
    unsubscribe()
    unsubscribe()
    breaker.force_open()
    heard.get(timeout=ENOUGH)
    breaker.reset()
    heard.get(timeout=ENOUGH)
    again()
    breaker.force_open()
    heard.get(timeout=ENOUGH)
    breaker.reset()
    heard.get(timeout=ENOUGH)
    assert [event.new for event in got] == ["forced_open", "closed"]


def test_a_listener_that_raises_hurts_nobody(caplog: pytest.LogCaptureFixture, heard: Any) -> None:
    def raising(event: sw.Event) -> None:
        raise SystemExit("listener")

    first = sw.on_event(raising)
    after: queue.SimpleQueue[sw.Event] = queue.SimpleQueue()
    second = sw.on_event(after.put)
    breaker = sw.CircuitBreaker("payments")
    with caplog.at_level(logging.ERROR, "spillway"):
        for _ in range(3):
            breaker.reset()
            assert heard.get(timeout=ENOUGH) == after.get(timeout=ENOUGH)
    first()
    second()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
    assert "a listener failed" in caplog.text
    assert "SystemExit: listener" in caplog.text


def test_a_slow_listener_holds_up_no_call_and_what_it_misses_is_counted(heard: Any) -> None:
    go_on, entered = threading.Event(), threading.Event()

    def slow(event: sw.Event) -> None:
        entered.set()
        assert go_on.wait(ENOUGH)

    unsubscribe = sw.on_event(slow)
    breaker = sw.CircuitBreaker("payments")
    breaker.reset()
    assert entered.wait(ENOUGH)
    resets = _events.HISTORY + 10
    for _ in range(resets):  # these would wait for ever if they waited at all
        breaker.reset()
        assert sw.events()[-1].generation == breaker.generation
    go_on.set()
    got = [heard.get(timeout=ENOUGH).sequence for _ in range(_events.HISTORY + 1)]
    unsubscribe()
    assert got == [1, *range(12, resets + 2)]
    assert sw.events_lost() == 10


def test_a_listener_may_use_the_breaker(heard: Any) -> None:
    breaker = sw.CircuitBreaker("payments")

    def reset(event: sw.Event) -> None:
        if event.new == "forced_open":
            breaker.reset()

    unsubscribe = sw.on_event(reset)
    breaker.force_open()
    assert heard.get(timeout=ENOUGH).new == "forced_open"
    assert heard.get(timeout=ENOUGH).new == "closed"
    unsubscribe()


def test_a_listener_is_callable() -> None:
    with pytest.raises(TypeError, match="3 cannot listen: it is not callable"):
        sw.on_event(3)  # type: ignore[arg-type]


def test_the_dispatcher_keeps_no_breaker_alive(heard: Any) -> None:
    breaker = sw.CircuitBreaker("payments")
    breaker.reset()
    heard.get(timeout=ENOUGH)
    found = weakref.ref(breaker)
    del breaker
    gc.collect()
    assert found() is None
