"""What the circuit breaker does, in the plainest sequential code: lists of records, no words.

The vectors in tests/vectors are checked against it, and the Python property tests drive it beside
the real one. All times are int nanoseconds. `jitter` must be 0: what it adds is tested where
it is computed.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from reference_options import FIXED, Options, in_range
from reference_window import Period

Outcome = Literal["success", "failure", "ignored"]
Settlement = Literal["counted", "stale", "misused"]

COUNTING = ("closed", "recovering", "metrics_only")
GENERATIONS = 2**20
MAX_STEP = 31
EVENTS_KEPT = 8
END_OF_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Permit:
    owner: "CircuitBreaker"
    generation: int
    start: int


@dataclass(frozen=True, slots=True)
class Rejection:
    reason: str
    retry_after_ns: int


class Event(NamedTuple):
    generation: int
    from_state: str
    to_state: str
    reason: str
    rate: float | None
    time: int


@dataclass(slots=True)
class Probes:
    issued: int = 0
    done: int = 0
    failed: int = 0
    slow: int = 0

    @property
    def running(self) -> int:
        return self.issued - self.done


def shown(phase: str) -> str:
    """The state that a phase is to the outside."""
    return "closed" if phase == "recovering" else phase


def rate_units(rate: float) -> int:
    """Rates are kept in units of 0.01 %."""
    return math.floor(rate * 10_000 + 0.5)


def reaches(part: int, whole: int, rate: float) -> bool:
    return part * 10_000 >= rate_units(rate) * whole


def needed(rate: float, whole: int) -> int:
    """The smallest part of `whole` that reaches `rate`."""
    return -(-rate_units(rate) * whole // 10_000)


def ramp_threshold(n: int) -> float:
    return ((n * 0x9E3779B97F4A7C15 % 2**64) >> 11) / 2**53


class CircuitBreaker:
    def __init__(self, options: Options) -> None:
        if options.jitter != 0:
            raise ValueError("the reference knows no jitter")
        self.options = options
        self.phase = "closed"
        self.generation = 0
        self.since = 0
        self.step = 0
        self.open_until = 0
        self.lease_end = 0
        self.ramp_calls = 0
        self.exceeded = False  # metrics_only: said so already
        self.probes = Probes()
        self.period = Period(self.options)
        self.totals: Counter[str] = Counter()
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        if options.initial_state != "closed":
            self._set_by_hand(options.initial_state, "manual", 0)

    # ---- asking

    def acquire(self, now: int) -> Permit | Rejection:
        now = max(now, 0)
        answer = self._decide(now)
        if isinstance(answer, Rejection):
            self.totals["rejected"] += 1
        return answer

    def _decide(self, now: int) -> Permit | Rejection:
        if self.phase == "forced_open":
            return Rejection("forced_open", self.options.open_for_ns)
        if self.phase == "open" and now < self.open_until:
            return Rejection("open", self.open_until - now)
        if self.phase in ("open", "half_open"):
            return self._decide_probe(now)
        if self.phase == "recovering":
            refused = self._decide_in_ramp(now)
            if refused is not None:
                return refused
        if self.options.in_flight and self.phase in COUNTING:
            self._start_tracked(now)
            if self.phase == "open":
                return Rejection("open", self.open_until - now)
        return self._admit(now)

    def _admit(self, now: int) -> Permit:
        return Permit(self, self.generation, now)

    def _decide_in_ramp(self, now: int) -> Rejection | None:
        elapsed = max(now - self.since, 0)
        ramp = self.options.ramp_ns
        if elapsed >= ramp:
            self.phase = "closed"
            return None
        threshold = ramp_threshold(self.ramp_calls)
        self.ramp_calls += 1
        if threshold < max(elapsed / ramp, 0.1):
            return None
        return Rejection("ramp", int(threshold * ramp) + 1 - elapsed)

    def _decide_probe(self, now: int) -> Permit | Rejection:
        if self.phase == "open":
            self.probes = Probes()
            self._begin("half_open", "open_elapsed", None, now)
        else:
            slots = self.options.probes_in_flight
            running = self.probes.running
            if running >= slots or (self.probes.issued >= self.options.probes and running > 0):
                if now < self.lease_end:
                    wait = min(self.lease_end - now, self.options.open_for_ns)
                    return Rejection("half_open", wait)
                self.probes.issued = self.probes.done
                self._begin("half_open", "lease_expired", None, now)
        self.probes.issued += 1
        lease_end = min(now + self.options.probe_lease_ns, END_OF_TIME)
        self.lease_end = max(self.lease_end, lease_end)
        return self._admit(now)

    def _start_tracked(self, now: int) -> None:
        if self.period.record_start(now):
            self._evaluate(max(now, self.since))

    # ---- telling

    def settle(self, permit: Permit | None, outcome: Outcome, now: int) -> Settlement:
        now = max(now, 0)
        if permit is None or permit.owner is not self:
            return self.misuse()
        if permit.generation != self.generation:
            self.totals["stale"] += 1
            return "stale"
        limit = self.options.slow_call_ns
        slow = limit != 0 and now - permit.start > limit
        if self.phase == "half_open":
            return self._settle_probe(outcome, slow, now)
        if self.phase in COUNTING:
            if self.options.in_flight:
                self.period.record_end(permit.start, outcome == "ignored", slow)
            if outcome == "ignored":
                self.totals["ignored"] += 1
            else:
                self._record(outcome == "failure", slow and not self.options.in_flight, now)
        return "counted"

    def misuse(self) -> Settlement:
        """An empty or repeated permit, or an outcome that is none."""
        self.totals["misused"] += 1
        return "misused"

    def _record(self, failed: bool, slow: bool, now: int) -> None:
        name = ("slow_" if slow else "") + ("failures" if failed else "successes")
        self.totals[name] += 1
        now = max(now, self.since)  # nothing happens in a state before it began
        alike = self.period.record(failed, slow, now)
        # A success that finds min_calls successes in its bucket changes no rate of settled calls,
        # and leaves those that hang to the next start bucket.
        self._evaluate(now, judge_ages=failed or alike < self.options.minimum)

    def _settle_probe(self, outcome: Outcome, slow: bool, now: int) -> Settlement:
        probes, options = self.probes, self.options
        if probes.running == 0:
            return self.misuse()  # a copy of a permit that was settled already
        if outcome == "ignored":
            probes.issued -= 1
            self.totals["ignored"] += 1
            return "counted"
        self.totals["probes"] += 1
        probes.done += 1
        probes.failed += outcome == "failure"
        probes.slow += slow
        whole = max(options.probes, probes.done)
        left = whole - probes.done
        fatal_failed = needed(options.failure_rate, whole) if options.by_rates else 1
        fatal_slow = needed(options.slow_rate, whole) if options.by_rates else 1
        if options.slow_call_ns == 0:
            fatal_slow = whole + 1
        grown = min(self.step + 1, MAX_STEP)
        if probes.failed >= fatal_failed:
            self._open(grown, "probes_failed", probes.failed / probes.done, now)
        elif probes.slow >= fatal_slow:
            self._open(grown, "probes_slow", probes.slow / probes.done, now)
        elif probes.failed + left < fatal_failed and probes.slow + left < fatal_slow:
            self.step = grown
            self.period = Period(self.options)
            self._begin("recovering" if options.ramp_ns else "closed", "probes_passed", None, now)
        return "counted"

    # ---- judging

    def _evaluate(self, now: int, judge_ages: bool = True) -> None:
        options = self.options
        window = self.period.window(now)
        total = len(window)
        failed = sum(call.failed for call in window)
        slow = sum(call.slow for call in window)
        if not options.by_rates:
            if failed >= options.window_failures:
                self._trip("failure_rate", failed / total, now)
            elif slow >= options.window_failures:
                self._trip("slow_rate", slow / total, now)
            return
        if total >= options.minimum:
            if reaches(failed, total, options.failure_rate):
                self._trip("failure_rate", failed / total, now)
                return
            if options.slow_call_ns != 0 and reaches(slow, total, options.slow_rate):
                self._trip("slow_rate", slow / total, now)
                return
        if options.in_flight and judge_ages:
            calls, hung = self.period.judged(now)
            if calls >= options.minimum and reaches(hung, calls, options.slow_rate):
                self._trip("slow_rate", hung / calls, now)

    def _trip(self, reason: str, rate: float, now: int) -> None:
        if self.phase != "metrics_only":
            healthy = max(now - self.since, 0) // self.options.open_for_ns
            self._open(max(0, self.step - healthy), reason, rate, now)
        elif not self.exceeded:
            self.exceeded = True
            self._begin("metrics_only", reason, rate, now)

    # ---- changing state

    def _open(self, step: int, reason: str, rate: float, now: int) -> None:
        length = float(self.options.open_for_ns)
        for _ in range(step):
            if length < self.options.max_open_ns:
                length *= self.options.backoff
        self.step = step
        self.open_until = min(now + int(min(length, self.options.max_open_ns)), END_OF_TIME)
        self._begin("open", reason, rate, now)

    def _begin(self, phase: str, reason: str, rate: float | None, now: int) -> None:
        self.generation = (self.generation + 1) % GENERATIONS
        self.since = now
        kept = None if rate is None else math.floor(rate * 10_000 + 0.5) / 10_000
        before, after = shown(self.phase), shown(phase)
        self.events.append(Event(self.generation, before, after, reason, kept, now))
        self.phase = phase

    def _set_by_hand(self, phase: str, reason: str, now: int) -> None:
        self.step = 0
        self.exceeded = False
        self.period = Period(self.options)
        self._begin(phase, reason, None, max(now, 0))

    def force_open(self, now: int) -> bool:
        return self._manual("forced_open", now)

    def disable(self, now: int) -> bool:
        return self._manual("disabled", now)

    def metrics_only(self, now: int) -> bool:
        return self._manual("metrics_only", now)

    def _manual(self, phase: str, now: int) -> bool:
        if self.phase == phase:
            return False
        self._set_by_hand(phase, "manual", now)
        return True

    def reset(self, now: int) -> None:
        self._set_by_hand("closed", "reset", now)

    def reconfigure(self, changes: Mapping[str, Any]) -> bool:
        """False when an option is fixed or out of range."""
        after = replace(self.options, **changes)
        fixed = [*FIXED, *(["slow_call_ns"] if self.options.in_flight else [])]
        if any(getattr(after, name) != getattr(self.options, name) for name in fixed):
            return False
        if not in_range(after):
            return False
        self.options = self.period.options = after
        return True

    # ---- looking

    def events_since(self, since: int) -> list[Event]:
        """Those after generation `since` that are kept."""
        missed = (self.generation - since) % GENERATIONS
        return list(self.events)[-missed:] if missed else []

    def snapshot(self, now: int) -> dict[str, Any]:
        """As the fields of the schema; an undefined rate is None."""
        now = max(now, 0)
        phase, options = self.phase, self.options
        counting = phase in COUNTING
        seen_at = max(now, self.since)
        window = self.period.window(seen_at) if counting else []
        tracking = counting and options.in_flight
        judged, judged_slow = self.period.judged(seen_at) if tracking else (0, 0)
        counts = Counter((call.failed, call.slow) for call in window)
        failed = sum(call.failed for call in window)
        slow, of_calls = sum(call.slow for call in window), len(window)
        if options.in_flight:
            slow, of_calls = judged_slow, judged
        knows_slow = counting and options.slow_call_ns != 0
        probes = self.probes if phase == "half_open" else Probes()
        return {
            "state": shown(phase),
            "generation": self.generation,
            "since_ns": self.since,
            "time_to_half_open_ns": max(self.open_until - now, 0) if phase == "open" else 0,
            "open_step": self.step,
            "failure_rate": failed / len(window) if len(window) >= options.minimum else None,
            "slow_rate": slow / of_calls if knows_slow and of_calls >= options.minimum else None,
            "successes": counts[False, False],
            "failures": counts[True, False],
            "slow_successes": counts[False, True],
            "slow_failures": counts[True, True],
            "judged": judged,
            "judged_slow": judged_slow,
            "probes_issued": probes.issued,
            "probes_done": probes.done,
            "probes_failed": probes.failed,
            "probes_slow": probes.slow,
            **{f"total_{name}": self.totals[name] for name in TOTALS},
        }


TOTALS = (
    "successes",
    "failures",
    "slow_successes",
    "slow_failures",
    "probes",
    "ignored",
    "rejected",
    "stale",
    "misused",
)
