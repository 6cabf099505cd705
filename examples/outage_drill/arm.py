"""One service with its two upstreams, as processes, and all that is observed of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine

from load import NO_ANSWER, Arrival, Result, send_all
from measure import ArmLog, Call, Transition
from processes import Child, Children

LEAD_IN = 0.3  # seconds between "all processes are ready" and second 0
ANSWERS = (200, 502, 503, 504, NO_ANSWER)  # anything else from the service is a defect of the drill


def reserve_port() -> socket.socket:
    """A port that stays ours while nothing listens on it.

    Bound but not listening, the socket refuses connections, as a dead server does, and keeps the
    kernel from giving the port to anyone else, in particular to an outgoing connection.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


class Arm:
    """One side of the comparison, plain or guarded in one way."""

    def __init__(self, children: Children, schedule: str, ports: contextlib.ExitStack) -> None:
        self.log = ArmLog()
        self.waiting = 0  # requests that have no answer yet
        self._epoch = 0.0
        self._children = children
        self._schedule = schedule
        self.port, self._payments_port, self._catalogue_port = (
            ports.enter_context(reserve_port()).getsockname()[1] for _ in range(3)
        )

    async def start(self, guard: str | None) -> None:
        """Starts the three processes. The upstreams listen once `begin` has set second 0."""
        self._payments, self._catalogue, _ = await asyncio.gather(
            self._start_upstream(self._payments_port, self._schedule),
            self._start_upstream(self._catalogue_port, "steady"),
            self._start_service(["--guard", guard] if guard else []),
        )

    async def _start_upstream(self, port: int, schedule: str) -> Child:
        return await self._children.start(
            "upstream.py", "--port", str(port), "--schedule", schedule
        )

    async def _start_service(self, options: list[str]) -> Child:
        return await self._children.start(
            "service.py",
            *("--port", str(self.port)),
            *("--payments", f"http://127.0.0.1:{self._payments_port}"),
            *("--catalogue", f"http://127.0.0.1:{self._catalogue_port}"),
            *options,
            on_line=self._read_record,
        )

    def begin(self, epoch: float) -> None:
        self._epoch = epoch
        for upstream in (self._payments, self._catalogue):
            upstream.tell(f"{epoch} 0")

    async def kill_payments(self, until: float) -> None:
        """Kills the payments process; a new one listens on its port from second `until`."""
        await self._children.kill(self._payments)
        self._payments = await self._start_upstream(self._payments_port, self._schedule)
        self._payments.tell(f"{self._epoch} {self._epoch + until}")

    def _read_record(self, line: bytes) -> None:
        kind, request, at, *states = line.decode().split()
        elapsed = float(at) - self._epoch
        match kind:
            case "sent":
                self.log.sent.append(Call(int(request), elapsed))
            case "refused":
                self.log.refused.append(Call(int(request), elapsed))
            case "breaker":
                self.log.transitions.append(Transition(elapsed, *states))
            case _:
                raise RuntimeError(f"the service wrote a line of no known kind: {line!r}")

    def on_sent(self) -> None:
        self.waiting += 1

    def on_result(self, result: Result) -> None:
        self.waiting -= 1
        self.log.results.append(result)
        if result.status not in ANSWERS:
            raise RuntimeError(f"the service answered {result.status} to {result.arrival}")


async def watch(children: Children) -> None:
    while True:
        children.check()
        await asyncio.sleep(0.2)


async def side_by_side(
    schedule: str,
    guards: dict[str, str | None],
    arrivals: list[Arrival],
    meanwhile: Callable[[dict[str, Arm], float], list[Coroutine[None, None, None]]],
) -> dict[str, ArmLog]:
    """Sends the same arrivals to a service for each entry of `guards`; returns what was observed.

    `meanwhile` says what else is to run from second 0, until all requests have ended.
    """
    with contextlib.ExitStack() as ports:
        async with Children() as children:
            arms = {key: Arm(children, schedule, ports) for key in guards}
            await asyncio.gather(*(arm.start(guards[key]) for key, arm in arms.items()))
            epoch = time.monotonic() + LEAD_IN
            for arm in arms.values():
                arm.begin(epoch)
            async with asyncio.TaskGroup() as tasks:
                others = [watch(children), *meanwhile(arms, epoch)]
                running = [tasks.create_task(other) for other in others]
                await send_all(
                    arrivals,
                    {key: arm.port for key, arm in arms.items()},
                    epoch,
                    lambda key: arms[key].on_sent(),
                    lambda key, result: arms[key].on_result(result),
                )
                for task in running:
                    task.cancel()
            children.check()
    for arm in arms.values():
        arm.log.results.sort(key=lambda result: result.arrival.number)
    return {key: arm.log for key, arm in arms.items()}
