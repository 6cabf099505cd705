"""The collector for prometheus_client: what it shows is what C and C++ show."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
import pytest
import spillway as sw
import spillway.prometheus
from breakers import SECOND
from prometheus_client.parser import text_string_to_metric_families
from spillway._schema import METRICS

EXPECTED = Path(__file__).parents[1] / "support" / "metrics.txt"
NOW = 13 * SECOND // 4


def calls(
    breaker: sw.CircuitBreaker, count: int, outcome: sw.Outcome, start: int, end: int
) -> None:
    for _ in range(count):
        permit = breaker.try_acquire(now_ns=start)
        assert permit
        permit.settle(outcome, now_ns=end)


@contextlib.contextmanager
def scenario() -> Iterator[None]:
    """The breakers of tests/support/metrics_scenario.h, which says what they show."""
    success, failure = sw.Outcome.SUCCESS, sw.Outcome.FAILURE
    closed = sw.CircuitBreaker(
        "payments", window=sw.TimeWindow(2.0), min_calls=3, slow_call=0.5, jitter=0.0
    )
    calls(closed, 5, success, 0, 0)
    calls(closed, 4, success, 3 * SECOND, 3 * SECOND)
    calls(closed, 3, success, 2 * SECOND, 3 * SECOND)
    calls(closed, 2, failure, 3 * SECOND, 3 * SECOND)
    calls(closed, 1, failure, 2 * SECOND, 3 * SECOND)
    calls(closed, 1, sw.Outcome.IGNORED, 3 * SECOND, 3 * SECOND)

    opened = sw.CircuitBreaker('a "b" \\ c\nd é', window=sw.Consecutive(1), jitter=0.0)
    last = opened.try_acquire(now_ns=SECOND)
    assert isinstance(last, sw.Permit)
    assert last.settle(failure, now_ns=SECOND)
    assert not any(last.settle(success, now_ns=SECOND) for _ in range(2))
    assert not opened.try_acquire(now_ns=SECOND)

    forced_open = sw.CircuitBreaker("search")
    forced_open.force_open(now_ns=0)

    half_open = sw.CircuitBreaker(
        "stock",
        failure_rate=0.4,
        min_calls=1,
        open_for=1.0,
        jitter=0.0,
        probes=5,
        probes_in_flight=5,
    )
    late = [half_open.try_acquire(now_ns=0) for _ in range(3)]
    calls(half_open, 1, failure, 0, 0)
    for permit in late:
        assert isinstance(permit, sw.Permit)
        permit.settle(success, now_ns=0)
    running = half_open.try_acquire(now_ns=SECOND)
    assert isinstance(running, sw.Permit)
    calls(half_open, 1, success, SECOND, SECOND)
    calls(half_open, 1, failure, SECOND, SECOND)
    calls(half_open, 2, success, SECOND, NOW)
    yield
    running.settle(sw.Outcome.IGNORED, now_ns=NOW)


def new_registry() -> prometheus_client.CollectorRegistry:
    registry = prometheus_client.CollectorRegistry()
    registry.register(spillway.prometheus.Collector())
    return registry


Samples = list[tuple[str, list[tuple[str, str]], float]]


def parsed(text: str) -> list[tuple[str, str, str, Samples]]:
    """Each family with its samples in one order."""
    return [
        (
            family.name,
            family.type,
            family.documentation,
            sorted((s.name, sorted(s.labels.items()), s.value) for s in family.samples),
        )
        for family in text_string_to_metric_families(text)
    ]


def test_a_scrape_shows_what_c_and_cpp_show() -> None:
    with sw.testing.virtual_time() as time, scenario():
        time.advance(NOW / SECOND)
        text = prometheus_client.generate_latest(new_registry()).decode()
    expected = parsed(EXPECTED.read_text(encoding="utf-8"))
    assert len(expected) == 12
    assert parsed(text) == expected


def test_the_families_are_those_of_the_table() -> None:
    collector = spillway.prometheus.Collector()
    with sw.testing.virtual_time() as time, scenario():
        time.advance(NOW / SECOND)
        # One of each other kind: the name is free.
        others = [
            sw.AdaptiveLimiter("payments"),
            sw.Bulkhead("payments"),
            sw.ClientThrottle("payments"),
            sw.KeyedLimiter("payments", rate=1.0, max_keys=100),
            sw.LeakyBucket("payments", rate=1.0, capacity=1),
            sw.MultiLimiter(sw.TokenBucket(rate=1.0), name="payments"),
            sw.SlidingWindowLimiter("payments", limit=1, per=1.0),
            sw.TokenBucket("payments", rate=1.0),
        ]
        assert len(others) + 1 == len(METRICS)
        shown = [(m.name, m.type, m.documentation) for m in collector.collect()]
    assert shown == [(m.name, m.type, m.documentation) for m in collector.describe()]
    assert all(not metric.samples for metric in collector.describe())


def test_only_named_policies_are_shown() -> None:
    named = sw.CircuitBreaker("payments")
    unnamed = sw.CircuitBreaker()
    states = next(iter(spillway.prometheus.Collector().collect()))
    assert {sample.labels["name"] for sample in states.samples} == {"payments"}
    assert (named.name, unnamed.name) == ("payments", None)


def test_nothing_is_shown_of_no_policies() -> None:
    assert prometheus_client.generate_latest(new_registry()) == b""


def test_a_registry_takes_one_collector() -> None:
    registry = new_registry()
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(spillway.prometheus.Collector())


def test_a_policy_may_die_during_a_scrape() -> None:
    breaker = sw.CircuitBreaker("payments")
    scrape = spillway.prometheus.Collector().collect()
    assert next(scrape).samples
    del breaker
    gc.collect()
    assert list(sw.registry) == [], "the scrape holds it alive"
    assert all(metric.samples for metric in scrape)
    assert list(spillway.prometheus.Collector().collect()) == []


def test_policies_come_and_go_while_they_are_scraped() -> None:
    steady = sw.CircuitBreaker("steady")
    registry = new_registry()
    stop = threading.Event()
    made = threading.Event()

    def make() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            sw.CircuitBreaker(f"passing {number}")
            made.set()

    thread = threading.Thread(target=make)
    thread.start()
    assert made.wait(60)
    try:
        for _ in range(50):
            assert b'name="steady"' in prometheus_client.generate_latest(registry)
    finally:
        stop.set()
        thread.join()
    assert steady.name == "steady"


def test_a_token_bucket_is_shown() -> None:
    with sw.testing.virtual_time() as time:
        bucket = sw.TokenBucket("api", rate=2.0, burst=5)
        trial = sw.TokenBucket("trial", rate=1.0, dry_run=True)
        assert [bool(bucket.try_acquire(n)) for n in (3, 3, 2, 1)] == [True, False, True, False]
        bucket.force_acquire(2)
        assert all(trial.try_acquire() for _ in range(3))
        time.advance(0.25)
        lines = prometheus_client.generate_latest(new_registry()).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'spillway_token_bucket_calls_total{decision="admitted",name="api"} 3.0',
        'spillway_token_bucket_calls_total{decision="refused",name="api"} 2.0',
        'spillway_token_bucket_calls_total{decision="dry_run",name="api"} 0.0',
        'spillway_token_bucket_calls_total{decision="admitted",name="trial"} 1.0',
        'spillway_token_bucket_calls_total{decision="refused",name="trial"} 0.0',
        'spillway_token_bucket_calls_total{decision="dry_run",name="trial"} 2.0',
        'spillway_token_bucket_tokens{name="api"} -2.0',
        'spillway_token_bucket_tokens{name="trial"} 0.0',
        'spillway_token_bucket_burst{name="api"} 5.0',
        'spillway_token_bucket_burst{name="trial"} 1.0',
        'spillway_token_bucket_time_to_full_seconds{name="api"} 3.25',
        'spillway_token_bucket_time_to_full_seconds{name="trial"} 0.75',
    ]


def shown() -> list[str]:
    text = prometheus_client.generate_latest(new_registry()).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_leaky_bucket_is_shown() -> None:
    with sw.testing.virtual_time() as time:
        bucket = sw.LeakyBucket("shaper", rate=2.0, capacity=5)
        assert [bool(bucket.try_acquire(n)) for n in (3, 3, 2)] == [True, False, True]
        time.advance(0.25)
        lines = shown()
    assert lines == [
        'spillway_leaky_bucket_calls_total{decision="admitted",name="shaper"} 2.0',
        'spillway_leaky_bucket_calls_total{decision="refused",name="shaper"} 1.0',
        'spillway_leaky_bucket_calls_total{decision="dry_run",name="shaper"} 0.0',
        'spillway_leaky_bucket_level{name="shaper"} 5.0',
        'spillway_leaky_bucket_capacity{name="shaper"} 5.0',
        'spillway_leaky_bucket_time_to_empty_seconds{name="shaper"} 2.25',
    ]


def test_a_sliding_window_limiter_is_shown() -> None:
    with sw.testing.virtual_time() as time:
        limiter = sw.SlidingWindowLimiter("sign_in", limit=2, per=60.0)
        assert [bool(limiter.try_acquire()) for _ in range(3)] == [True, True, False]
        time.advance(15)
        lines = shown()
    assert lines == [
        'spillway_sliding_window_limiter_calls_total{decision="admitted",name="sign_in"} 2.0',
        'spillway_sliding_window_limiter_calls_total{decision="refused",name="sign_in"} 1.0',
        'spillway_sliding_window_limiter_calls_total{decision="dry_run",name="sign_in"} 0.0',
        'spillway_sliding_window_limiter_in_window{name="sign_in"} 2.0',
        'spillway_sliding_window_limiter_limit{name="sign_in"} 2.0',
        'spillway_sliding_window_limiter_time_to_empty_seconds{name="sign_in"} 45.0',
    ]


def test_a_keyed_limiter_and_a_multi_limiter_are_shown() -> None:
    with sw.testing.virtual_time():
        keyed = sw.KeyedLimiter("per_user", rate=1.0, max_keys=4, when_full="refuse")
        assert [bool(keyed.try_acquire("ann", n)) for n in (1, 1, 2)] == [True, False, False]
        multi = sw.MultiLimiter(sw.TokenBucket(rate=1.0, burst=2), name="both")
        assert [bool(multi.try_acquire(2)) for _ in range(2)] == [True, False]
        lines = shown()
    calls = "spillway_keyed_limiter_calls_total"
    assert lines == [
        f'{calls}{{decision="admitted",name="per_user"}} 1.0',
        f'{calls}{{decision="refused",name="per_user"}} 2.0',
        f'{calls}{{decision="dry_run",name="per_user"}} 0.0',
        f'{calls}{{decision="admitted_without_cell",name="per_user"}} 0.0',
        f'{calls}{{decision="refused_without_cell",name="per_user"}} 0.0',
        'spillway_keyed_limiter_evictions_total{name="per_user"} 0.0',
        'spillway_keyed_limiter_forgiven_tokens_total{name="per_user"} 0.0',
        'spillway_keyed_limiter_cells{name="per_user"} 8.0',
        'spillway_multi_limiter_calls_total{decision="admitted",name="both"} 1.0',
        'spillway_multi_limiter_calls_total{decision="refused",name="both"} 1.0',
        'spillway_multi_limiter_calls_total{decision="dry_run",name="both"} 0.0',
        'spillway_multi_limiter_given_back_total{name="both"} 0.0',
    ]


def test_a_name_that_is_no_utf8_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        sw.CircuitBreaker("\ud800")


def test_without_prometheus_client_the_import_says_what_to_install() -> None:
    program = (
        "import sys, spillway; assert 'prometheus_client' not in sys.modules;"
        "sys.modules['prometheus_client'] = None; import spillway.prometheus"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 1
    assert "pip install 'spillway[prometheus]'" in run.stderr
