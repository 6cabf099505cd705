"""What needs a process of its own: the end of the interpreter, and forks."""

from __future__ import annotations

import subprocess
import sys
import textwrap

ENOUGH = 60.0  # seconds to wait for what must happen, before giving up


def run_python(code: str) -> str:
    """Runs code in a process of its own and returns what it wrote to stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=ENOUGH,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_last_events_are_delivered_at_exit() -> None:
    assert run_python("""
        import spillway as sw
        sw.on_event(lambda event: print(event.new))
        sw.CircuitBreaker("payments").force_open()
    """).splitlines() == ["payments: closed -> forced_open (manual)", "forced_open"]


def test_a_stuck_listener_does_not_keep_the_process() -> None:
    assert "forced_open" in run_python("""
        import threading
        import spillway as sw
        sw.on_event(lambda event: threading.Event().wait())
        sw.CircuitBreaker("payments").force_open()
    """)


# ---- fork


def test_a_forked_child_tells_its_own_events() -> None:
    assert (
        run_python("""
        import os, queue
        import spillway as sw
        heard = queue.SimpleQueue()
        sw.on_event(heard.put)
        breaker = sw.CircuitBreaker("payments")
        breaker.disable()
        assert heard.get(timeout=60).new == "disabled"
        child = os.fork()
        if child == 0:
            breaker.reset()
            assert heard.get(timeout=60).new == "closed"
            assert heard.empty()
            assert [event.sequence for event in sw.events()] == [1, 2]
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert breaker.state == "disabled"
        assert heard.empty()
    """)
        == ""
    )


def test_a_fork_in_the_middle_of_calls() -> None:
    """Threads make calls and change states while the main one forks; each side goes on alone."""
    assert (
        run_python("""
        import logging, os, threading
        import spillway as sw
        logging.getLogger("spillway").addHandler(logging.NullHandler())
        breaker = sw.CircuitBreaker("payments", window=sw.TimeWindow(3600), min_calls=10**7)
        work = breaker(lambda: None)
        stop = threading.Event()

        def use():
            while not stop.is_set():
                work()
                breaker.reset()

        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            with breaker.acquire():
                child = os.fork()
                if child == 0:
                    work()
            if child == 0:
                other = sw.CircuitBreaker("another")
                other.force_open()
                assert sw.events()[-1].policy == "another"
                breaker.reset()
                before = breaker.snapshot().total_successes
                work()
                assert breaker.snapshot().total_successes == before + 1
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
    """)
        == ""
    )


def test_a_forked_child_has_a_bucket_of_its_own() -> None:
    """It forks while another thread changes a policy, and can change its own nevertheless."""
    assert (
        run_python("""
        import logging, os, threading
        import spillway as sw
        from spillway import _policy
        logging.getLogger("spillway").addHandler(logging.NullHandler())
        bucket = sw.TokenBucket("api", rate=1e-10, burst=3)
        assert bucket.try_acquire()
        held, done = threading.Event(), threading.Event()

        def change():
            with _policy._reconfiguring:
                held.set()
                done.wait()

        thread = threading.Thread(target=change)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            assert [bool(bucket.try_acquire()) for _ in range(3)] == [True, True, False]
            bucket.reset()
            assert bucket.try_acquire(3)
            sw.CircuitBreaker("payments").force_open()
            assert [event.policy for event in sw.events()] == ["payments"]
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        done.set()
        thread.join()
        assert bucket.snapshot().tokens == 2
    """)
        == ""
    )


def test_a_forked_child_has_none_of_the_calls_in_flight() -> None:
    """A thread and a task wait and the main thread holds the slot; the child begins with nobody."""
    assert (
        run_python("""
        import asyncio, os, threading, time
        import spillway as sw
        bulkhead = sw.Bulkhead("reports", max_concurrent=1, max_queue=9, max_wait=60)
        limiter = sw.AdaptiveLimiter(initial_limit=1)
        untouched = sw.Bulkhead(max_concurrent=1)
        untouched.call(len, "")

        def wait():
            with bulkhead.acquire():
                pass

        async def wait_async():
            async with bulkhead.acquire():
                pass

        threads = [
            threading.Thread(target=wait),
            threading.Thread(target=lambda: asyncio.run(wait_async())),
        ]
        with bulkhead.acquire() as held, limiter.acquire() as call:
            for thread in threads:
                thread.start()
            while bulkhead.snapshot().queued < 2:
                time.sleep(0.001)
            child = os.fork()
            if child == 0:
                got = bulkhead.snapshot()
                assert (got.in_flight, got.queued) == (0, 0)
                assert limiter.snapshot().in_flight == 0
                assert untouched.snapshot().total_admitted == 1
                wait()
                asyncio.run(wait_async())
                with limiter.acquire():
                    assert not limiter.try_acquire()
                assert held.settle(sw.Outcome.SUCCESS) is False
                assert call.settle(sw.Outcome.SUCCESS) is False
                assert bulkhead.snapshot().in_flight == 0
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            assert bulkhead.snapshot().queued == 2
        for thread in threads:
            thread.join()
        got = bulkhead.snapshot()
        assert (got.in_flight, got.queued, got.total_admitted) == (0, 0, 3)
    """)
        == ""
    )


def test_the_interpreter_ends_while_somebody_waits() -> None:
    assert (
        run_python("""
        import asyncio, threading, time
        import spillway as sw
        bulkhead = sw.Bulkhead("reports", max_concurrent=1, max_queue=9, max_wait=3600)
        held = bulkhead.try_acquire()

        def wait():
            with bulkhead.acquire():
                pass

        async def wait_async():
            async with bulkhead.acquire():
                pass

        threading.Thread(target=wait, daemon=True).start()
        threading.Thread(target=lambda: asyncio.run(wait_async()), daemon=True).start()
        while bulkhead.snapshot().queued < 2:
            time.sleep(0.001)
        held.settle(sw.Outcome.SUCCESS)
        held = None
        with bulkhead.acquire():
            threading.Thread(target=wait, daemon=True).start()
            while bulkhead.snapshot().queued < 1:
                time.sleep(0.001)
    """)
        == ""
    )


def test_a_forked_child_has_limiters_of_its_own() -> None:
    assert (
        run_python("""
        import os
        import spillway as sw
        keyed = sw.KeyedLimiter("per_user", rate=1e-3, burst=3)
        sliding = sw.SlidingWindowLimiter("sign_in", limit=3, per=86400.0)
        leaky = sw.LeakyBucket("meter", rate=1e-3, capacity=3)
        multi = sw.MultiLimiter(leaky)

        def admitted():
            decisions = keyed.try_acquire("ann", 2), sliding.try_acquire(), multi.try_acquire(2)
            return [bool(decision) for decision in decisions]

        assert admitted() == [True, True, True]
        child = os.fork()
        if child == 0:
            assert admitted() == [False, True, False]
            for limiter in (keyed, sliding, multi):
                limiter.reset()
            assert admitted() == [True, True, True]
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert keyed.try_acquire("ann", 0).remaining == 1
        assert sliding.peek().remaining == 2
        assert leaky.snapshot().level == 2
    """)
        == ""
    )
