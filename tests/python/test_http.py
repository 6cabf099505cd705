"""Limiters in HTTP: the header fields, and the middlewares that send them."""

from __future__ import annotations

import asyncio
import wsgiref.util
import wsgiref.validate
from typing import Any

import pytest
import spillway as sw
import spillway.asgi
import spillway.wsgi

MS = 1_000_000
REFUSED = b"Too many requests\n"


def fields(decision: sw.Decision, **named: Any) -> dict[str, str]:
    return dict(sw.rate_limit_headers(decision, **named))


def test_a_full_limiter_has_no_time() -> None:
    bucket = sw.TokenBucket(rate=2.0, burst=10)
    assert fields(bucket.peek(now_ns=0), window=5.0) == {
        "RateLimit-Policy": '"default";q=10;w=5',
        "RateLimit": '"default";r=10',
    }


def test_times_are_rounded_up_and_the_time_is_that_of_the_next_token() -> None:
    bucket = sw.TokenBucket(rate=0.4, burst=3)  # a token each 2.5 s, all in 7.5 s
    bucket.try_acquire(3, now_ns=0)
    told = [fields(bucket.try_acquire(2, now_ns=at), window=7.5) for at in (0, 499 * MS, 500 * MS)]
    assert [one["RateLimit-Policy"] for one in told] == ['"default";q=3;w=8'] * 3
    assert [one["RateLimit"] for one in told] == [
        '"default";r=0;t=3',
        '"default";r=0;t=3',
        '"default";r=0;t=2',
    ]
    assert [one["Retry-After"] for one in told] == ["5", "5", "5"]
    one_is_there = fields(bucket.try_acquire(2, now_ns=2500 * MS), window=7.5)
    assert one_is_there["RateLimit"] == '"default";r=1;t=3'
    assert one_is_there["Retry-After"] == "3"


def test_without_a_window_none_is_told() -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=5)
    assert fields(bucket.try_acquire(3, now_ns=0)) == {
        "RateLimit-Policy": '"default";q=5',
        "RateLimit": '"default";r=2;t=1',
    }


def test_what_no_wait_helps_is_not_to_be_tried_again() -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=5)
    assert "Retry-After" not in fields(bucket.try_acquire(6, now_ns=0), window=5.0)


def test_a_debt_is_waited_for() -> None:
    bucket = sw.TokenBucket(rate=1.0, burst=5)
    decision = bucket.force_acquire(8, now_ns=0)
    assert fields(decision, window=5.0)["RateLimit"] == '"default";r=0;t=4'


def test_a_name_is_quoted() -> None:
    decision = sw.TokenBucket(rate=1.0).peek(now_ns=0)
    assert fields(decision, name='a "b" \\ c')["RateLimit"] == r'"a \"b\" \\ c";r=1'
    for name in ("é", "a\nb", "", "a" * 129):
        with pytest.raises(ValueError, match=r"name is .*; it must be 1 to 128 .* printable ASCII"):
            fields(decision, name=name)


def test_a_window_is_more_than_nothing() -> None:
    decision = sw.TokenBucket(rate=1.0).peek(now_ns=0)
    for window in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=r"^window is .*; it must be more than 0 s, or None"):
            fields(decision, window=window)
    for window in (1e10, float("inf")):  # more than 292 years
        assert fields(decision, window=window)["RateLimit-Policy"] == '"default";q=1'


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        await send({"type": f"{scope['type']}.seen"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"hello"})


def asgi_get(app: Any, kind: str = "http", path: str = "/") -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": kind, "path": path}, None, send))
    return sent


def test_asgi(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket("api", rate=0.5, burst=2)
    app = spillway.asgi.RateLimitMiddleware(
        asgi_app, bucket, cost=lambda scope: 2 if scope["path"] == "/dear" else 1
    )
    start, body = asgi_get(app)
    assert start["status"] == 200
    assert start["headers"] == [
        (b"x-own", b"1"),
        (b"ratelimit-policy", b'"api";q=2;w=4'),
        (b"ratelimit", b'"api";r=1;t=2'),
    ]
    assert body["body"] == b"hello"
    start, body = asgi_get(app, path="/dear")
    assert start["status"] == 429
    assert start["headers"] == [
        (b"ratelimit-policy", b'"api";q=2;w=4'),
        (b"ratelimit", b'"api";r=1;t=2'),
        (b"retry-after", b"2"),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(REFUSED)),
    ]
    assert body["body"] == REFUSED
    for kind in ("lifespan", "websocket"):
        assert asgi_get(app, kind) == [{"type": f"{kind}.seen"}]
    clock.advance(2)
    assert asgi_get(app, path="/dear")[0]["status"] == 200


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def wsgi_get(app: Any, path: str = "/") -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        told[:] = [status, dict(headers)]
        return lambda _: None

    environ = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    wsgiref.util.setup_testing_defaults(environ)
    answer = wsgiref.validate.validator(app)(environ, start_response)
    try:
        return told[0], told[1], b"".join(answer)
    finally:
        answer.close()  # type: ignore[attr-defined]


def test_wsgi(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.TokenBucket(rate=0.5, burst=2)
    app = spillway.wsgi.RateLimitMiddleware(
        wsgi_app,
        bucket,
        cost=lambda environ: 2 if environ["PATH_INFO"] == "/dear" else 1,
        name="shop",
    )
    told = {"RateLimit-Policy": '"shop";q=2;w=4', "RateLimit": '"shop";r=1;t=2'}
    assert wsgi_get(app) == ("200 OK", {"Content-Type": "text/plain"} | told, b"hello")
    status, headers, body = wsgi_get(app, "/dear")
    assert (status, body) == ("429 Too Many Requests", REFUSED)
    assert headers == told | {
        "Retry-After": "2",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(REFUSED)),
    }
    clock.advance(2)
    assert wsgi_get(app, "/dear")[0] == "200 OK"


def per_user() -> sw.KeyedLimiter:
    return sw.KeyedLimiter("per_user", rate=0.5, burst=2)


def test_asgi_by_key(clock: sw.testing.VirtualTime) -> None:
    def user(scope: Any) -> str | None:
        name: str = scope["path"][1:]
        return name or None

    app = spillway.asgi.RateLimitMiddleware(
        asgi_app,
        per_user(),
        key=user,
        cost=lambda scope: 3 if scope["path"] == "/dear" else 1,
    )
    for left in (1, 0):
        start, _ = asgi_get(app, path="/ann")
        assert start["status"] == 200
        assert dict(start["headers"])[b"ratelimit"] == b'"per_user";r=%d;t=2' % left
    start, body = asgi_get(app, path="/ann")
    assert (start["status"], body["body"]) == (429, REFUSED)
    assert dict(start["headers"])[b"ratelimit-policy"] == b'"per_user";q=2;w=4'
    assert dict(start["headers"])[b"retry-after"] == b"2"
    assert asgi_get(app, path="/bob")[0]["status"] == 200
    assert b"retry-after" not in dict(asgi_get(app, path="/dear")[0]["headers"])  # never
    for _ in range(5):  # nobody's request has no limit, and nothing is told of one
        assert asgi_get(app, path="/")[0]["headers"] == [(b"x-own", b"1")]


def test_wsgi_by_key(clock: sw.testing.VirtualTime) -> None:
    app = spillway.wsgi.RateLimitMiddleware(
        wsgi_app, per_user(), key=spillway.wsgi.client_address(trusted_proxies=1)
    )

    def get(forwarded: str | None) -> str:
        def with_address(environ: Any, start_response: Any) -> Any:
            environ["REMOTE_ADDR"] = "10.0.0.1"
            if forwarded is not None:
                environ["HTTP_X_FORWARDED_FOR"] = forwarded
            return app(environ, start_response)

        return wsgi_get(with_address)[0]

    assert [get(f"9.9.9.{i}, 1.1.1.1") for i in range(3)] == [
        "200 OK",
        "200 OK",
        "429 Too Many Requests",
    ]
    assert [get("2.2.2.2"), get(None)] == ["200 OK"] * 2


@pytest.mark.parametrize("middleware", [spillway.asgi, spillway.wsgi])
def test_a_key_and_a_keyed_limiter_need_each_other(middleware: Any) -> None:
    keyed, plain = sw.KeyedLimiter("per_user", rate=1.0), sw.TokenBucket("api", rate=1.0)
    with pytest.raises(TypeError, match=r"<KeyedLimiter 'per_user' .*> needs key=, a function"):
        middleware.RateLimitMiddleware(None, keyed)
    with pytest.raises(TypeError, match=r"key= is for a KeyedLimiter; <TokenBucket 'api' "):
        middleware.RateLimitMiddleware(None, plain, key=len)
    for limiter, key in ((keyed, len), (plain, None)):
        with pytest.raises(ValueError, match=r"^name is 'é'; it must be 1 to 128 characters"):
            middleware.RateLimitMiddleware(None, limiter, key=key, name="é")
    assert keyed.count_live_keys() == 0
    assert plain.snapshot().total_admitted == 0


def test_what_key_and_cost_raise_goes_to_the_server(clock: sw.testing.VirtualTime) -> None:
    def fail(_: Any) -> Any:
        raise LookupError("who?")

    for key, cost in ((fail, None), (lambda _: "ann", fail)):
        limiter = sw.KeyedLimiter(rate=1.0)
        with pytest.raises(LookupError):
            asgi_get(spillway.asgi.RateLimitMiddleware(asgi_app, limiter, key=key, cost=cost))
        with pytest.raises(LookupError):
            wsgi_get(spillway.wsgi.RateLimitMiddleware(wsgi_app, limiter, key=key, cost=cost))
    app = spillway.asgi.RateLimitMiddleware(asgi_app, limiter, key=lambda _: 1.5)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"^key is 1.5; it must be a str, bytes or an int"):
        asgi_get(app)


def test_other_limiters_say_the_time_of_their_limit(clock: sw.testing.VirtualTime) -> None:
    bucket = sw.LeakyBucket(rate=2.0, capacity=10)
    cases: list[tuple[Any, str]] = [
        (bucket, '"default";q=10;w=5'),
        (sw.SlidingWindowLimiter(limit=7, per=60.0), '"default";q=7;w=60'),
        (sw.SlidingWindowLimiter(limit=7, per=60.0, also=[(3, 10.0)]), '"default";q=3;w=10'),
        (sw.MultiLimiter(bucket), '"default";q=10'),
    ]
    for limiter, policy in cases:
        app = spillway.wsgi.RateLimitMiddleware(wsgi_app, limiter)
        assert wsgi_get(app)[1]["RateLimit-Policy"] == policy
