"""The service under test: two routes, one pool of worker threads, one HTTP client pool.

/browse needs the catalogue upstream, /pay needs the payments upstream. With --guard the calls to
payments go through a policy of Spillway; nothing else differs.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import time
from collections.abc import Iterable
from typing import Any

import spillway as sw
import urllib3
import waitress
from processes import exit_with_parent
from schedule import BROWSE, PAY, SCHEDULES, TIMEOUT, WORKERS


class UpstreamError(Exception):
    """The upstream answered with a server error."""


def record(kind: str, request: int, at: float, detail: str = "") -> None:
    """Tells the drill what happened. One short write() each, so threads cannot mix lines."""
    os.write(1, f"{kind} {request} {at:.6f} {detail}\n".encode())


def breaker() -> sw.CircuitBreaker:
    return sw.CircuitBreaker(
        "payments",
        window=sw.TimeWindow(1.0, buckets=20),
        failure_rate=0.5,
        min_calls=10,
        slow_call=0.2,  # ten times the usual answer
        slow_rate=0.2,
        in_flight=True,  # a call that hangs counts as slow before it ends
        open_for=0.5,
        max_open=1.0,
        probe_lease=0.4,  # a probe that hangs makes way for the next one
    )


def bucket() -> sw.TokenBucket:
    """Somebody has measured what payments can serve, and sees to it that this stays true."""
    small = SCHEDULES["small"]
    return sw.TokenBucket("payments", rate=0.9 * small.slots / small.delay, burst=small.slots)


def adaptive() -> sw.AdaptiveLimiter:
    """Nobody has."""
    return sw.AdaptiveLimiter("payments", window=0.25, smoothing=0.5)  # for a short drill


# The whole difference between a plain and a guarded service.
GUARDS = {"breaker": breaker, "bucket": bucket, "adaptive": adaptive}


class Service:
    def __init__(self, catalogue: str, payments: str, guard: str | None) -> None:
        self._client = urllib3.PoolManager(
            maxsize=WORKERS, timeout=urllib3.Timeout(total=TIMEOUT), retries=False
        )

        def call_catalogue(request: int) -> None:
            self._fetch(f"{catalogue}/?{request}")

        def call_payments(request: int) -> None:
            record("sent", request, time.monotonic())
            self._fetch(f"{payments}/?{request}")

        self._routes = {
            BROWSE: call_catalogue,
            PAY: GUARDS[guard]()(call_payments) if guard else call_payments,
        }

    def _fetch(self, url: str) -> None:
        answer = self._client.request("GET", url)
        if answer.status >= 500:
            raise UpstreamError(f"{url} answered {answer.status}")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The WSGI application. The request number is the query string."""
        request = int(environ["QUERY_STRING"])
        headers = [("Content-Length", "0")]
        try:
            self._routes[environ["PATH_INFO"]](request)
            status = "200 OK"
        except sw.Rejected as refusal:
            record("refused", request, time.monotonic())
            status = "503 Service Unavailable"
            headers.append(("Retry-After", str(math.ceil(refusal.retry_after))))
        except urllib3.exceptions.TimeoutError:
            status = "504 Gateway Timeout"
        except (urllib3.exceptions.HTTPError, UpstreamError):
            status = "502 Bad Gateway"
        start_response(status, headers)
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--catalogue", required=True, help="URL of the healthy upstream")
    parser.add_argument("--payments", required=True, help="URL of the failing upstream")
    parser.add_argument("--guard", choices=GUARDS, help="put this before payments")
    args = parser.parse_args()
    # The drill shows and counts both what waitress warns of, a queue of requests, and what Spillway
    # does, an open breaker. Their lines would only disturb the picture.
    for name in ("waitress.queue", "spillway"):
        logging.getLogger(name).setLevel(logging.ERROR)
    sw.on_event(lambda event: record("breaker", 0, event.time_ns / 1e9, f"{event.old} {event.new}"))
    server = waitress.create_server(
        Service(args.catalogue, args.payments, args.guard),
        host="127.0.0.1",
        port=args.port,
        threads=WORKERS,
        backlog=1024,
        connection_limit=4096,  # the default, 100, would hide the queue from the clients' clocks
        asyncore_use_poll=True,  # select() stops at 1024 file descriptors
    )
    exit_with_parent()
    print("ready", flush=True)
    server.run()


if __name__ == "__main__":
    main()
