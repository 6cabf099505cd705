"""A bulkhead around slow work: what runs at once, what waits for its turn, what is refused.

python examples/bulkhead.py
"""

from __future__ import annotations

import asyncio

import spillway as sw

# Two pages at once are all that this machine can render, and nobody waits longer than 1.5 s.
bulkhead = sw.Bulkhead("reports", max_concurrent=2, max_queue=3, max_wait=1.5)


@bulkhead
async def render(page: int) -> str:
    await asyncio.sleep(1.0)
    return f"page {page} is rendered"


@bulkhead.with_priority("sheddable")
async def render_ahead(page: int) -> str:
    """Only while less than half of the slots are taken, so that others need not wait for it."""
    return await render.__wrapped__(page)


async def answer(page: int) -> None:
    try:
        print(await render(page))
    except sw.BulkheadFull as refusal:
        print(f"page {page} is not rendered: {refusal.reason}")


async def main() -> None:
    print(await render_ahead(100))
    await asyncio.gather(*(answer(page) for page in range(1, 8)))
    snapshot = bulkhead.snapshot()
    print(f"{snapshot.total_admitted} rendered, {snapshot.total_left} gave up waiting")


if __name__ == "__main__":
    asyncio.run(main())
