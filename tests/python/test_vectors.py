"""Replays tests/vectors/*.json; tests/vectors/README.md says what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bulkhead_replay
import circuit_breaker_replay
import limiter_replay
import permit_replay
import pytest

FOLDER = Path(__file__).parents[1] / "vectors"
REPLAYS: dict[str, Any] = {
    "adaptive_limiter": permit_replay.AdaptiveLimiter,
    "bulkhead": bulkhead_replay.Bulkhead,
    "circuit_breaker": circuit_breaker_replay.Replay,
    "client_throttle": permit_replay.ClientThrottle,
    "keyed_limiter": limiter_replay.keyed_limiter,
    "leaky_bucket": limiter_replay.leaky_bucket,
    "multi_limiter": limiter_replay.multi_limiter,
    "sliding_window_limiter": limiter_replay.sliding_window_limiter,
    "token_bucket": limiter_replay.token_bucket,
}
DATA = {noun: json.loads((FOLDER / f"{noun}.json").read_text("utf-8")) for noun in REPLAYS}
LEAVES_TWICE = ("uncounted",)  # of the bulkhead


def sayable(vector: dict[str, Any]) -> bool:
    """A permit of Python settles itself, so it cannot be brought to another policy; and who waits
    has none yet, so he cannot leave twice."""
    foreign = any("foreign" in step for step in vector["steps"])
    return not foreign and vector["name"] not in LEAVES_TWICE


VECTORS = [
    pytest.param(noun, vector, id=f"{noun}: {vector['name']}")
    for noun, data in DATA.items()
    for vector in data["vectors"]
    if sayable(vector)
]


def test_only_what_python_cannot_say_is_left_out() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(REPLAYS)
    assert sum(len(data["vectors"]) for data in DATA.values()) - len(VECTORS) == 5
    known = {"name", "source", "note", "options", "origins", "steps"}
    for noun, data in DATA.items():
        assert data["noun"] == noun
        assert set(data) == {"noun", "vectors"}
        assert all(set(vector) <= known for vector in data["vectors"])


@pytest.mark.parametrize(("noun", "vector"), VECTORS)
def test_vector(noun: str, vector: dict[str, Any]) -> None:
    # A bulkhead does not look at the time.
    for origin in vector["origins"][: 1 if noun == "bulkhead" else None]:
        replay = REPLAYS[noun](vector["options"], int(origin))
        try:
            replay.run(vector["steps"])
        finally:
            replay.finish()
