"""The outage drill as a process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

DRILLS = Path(__file__).resolve().parents[3] / "examples" / "outage_drill"
SEED = 7
ENOUGH = 120.0  # seconds to wait for what must happen, before giving up


def processes_of_session(session: int) -> list[int]:
    """The living processes of a session, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
        if int(of) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until_gone(session: int) -> list[int]:
    """The processes of the session that are still there after ENOUGH seconds."""
    end = time.monotonic() + ENOUGH
    while (left := processes_of_session(session)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


@contextlib.contextmanager
def start_drill(script: str, out: Path) -> Iterator[subprocess.Popen[str]]:
    """A quick run in a session of its own; in the end nothing of that session is left."""
    # A shell has those it starts in the background ignore interrupts, and with them these tests.
    python = ["env", "--default-signal=INT", sys.executable]
    drill = subprocess.Popen(
        [*python, str(DRILLS / script), "--quick", "--seed", str(SEED), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield drill
    finally:
        for process in processes_of_session(drill.pid):
            os.kill(process, signal.SIGKILL)
        drill.communicate()
