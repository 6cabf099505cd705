"""The steps of the multi limiter's scenarios, and what the reference says to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import reference_leaky_bucket
import reference_token_bucket
from reference_multi_limiter import MultiLimiter, make_options
from scenario import Replay, Step, Vector, envelope, without_defaults
from token_bucket_steps import BucketReplay, decided, usual_origins

MEMBERS: dict[str, Any] = {
    "leaky_bucket": lambda given: reference_leaky_bucket.LeakyBucket(
        reference_leaky_bucket.make_options(given)
    ),
    "token_bucket": lambda given: reference_token_bucket.TokenBucket(
        reference_token_bucket.make_options(given)
    ),
}


def token_bucket(**options: Any) -> dict[str, Any]:
    return {"token_bucket": options}


def leaky_bucket(**options: Any) -> dict[str, Any]:
    return {"leaky_bucket": options}


def ask(n: int, at: int, expect: str = "admitted", refuser: int = 0, every: int = 0,
        times: int = 1, **status: int | str) -> Step:  # fmt: skip
    keys = {"take": n, "at": at, "every": every, "times": times, "expect": expect}
    return without_defaults({"every": 0, "times": 1, "refuser": 0}, keys | {"refuser": refuser}
                            | status)  # fmt: skip


def member(place: int, *steps: Step) -> Step:
    """Steps of that member alone."""
    return {"member": place, "steps": list(steps)}


def change(at: int, **changes: Any) -> Step:
    return {"change": changes, "at": at}


def look(at: int, **fields: int) -> Step:
    return {"snapshot": fields, "at": at}


def vector(name: str, source: str, members: Sequence[Mapping[str, Any]], steps: Iterable[Step], *,
           note: str = "", origins: Iterable[int] = (), **options: Any) -> Vector:  # fmt: skip
    steps = list(steps)
    rates = [given["rate"] for each in members for given in each.values()]
    used = list(origins) or usual_origins(*rates)
    for origin in used:
        _Replay(name, options, members, origin).run(steps)
    return envelope(name, source, note, {"members": list(members), **options}, used, steps)


class _Replay(Replay):
    def __init__(self, name: str, options: Mapping[str, Any],
                 members: Sequence[Mapping[str, Any]], origin: int) -> None:  # fmt: skip
        super().__init__(name, origin)
        made = [MEMBERS[noun](given) for each in members for noun, given in each.items()]
        self.limiter = MultiLimiter(make_options(options), made)
        self.members = [BucketReplay(name, bucket, origin) for bucket in made]

    def every(self, step: Step) -> int:
        return int(step.get("every", 0))

    def _take(self, step: Step, at: int) -> None:
        answer = self.limiter.take(step["take"], at)
        decided(self, step, answer, self.limiter)
        self.check(step, answer.refuser, step.get("refuser", 0))

    def _member(self, step: Step, _: int) -> None:
        self.members[step["member"]].run(step["steps"])

    def _change(self, step: Step, _: int) -> None:
        self.limiter.reconfigure(step["change"])

    def _snapshot(self, step: Step, _: int) -> None:
        got = self.limiter.snapshot()
        self.check(step, {name: got[name] for name in step["snapshot"]}, step["snapshot"])
