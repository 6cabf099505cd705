"""A web service with a limit for each client, and a client that keeps to two limits of another one.

python examples/rate_limits.py
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import spillway as sw
import spillway.wsgi

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# The other side allows 2 requests a second, and no more than 5 within any minute.
a_second = sw.TokenBucket("geocoder, a second", rate=2.0, burst=2)
a_minute = sw.LeakyBucket("geocoder, a minute", rate=5 / 60, capacity=5)
geocoder = sw.MultiLimiter(a_second, a_minute, name="geocoder")


def look_up(place: str) -> str:
    decision = geocoder.try_acquire()
    if decision:
        return f"{place} is found"
    assert decision.refused_by is not None
    return f"{place} has to wait {decision.retry_after:.1f} s for {decision.refused_by.name!r}"


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [look_up(environ["PATH_INFO"].strip("/")).encode()]


# Each client gets 1 request a second, and 3 at once. One proxy, which is ours, stands before this.
app = spillway.wsgi.RateLimitMiddleware(
    application,
    sw.KeyedLimiter("per_client", rate=1.0, burst=3, max_keys=100_000),
    key=spillway.wsgi.client_address(trusted_proxies=1),
)


def get(path: str, client: str) -> None:
    """What a server does with a request that came by the proxy."""

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told = dict(headers)
        print(f"{client} {path}: {status}, {told['RateLimit']}", end="; ")

    environ = {"PATH_INFO": path, "REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": client}
    print(b"".join(app(environ, start_response)).decode().strip())


def main() -> None:
    for place in ("Aachen", "Bonn", "Celle", "Dresden"):
        get(f"/{place}", "198.51.100.7")
    get("/Essen", "2001:db8::1")


if __name__ == "__main__":
    main()
