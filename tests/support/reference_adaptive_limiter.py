"""What the adaptive limiter does, in the plainest sequential code: lists of calls, no words.

The vectors in tests/vectors are checked against it, and the Python property tests may drive it
beside the real one. All times are int nanoseconds. Limits are kept in units of 1/4096, so that
this and the real one round alike.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from reference_options import Schema

Outcome = Literal["success", "failure", "ignored"]
Settlement = Literal["counted", "misused"]
Phase = Literal["normal", "drain", "measure"]

SCHEMA = Schema("adaptive_limiter")
LEAST_CALLS = 10
LOOKS = 128
LONGEST_WINDOW = 60 * 10**9
LONGEST_LOOK = 2**36
TIME_UNIT = 16
LONGEST_TIME = 2**34 - 1
BEGIN_UNIT = 1024
PROBE_AGE = 30
SOON = 4  # windows from a probe, or the beginning, to a deep one


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    algorithm: str
    initial_limit: int
    min_limit: int
    max_limit: int
    window_ns: int
    tolerance: float
    smoothing: float
    drop_rate: float
    dry_run: bool


def make_options(given: Mapping[str, Any]) -> Options:
    return Options(**SCHEMA.complete(given))


def in_range(options: Options) -> bool:
    return SCHEMA.in_range(options) and options.min_limit <= options.max_limit


@dataclass(frozen=True, slots=True)
class Permit:
    owner: "AdaptiveLimiter"
    start: int


class AdaptiveLimiter:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.limit = float(options.initial_limit)
        self.divided_by = 1  # 2 or 4 in a probe
        self.in_flight = 0
        self.look_at = 0
        self.begin: int | None = None  # of the window
        self.phase: Phase = "normal"
        self.age = 0  # windows since the last probe
        self.next_probe = SOON
        self.times: list[int] = []
        self.busy = False
        self.drops = 0
        self.baseline = 0
        self.call_time = 0
        self.totals: Counter[str] = Counter()

    @property
    def admitted(self) -> int:
        """How many calls may be in flight."""
        whole = int(self.limit)
        return whole if self.divided_by == 1 else max(whole // self.divided_by - 1, 1)

    def acquire(self, now: int) -> Permit | str:
        """A permit, or why not."""
        full = self.in_flight >= self.admitted
        if full and not self.options.dry_run and self._ends_probe(max(now, 0)):
            full = self.in_flight >= self.admitted
        if full and not self.options.dry_run:
            self.totals["refused"] += 1
            return "limited"
        self.totals["dry_run" if full else "admitted"] += 1
        self.in_flight += 1
        return Permit(self, now)

    def settle(self, permit: Permit | None, outcome: Outcome, now: int) -> Settlement:
        if permit is None or permit.owner is not self or self.in_flight == 0:
            self.totals["misused"] += 1
            return "misused"
        busy = self.in_flight * 2 >= self.limit
        self.in_flight -= 1
        names = {"success": "succeeded", "failure": "failed", "ignored": "ignored"}
        self.totals[names[outcome]] += 1
        now = max(now, 0)
        if outcome != "ignored" and not 0 < self.look_at - now <= LONGEST_LOOK:
            self._look(max(permit.start, 0), outcome == "failure", busy, now)
        return "counted"

    def reconfigure(self, changes: Mapping[str, Any]) -> bool:
        options = replace(self.options, **changes)
        fixed = any(SCHEMA.rows[name].get("fixed") for name in changes)
        if fixed or not in_range(options):
            return False
        self.options = options
        self.limit = self._bounded(self.limit)
        return True

    def snapshot(self, _: int) -> dict[str, Any]:
        names = [
            "windows",
            "admitted",
            "refused",
            "dry_run",
            "succeeded",
            "failed",
            "ignored",
            "misused",
        ]
        return {
            "limit": self.admitted,
            "in_flight": self.in_flight,
            "baseline_ns": self.baseline,
            "call_time_ns": self.call_time,
            **{f"total_{name}": self.totals[name] for name in names},
        }

    # ---- how the limit finds itself

    @property
    def _length(self) -> int:
        twice = 2 * min(self.call_time, LONGEST_WINDOW)
        return min(max(twice, self.options.window_ns), LONGEST_WINDOW)

    def _look(self, start: int, failed: bool, busy: bool, now: int) -> None:
        self.look_at = now + self._length // LOOKS
        if self.begin is None:
            self.begin = now - now % BEGIN_UNIT
            return
        if failed:
            self.drops += 1
        elif self.begin <= start <= now:
            self.times.append(min((now - start) // TIME_UNIT, LONGEST_TIME))
            self.busy = self.busy or busy
        jumped = self.begin > now + LONGEST_WINDOW
        over = now >= self.begin + self._length or jumped
        enough = len(self.times) + self.drops >= LEAST_CALLS or self.phase == "drain" or jumped
        if over and enough:
            self._judge(now)

    def _ends_probe(self, now: int) -> bool:
        """Ends one that takes twice its time: calls that run for long may hold all its places."""
        if self.phase == "normal" or self.begin is None:
            return False
        if self.begin + 2 * self._length > now and self.begin <= now + LONGEST_WINDOW:
            return False
        self.begin, self.phase, self.divided_by = now - now % BEGIN_UNIT, "normal", 1
        self.age, self.next_probe = 0, PROBE_AGE
        return True

    def _judge(self, now: int) -> None:
        calls = len(self.times) + self.drops
        share = round(self.options.drop_rate * 10_000)
        dropped = calls >= LEAST_CALLS and self.drops * 10_000 > share * calls
        time = 0
        if self.times:
            time = max(1, int(sum(self.times) * TIME_UNIT / len(self.times) + 0.5))
        probed = time != 0 and self.phase == "measure" and not dropped
        much_lower = probed and time < 0.8 * self.baseline
        limit, baseline = self.limit, self.baseline

        if dropped:
            limit *= 0.9
        elif much_lower:
            limit *= time / baseline
        elif self.phase == "normal" and self.busy:
            limit = self._next(limit, baseline, time)
        if time != 0 and self.phase != "drain" and not dropped:
            self.call_time = time
            if baseline == 0 or probed:
                self.baseline = time
            elif time < baseline:
                self.baseline = baseline - int((baseline - time) * 0.2 + 0.5)
        self._move_on(dropped, probed, much_lower)
        self.limit = self._bounded(limit)
        self.begin = now - now % BEGIN_UNIT
        self.times, self.busy, self.drops = [], False, 0
        self.totals["windows"] += 1

    def _move_on(self, dropped: bool, probed: bool, much_lower: bool) -> None:
        """To the next window."""
        if self.phase == "drain" and not dropped:
            self.phase = "measure"
            return
        if self.phase == "measure" and not dropped and not probed:
            self.phase, self.divided_by = "normal", 1
            self.age = self.next_probe - 1  # it measured nothing: again
            return
        if self.phase != "normal":
            self.phase, self.divided_by = "normal", 1
            self.age, self.next_probe = 0, SOON if much_lower else PROBE_AGE
            return
        if dropped or self.options.algorithm == "aimd":
            return
        self.age += 1
        if self.age == self.next_probe:
            self.phase = "drain"
            self.divided_by = 4 if self.next_probe == SOON else 2

    def _next(self, limit: float, baseline: int, now: int) -> float:
        if self.options.algorithm == "aimd":
            return limit + 1
        if baseline == 0:
            return limit
        if self.options.algorithm == "gradient":
            step = min(max(self.options.tolerance * baseline / now, 0.5), 2.0)
            wanted = step * limit + min(limit / 4, 4.0)
        else:
            wanted = vegas(limit, baseline, now)
        smoothing = self.options.smoothing
        return (1 - smoothing) * limit + smoothing * wanted

    def _bounded(self, limit: float) -> float:
        limit = min(max(limit, float(self.options.min_limit)), float(self.options.max_limit))
        return int(limit * 4096 + 0.5) / 4096


def vegas(limit: float, baseline: int, now: int) -> float:
    log = max(len(str(int(limit))) - 1, 1)
    waiting = limit * (1 - baseline / now)
    if waiting <= log:
        return limit + 6 * log
    if waiting <= 3 * log - 1:
        return limit + log
    return limit - log if waiting > 6 * log else limit
