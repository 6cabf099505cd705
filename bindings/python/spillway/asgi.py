"""A limiter in front of an ASGI application.

app = spillway.asgi.RateLimitMiddleware(app, spillway.TokenBucket("api", rate=100.0, burst=20))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ._http import REFUSED, Gate
from ._limiter import Limiter

__all__ = ["RateLimitMiddleware"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class RateLimitMiddleware:
    """Answers 429 to HTTP requests that the limiter refuses, and tells the others what is left.

    cost(scope) says how many a request takes; without it each takes one. name is that of the quota
    in the header fields (see spillway.rate_limit_headers); None: the limiter's. All requests share
    the one limiter, and what is no HTTP request (lifespan, websocket) passes.
    """

    def __init__(
        self,
        app: App,
        limiter: Limiter,
        *,
        cost: Callable[[Message], int] | None = None,
        name: str | None = None,
    ) -> None:
        self._app = app
        self._gate = Gate(limiter, cost, name)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        admitted, fields = self._gate.ask(scope)
        headers = [(key.lower().encode("ascii"), value.encode("ascii")) for key, value in fields]
        if not admitted:
            headers += [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(REFUSED)),
            ]
            await send({"type": "http.response.start", "status": 429, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED})
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        await self._app(scope, receive, send_with_fields)
