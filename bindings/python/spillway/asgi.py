"""A limiter in front of an ASGI application.

app = spillway.asgi.RateLimitMiddleware(app, spillway.TokenBucket("api", rate=100.0, burst=20))

app = spillway.asgi.RateLimitMiddleware(
    app,
    spillway.KeyedLimiter("per_client", rate=5.0, burst=10),
    key=spillway.asgi.client_address(),
)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ._client_address import AddressReader
from ._http import REFUSED, Gate
from ._keyed_limiter import Key, KeyedLimiter
from ._limiter import Limiter

__all__ = ["RateLimitMiddleware", "client_address"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class RateLimitMiddleware:
    """Answers 429 to HTTP requests that the limiter refuses, and tells the others what is left.

    key(scope) says whose a request is, for a KeyedLimiter, which must have it: a str, bytes or an
    int; None: the request passes without a limit. Any other limiter is one for all requests.
    cost(scope) says how many a request takes; without it each takes one. What they raise goes to
    the server. name is that of the quota in the header fields (see spillway.rate_limit_headers);
    None: the limiter's. What is no HTTP request (lifespan, websocket) passes.
    """

    def __init__(
        self,
        app: App,
        limiter: Limiter | KeyedLimiter,
        *,
        key: Callable[[Message], Key | None] | None = None,
        cost: Callable[[Message], int] | None = None,
        name: str | None = None,
    ) -> None:
        self._app = app
        self._gate = Gate(limiter, key, cost, name)

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


def client_address(trusted_proxies: int = 0, *, ipv6_prefix: int = 64) -> Callable[[Message], str]:
    """A key function: the address that a request comes from.

    trusted_proxies is the number of proxies in front that each add to X-Forwarded-For whom they
    heard from. With 0, the default, nothing is believed that the sender can write, and behind a
    proxy all senders are one. A request that came by fewer proxies has the key of who holds the
    connection, one without a known sender has "unknown".

    An IPv6 address counts as its network of ipv6_prefix bits, since who has one address has as many
    as he likes of them. An IPv4 address in the form of IPv6 counts as itself.
    """
    reader = AddressReader(trusted_proxies, ipv6_prefix)

    def key(scope: Message) -> str:
        forwarded = [
            value.decode("latin-1")
            for name, value in scope.get("headers", ())
            if name.lower() == b"x-forwarded-for"
        ]
        client = scope.get("client")
        return reader.key(client[0] if client else None, forwarded)

    return key
