"""Whose a request is: the addresses that the key functions of the middlewares find."""

from __future__ import annotations

from typing import Any

import pytest
import spillway.asgi
import spillway.wsgi


def both(peer: str | None, forwarded: str | None = None, **options: Any) -> str:
    """The key for ASGI, which must be that for WSGI."""
    headers = [] if forwarded is None else [(b"X-Forwarded-For", forwarded.encode("latin-1"))]
    scope = {
        "type": "http",
        "client": None if peer is None else (peer, 50123),
        "headers": [(b"host", b"x"), *headers],
    }
    environ: dict[str, Any] = {} if peer is None else {"REMOTE_ADDR": peer}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    key = spillway.asgi.client_address(**options)(scope)
    assert key == spillway.wsgi.client_address(**options)(environ)
    return key


def test_what_a_sender_can_write_is_not_believed() -> None:
    assert both("203.0.113.7") == "203.0.113.7"
    assert both("203.0.113.7", "10.0.0.1") == "203.0.113.7"
    assert both("203.0.113.7", "1.1.1.1, 2.2.2.2, 3.3.3.3", trusted_proxies=1) == "3.3.3.3"
    assert both("203.0.113.7", "1.1.1.1, 2.2.2.2, 3.3.3.3", trusted_proxies=2) == "2.2.2.2"


def test_a_request_that_came_by_fewer_proxies_has_the_key_of_the_connection() -> None:
    assert both("10.0.0.9", None, trusted_proxies=1) == "10.0.0.9"
    assert both("10.0.0.9", "", trusted_proxies=1) == "10.0.0.9"
    assert both("10.0.0.9", "1.1.1.1", trusted_proxies=2) == "10.0.0.9"


def test_fields_that_are_repeated_are_one_list() -> None:
    scope = {
        "client": ("10.0.0.9", 1),
        "headers": [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2, 3.3.3.3")],
    }
    keys = [spillway.asgi.client_address(proxies)(scope) for proxies in (1, 2, 3)]
    assert keys == ["3.3.3.3", "2.2.2.2", "1.1.1.1"]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::6]:443", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ("_hidden", "_hidden"),
        ("unix:", "unix:"),
    ],
)
def test_an_address_has_one_key_however_it_is_written(address: str, key: str) -> None:
    assert both("10.0.0.9", f"6.6.6.6, {address}", trusted_proxies=1) == key
    assert both(address) == key


def test_networks_of_other_sizes() -> None:
    assert both("2001:db8:1:2:3:4:5:6", ipv6_prefix=48) == "2001:db8:1::/48"
    assert both("2001:db8:1:2:3:4:5:6", ipv6_prefix=128) == "2001:db8:1:2:3:4:5:6/128"


def test_senders_that_are_not_known_share_a_key() -> None:
    assert both(None) == "unknown"
    assert both("") == "unknown"


@pytest.mark.parametrize("make", [spillway.asgi.client_address, spillway.wsgi.client_address])
def test_options_are_checked_when_the_function_is_made(make: Any) -> None:
    for bad in (-1, 101):
        with pytest.raises(ValueError, match=rf"^trusted_proxies is {bad}; it must be an int, 0 t"):
            make(bad)
    for wrong in (True, 1.0, "1", None):
        with pytest.raises(TypeError, match=r"^trusted_proxies is .+; it must be an int, 0 to 100"):
            make(wrong)
    for bad in (0, 129):
        with pytest.raises(ValueError, match=rf"^ipv6_prefix is {bad}; it must be an int, 1 to 12"):
            make(ipv6_prefix=bad)
