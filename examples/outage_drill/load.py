"""Open-loop load: every arrival has its start time before the drill begins.

A slow service does not slow the arrivals down, and a latency counts from the intended start, so
neither a stalled service nor a busy load generator can hide waiting time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from schedule import BROWSE, BROWSE_RATE, GOOD_WITHIN, PATIENCE, PAY, PAY_RATE

NO_ANSWER = 0  # the status of a request that got no answer within PATIENCE
REFUSED = 503  # only the breaker's refusal makes the service answer this


@dataclass(frozen=True)
class Arrival:
    number: int
    at: float  # intended start, seconds of the drill
    route: str


@dataclass(frozen=True)
class Result:
    arrival: Arrival
    status: int
    latency: float  # seconds from the intended start; PATIENCE if there was no answer

    @property
    def is_good(self) -> bool:
        return self.status == 200 and self.latency <= GOOD_WITHIN


def make_arrivals(seed: int, seconds: float) -> list[Arrival]:
    """Poisson arrivals on both routes, the same for the same seed."""
    source = random.Random(seed)
    rate = BROWSE_RATE + PAY_RATE
    arrivals: list[Arrival] = []
    at = source.expovariate(rate)
    while at < seconds:
        route = BROWSE if source.random() < BROWSE_RATE / rate else PAY
        arrivals.append(Arrival(len(arrivals), at, route))
        at += source.expovariate(rate)
    return arrivals


async def _ask(port: int, arrival: Arrival) -> int:
    """Sends one request on a connection of its own and returns the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        target = f"{arrival.route}?{arrival.number}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else NO_ANSWER


async def send(port: int, arrival: Arrival, epoch: float) -> Result:
    intended = epoch + arrival.at
    status = NO_ANSWER
    try:
        async with asyncio.timeout_at(intended + PATIENCE):  # the loop's clock is time.monotonic
            status = await _ask(port, arrival)
    except (TimeoutError, OSError):
        pass  # stays NO_ANSWER, counted as such
    latency = PATIENCE if status == NO_ANSWER else time.monotonic() - intended
    return Result(arrival, status, latency)


async def send_all(
    arrivals: list[Arrival],
    ports: dict[str, int],
    epoch: float,
    on_sent: Callable[[str], None],
    on_result: Callable[[str, Result], None],
) -> None:
    """Sends each arrival at its time to every service of `ports`; returns when all have ended."""

    async def one(arm: str, port: int, arrival: Arrival) -> None:
        on_sent(arm)
        on_result(arm, await send(port, arrival, epoch))

    async with asyncio.TaskGroup() as tasks:
        for arrival in arrivals:
            await asyncio.sleep(epoch + arrival.at - time.monotonic())
            for arm, port in ports.items():
                tasks.create_task(one(arm, port, arrival))
