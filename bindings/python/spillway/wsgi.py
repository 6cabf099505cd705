"""A limiter in front of a WSGI application.

app = spillway.wsgi.RateLimitMiddleware(app, spillway.TokenBucket("api", rate=100.0, burst=20))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ._http import REFUSED, Gate
from ._limiter import Limiter

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["RateLimitMiddleware"]


class RateLimitMiddleware:
    """Answers 429 to requests that the limiter refuses, and tells the others what is left.

    cost(environ) says how many a request takes; without it each takes one. name is that of the
    quota in the header fields (see spillway.rate_limit_headers); None: the limiter's. All requests
    share the one limiter.
    """

    def __init__(
        self,
        app: WSGIApplication,
        limiter: Limiter,
        *,
        cost: Callable[[WSGIEnvironment], int] | None = None,
        name: str | None = None,
    ) -> None:
        self._app = app
        self._gate = Gate(limiter, cost, name)

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
