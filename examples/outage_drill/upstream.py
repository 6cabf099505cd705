"""One upstream: a small HTTP/1.1 server that behaves as a schedule says."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import nullcontext

from processes import exit_with_parent
from schedule import SCHEDULES, Schedule


class Upstream:
    def __init__(self, schedule: Schedule, epoch: float) -> None:
        self._schedule = schedule
        self._epoch = epoch  # time.monotonic() at second 0 of the drill
        self._line = asyncio.Semaphore(schedule.slots) if schedule.slots else nullcontext()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection, one after the other, until the caller leaves."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = int(head.split(b" ", 2)[1].partition(b"?")[2])
                answer = self._schedule.answer(time.monotonic() - self._epoch, request)
                if answer is None:
                    await reader.read()  # a hang: hold the connection until the caller gives up
                    return
                async with self._line:
                    await asyncio.sleep(answer.delay)
                writer.write(b"HTTP/1.1 %d -\r\nContent-Length: 0\r\n\r\n" % answer.status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller closed the connection
        finally:
            writer.close()


async def listen(upstream: Upstream, port: int, at: float) -> None:
    await asyncio.sleep(at - time.monotonic())
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--schedule", choices=SCHEDULES, required=True)
    args = parser.parse_args()
    print("ready", flush=True)
    # The drill says when its second 0 is and from when this process is to listen. A process that
    # replaces a killed one has so paid for its own start-up before its time comes.
    epoch, listen_at = map(float, sys.stdin.readline().split())
    exit_with_parent()
    asyncio.run(listen(Upstream(SCHEDULES[args.schedule], epoch), args.port, listen_at))


if __name__ == "__main__":
    main()
