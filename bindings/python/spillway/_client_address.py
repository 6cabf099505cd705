"""Whose a request is, by the address it comes from. The key functions of asgi.py and wsgi.py."""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Sequence

UNKNOWN = "unknown"


class AddressReader:
    """From what a request brings to the key of its sender."""

    def __init__(self, trusted_proxies: int, ipv6_prefix: int) -> None:
        self._proxies = _whole("trusted_proxies", trusted_proxies, 0, 100)
        self._shift = 128 - _whole("ipv6_prefix", ipv6_prefix, 1, 128)

    def key(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """peer is who holds the connection, forwarded the fields X-Forwarded-For, in order."""
        sender = peer
        if self._proxies > 0:
            # Each proxy adds whom it heard from at the right. What stands further left than the
            # first trusted one's is what the sender chose to write.
            found = [one.strip() for one in ",".join(forwarded).split(",") if one.strip()]
            if len(found) >= self._proxies:
                sender = found[-self._proxies]
        return self._network(sender) if sender else UNKNOWN

    def _network(self, text: str) -> str:
        """The form in which each address, and each network of IPv6, has one key."""
        address = _parse(text)
        if address is None:
            return text
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if (mapped := address.ipv4_mapped) is not None:
            return str(mapped)
        network = int(address) >> self._shift << self._shift
        return f"{ipaddress.IPv6Address(network)}/{128 - self._shift}"


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, with its port or without. A sender has another port for each connection."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _whole(name: str, value: int, least: int, most: int) -> int:
    wanted = f"{name} is {value!r}; it must be an int, {least} to {most}"
    if isinstance(value, bool):
        raise TypeError(wanted)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(wanted) from None
    if not least <= number <= most:
        raise ValueError(wanted)
    return number
