"""Steps of policies that give out permits, and what their references say to them."""

from collections.abc import Mapping
from typing import Any

from scenario import Replay, Step, without_defaults

LETTERS = {"S": "success", "F": "failure", "I": "ignored"}


# ---- steps; times are in nanoseconds


def acquire(name: str, at: int, expect: str = "admitted", retry_after_ns: int | None = None,
            times: int = 1, priority: str = "normal") -> Step:  # fmt: skip
    """`retry_after_ns` is what the reference says, unless the scenario says it."""
    return _step(acquire=name, at=at, expect=expect, retry_after_ns=retry_after_ns, times=times,
                 priority=priority)  # fmt: skip


def settle(name: str, outcome: str, at: int, expect: str = "counted") -> Step:
    return _step(settle=name, outcome=LETTERS[outcome], at=at, expect=expect)


def foreign(name: str, at: int) -> Step:
    return _step(foreign=name, at=at)


def tries(calls: int, outcome: str, at: int, every_ns: int = 0, priority: str = "normal") -> Step:
    """The reference says which of them are admitted."""
    return _step(tries=calls, outcome=LETTERS[outcome], at=at, every_ns=every_ns, priority=priority)


def hold(calls: int, at: int, priority: str = "normal") -> Step:
    return _step(hold=calls, at=at, priority=priority)


def end(calls: int, outcome: str, at: int) -> Step:
    return _step(end=calls, outcome=LETTERS[outcome], at=at)


def reconfigure(expect: str = "ok", **changes: Any) -> Step:
    return _step(reconfigure=changes, expect=expect)


def look(at: int, **fields: Any) -> Step:
    """A snapshot. A rate of None is undefined."""
    return _step(snapshot={k: -1 if v is None else v for k, v in fields.items()}, at=at)


def repeat(times: int, every_ns: int, *steps: Step) -> Step:
    return {"repeat": times, "every_ns": every_ns, "steps": list(steps)}


_WHEN_MISSING = {"times": 1, "every_ns": 0, "retry_after_ns": None, "priority": "normal"}


def _step(**keys: Any) -> Step:
    return without_defaults(_WHEN_MISSING, keys)


# ---- what the reference says


class PermitReplay(Replay):
    """`policy` has acquire, which answers a permit or why not, settle, to which None is no permit,
    reconfigure and snapshot."""

    def __init__(self, name: str, origin: int) -> None:
        super().__init__(name, origin)
        self.policy = self.make()
        self.permits: dict[str, Any] = {}
        self.held: list[Any] = []

    def make(self) -> Any:
        raise NotImplementedError

    def ask(self, policy: Any, step: Step, at: int) -> Any:
        return policy.acquire(at)

    def admitted(self, policy: Any, step: Step, at: int) -> Any:
        answer = self.ask(policy, step, at)
        if isinstance(answer, str):
            raise SystemExit(f"{self.name}: the reference says {answer} in {step}")
        return answer

    def every(self, step: Step) -> int:
        return 0

    def _acquire(self, step: Step, at: int) -> None:
        answer = self.ask(self.policy, step, at)
        got = answer if isinstance(answer, str) else "admitted"
        self.check(step, got, step["expect"])
        if got == "admitted":
            self.permits[step["acquire"]] = answer

    def _settle(self, step: Step, at: int) -> None:
        permit = self.permits[step["settle"]]
        self.permits[step["settle"]] = None
        self.check(step, self.policy.settle(permit, step["outcome"], at), step["expect"])

    def _foreign(self, step: Step, at: int) -> None:
        self.permits[step["foreign"]] = self.admitted(self.make(), step, at)

    def _tries(self, step: Step, at: int) -> None:
        letters = step["tries"]
        answers = ""
        for _ in range(letters if isinstance(letters, int) else len(letters)):
            answer = self.ask(self.policy, step, at)
            answers += "R" if isinstance(answer, str) else "A"
            if not isinstance(answer, str):
                self.policy.settle(answer, step["outcome"], at)
            at += step.get("every_ns", 0)
        if isinstance(letters, int):
            step["tries"] = answers
        else:
            self.check(step, answers, letters)

    def _hold(self, step: Step, at: int) -> None:
        self.held += [self.admitted(self.policy, step, at) for _ in range(step["hold"])]

    def _end(self, step: Step, at: int) -> None:
        for _ in range(step["end"]):
            self.check(step, self.policy.settle(self.held.pop(0), step["outcome"], at), "counted")

    def _reconfigure(self, step: Step, at: int) -> None:
        ok = self.policy.reconfigure(step["reconfigure"])
        self.check(step, "ok" if ok else "error", step["expect"])

    def _snapshot(self, step: Step, at: int) -> None:
        got: Mapping[str, Any] = self.policy.snapshot(at)
        chosen = {name: -1 if got[name] is None else got[name] for name in step["snapshot"]}
        self.check(step, chosen, step["snapshot"])

    def _repeat(self, step: Step, at: int) -> None:
        for i in range(step["repeat"]):
            self.run(step["steps"], at - self.origin + i * step["every_ns"])
