"""A token bucket around a client: what it may send at once, what it waits for, what it is refused.

python examples/token_bucket.py
"""

from __future__ import annotations

import asyncio

import spillway as sw

# The other side allows 20 requests a second, and 5 at once.
bucket = sw.TokenBucket("geocoder", rate=20.0, burst=5)


@bucket
def look_up(place: str) -> str:
    return f"{place} is found"


def answer(place: str) -> str:
    """For somebody who will not wait."""
    try:
        return look_up(place)
    except sw.RateLimited as refusal:
        return f"{place} is not looked up: try again in {refusal.retry_after:.2f} s"


async def import_all(places: list[str]) -> None:
    """For a job that will: each request goes out as soon as it may, in order."""
    for place in places:
        await bucket.acquire_async(timeout=10.0)
        print(f"{place} is imported")


def main() -> None:
    for place in ("Aachen", "Bonn", "Celle", "Dresden", "Essen", "Fulda"):
        print(answer(place))
    asyncio.run(import_all(["Gera", "Halle", "Ilmenau"]))
    snapshot = bucket.snapshot()
    print(f"{snapshot.total_admitted} requests, {snapshot.total_refused} refused")


if __name__ == "__main__":
    main()
