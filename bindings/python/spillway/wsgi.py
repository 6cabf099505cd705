"""A limiter in front of a WSGI application.

app = spillway.wsgi.RateLimitMiddleware(app, spillway.TokenBucket("api", rate=100.0, burst=20))

app = spillway.wsgi.RateLimitMiddleware(
    app,
    spillway.KeyedLimiter("per_client", rate=5.0, burst=10),
    key=spillway.wsgi.client_address(),
)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ._client_address import AddressReader
from ._http import REFUSED, Gate
from ._keyed_limiter import Key, KeyedLimiter
from ._limiter import Limiter

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["RateLimitMiddleware", "client_address"]


class RateLimitMiddleware:
    """Answers 429 to requests that the limiter refuses, and tells the others what is left.

    key(environ) says whose a request is, for a KeyedLimiter, which must have it: a str, bytes or an
    int; None: the request passes without a limit. Any other limiter is one for all requests.
    cost(environ) says how many a request takes; without it each takes one. What they raise goes to
    the server. name is that of the quota in the header fields (see spillway.rate_limit_headers);
    None: the limiter's.
    """

    def __init__(
        self,
        app: WSGIApplication,
        limiter: Limiter | KeyedLimiter,
        *,
        key: Callable[[WSGIEnvironment], Key | None] | None = None,
        cost: Callable[[WSGIEnvironment], int] | None = None,
        name: str | None = None,
    ) -> None:
        self._app = app
        self._gate = Gate(limiter, key, cost, name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admitted, fields = self._gate.ask(environ)
        if not admitted:
            fields += [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(REFUSED))),
            ]
            start_response("429 Too Many Requests", fields)
            return [REFUSED]

        def start_with_fields(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *fields], *error)

        return self._app(environ, start_with_fields)


def client_address(
    trusted_proxies: int = 0, *, ipv6_prefix: int = 64
) -> Callable[[WSGIEnvironment], str]:
    """A key function: the address that a request comes from, as spillway.asgi.client_address says.

    The address of the connection is REMOTE_ADDR: a server that has been told to set it from
    X-Forwarded-For by itself is not to be told of the same proxies here.
    """
    reader = AddressReader(trusted_proxies, ipv6_prefix)

    def key(environ: WSGIEnvironment) -> str:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        return reader.key(environ.get("REMOTE_ADDR"), [] if forwarded is None else [forwarded])

    return key
