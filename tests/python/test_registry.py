"""The named policies of the process."""

from __future__ import annotations

import gc
import threading

import pytest
import spillway as sw


def test_the_registry_holds_named_breakers_weakly() -> None:
    assert list(sw.registry) == []
    breaker = sw.CircuitBreaker("payments")
    sw.CircuitBreaker()
    assert list(sw.registry) == [breaker]
    assert len(sw.registry) == 1
    assert repr(sw.registry) == "<Registry of [<CircuitBreaker 'payments' closed>]>"
    assert sw.registry.get(sw.CircuitBreaker, "payments") is breaker
    assert sw.registry.get(sw.CircuitBreaker, "other") is None
    del breaker
    gc.collect()
    assert list(sw.registry) == []
    sw.CircuitBreaker("payments")


def test_a_name_belongs_to_one_live_breaker() -> None:
    breaker = sw.CircuitBreaker("payments")
    message = r"name is 'payments'; it must differ from that of every live circuit breaker"
    with pytest.raises(ValueError, match=message):
        sw.CircuitBreaker("payments")
    assert sw.registry.get(sw.CircuitBreaker, "payments") is breaker


def test_each_kind_of_policy_has_names_of_its_own() -> None:
    breaker = sw.CircuitBreaker("payments")
    bucket = sw.TokenBucket("payments", rate=1.0)
    assert list(sw.registry) == [breaker, bucket]
    assert sw.registry.get(sw.TokenBucket, "payments") is bucket
    assert sw.registry.get(sw.CircuitBreaker, "payments") is breaker
    with pytest.raises(ValueError, match=r"differ from that of every live token bucket, and <Tok"):
        sw.TokenBucket("payments", rate=2.0)
    del bucket
    gc.collect()
    sw.TokenBucket("payments", rate=2.0)


def test_threads_race_for_a_name() -> None:
    made: list[sw.CircuitBreaker] = []
    refused: list[ValueError] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        try:
            made.append(sw.CircuitBreaker("payments"))
        except ValueError as error:
            refused.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 7)


def test_breakers_come_and_go_while_the_registry_is_read() -> None:
    first = sw.CircuitBreaker("first")
    second = sw.CircuitBreaker("second")
    reading = iter(sw.registry)
    assert next(reading) is first
    third = sw.CircuitBreaker("third")
    del second
    gc.collect()
    assert [breaker.name for breaker in reading] == []
    assert list(sw.registry) == [first, third]
