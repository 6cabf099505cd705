"""Child processes that cannot outlive the drill.

Each child holds a pipe from the drill as its standard input and ends when that pipe closes. So
none is left behind, whether the drill ends well, fails, is interrupted or is killed outright.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).resolve().parent
START_TIMEOUT = 30.0  # seconds


def exit_with_parent() -> None:
    """For the child: ends this process as soon as its standard input closes."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


class Child:
    """A running Python program of this folder. Its first line of output is "ready"."""

    def __init__(self, script: str, process: Process, on_line: Callable[[bytes], None]) -> None:
        self._script = script
        self._process = process
        self._on_line = on_line
        self._reading: asyncio.Task[None] | None = None

    async def wait_ready(self) -> None:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT)
        if line != b"ready\n":
            raise RuntimeError(f"{self._script} did not start: its first output was {line!r}")
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            self._on_line(line)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def check(self) -> None:
        """Raises if the child has failed: the figures of such a run would mean nothing."""
        if self._process.returncode is not None:
            raise RuntimeError(f"{self._script} ended early, exit code {self._process.returncode}")
        if self._reading is not None and self._reading.done():
            self._reading.result()

    async def kill(self) -> None:
        """Kills the child with SIGKILL and reads what it had still written."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        if self._reading is not None:
            await self._reading


class Children:
    """The child processes of one run; leaving the block kills all of them."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    async def start(
        self, script: str, *args: str, on_line: Callable[[bytes], None] = lambda _: None
    ) -> Child:
        # A process group of its own, so that Ctrl-C in a terminal reaches only the drill.
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / script), *args, stdin=PIPE, stdout=PIPE, process_group=0
        )
        child = Child(script, process, on_line)
        self._children.append(child)
        await child.wait_ready()
        return child

    async def kill(self, child: Child) -> None:
        self._children.remove(child)
        await child.kill()

    def check(self) -> None:
        for child in self._children:
            child.check()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(child.kill() for child in self._children), return_exceptions=True)
