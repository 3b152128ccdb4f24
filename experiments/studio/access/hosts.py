"""The host names under which the studio is served, and the check that other machines need a token."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable

from ...spec.errors import format_problem, quote

SHORTEST_TOKEN = 16
LONGEST_TOKEN = 200
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
WILDCARD_ADDRESSES = ("0.0.0.0", "::", "")
"""Bind addresses that mean all addresses of this machine."""
HOST_PATTERN = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\])"
)
DOCUMENTATION_ADDRESSES = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses reserved for documentation. Connecting a UDP socket to one sends nothing, but selects the local address."""


class StudioError(ValueError):
    """The studio cannot be served with these options; the message says what to change."""


def allowed_hosts(host: str, port: int, extra: Iterable[str] = ()) -> frozenset[str]:
    """Return the allowed values of a request's Host header, in lower case, for a studio at ``host`` and ``port``.

    ``extra`` are names, or name:port, by which a proxy or a tunnel is known. Raises StudioError for an invalid name.
    """
    names = (
        [LOOPBACK_NAMES, local_host_names()]
        if host in WILDCARD_ADDRESSES
        else [LOOPBACK_NAMES]
        if is_loopback(host)
        else []
    )
    found = {_add_port(name, port) for group in names for name in group}
    if host not in WILDCARD_ADDRESSES:
        found.add(_add_port(bracket_host(host), port))
    for name in extra:
        plain, number = _split_port(name)
        found |= {plain, _add_port(plain, port)} if number is None else {_add_port(plain, number)}
    if port == 80:
        found |= {name.removesuffix(":80") for name in found}
    return frozenset(found)


def check_binding(host: str, token: str | None) -> str | None:
    """Return the token that requests need, or None for none; "auto" creates a random one.

    Raises StudioError if other machines can reach the address and there is no token, and for a token of invalid length
    or with characters that cannot be sent.
    """
    if token == "auto":
        return secrets.token_urlsafe(24)
    if token is None:
        if not is_loopback(host):
            rule = "stay on this machine (127.0.0.1) if there is no token"
            cure = "Add --token auto: anyone who can reach this address could start runs."
            raise StudioError(format_problem("host", rule, quote(host), "", cure))
        return None
    # The token itself is not shown, because printed output may be stored.
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        rule = f"have {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters"
        raise StudioError(format_problem("token", rule, f"{len(token)}", "", "Use --token auto for a random one."))
    if not all("!" <= character <= "~" for character in token):
        rule = "consist of printable ASCII characters without spaces"
        raise StudioError(format_problem("token", rule, "others", "", "Use --token auto for a random one."))
    return token


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a bind address. Names other than localhost may resolve to anything."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def local_host_names() -> tuple[str, ...]:
    """Return this machine's name and addresses, as far as they are known without network requests."""
    name = socket.gethostname().lower()
    found = [name] if HOST_PATTERN.fullmatch(name) else []
    for address, family in DOCUMENTATION_ADDRESSES:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.append(bracket_host(probe.getsockname()[0]))
    return tuple(found)


def browser_host(host: str) -> str:
    """Return the host for the URL to open, if the studio listens at ``host``.

    If it listens at all addresses, prefer one by which other machines can reach it too.
    """
    if host not in WILDCARD_ADDRESSES:
        return bracket_host(host)
    return next(
        (name for name in local_host_names() if name[-1].isdecimal() or name.startswith("[")), LOOPBACK_NAMES[0]
    )


def bracket_host(host: str) -> str:
    """Return a host as it is written in a URL: in lower case, with IPv6 addresses in brackets."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _add_port(name: str, port: int) -> str:
    return f"{name}:{port}"


def _split_port(name: str) -> tuple[str, int | None]:
    """Split "name" or "name:port" into the name and the port, or None. Raises StudioError if it is invalid."""
    plain, number = name.strip().lower(), None
    with_port = re.fullmatch(r"(?P<name>.*[^:]|\[.*\]):(?P<port>\d{1,5})", plain)
    if with_port is not None and (plain.startswith("[") or ":" not in with_port["name"]):
        plain, number = with_port["name"], int(with_port["port"])
    plain = bracket_host(plain)
    if not HOST_PATTERN.fullmatch(plain) or (number is not None and not 0 < number < 65536):
        cure = "Write e.g. --allow-host studio.example, without http:// and without a path."
        raise StudioError(format_problem("--allow-host", "be a name, or name:port", quote(name), "", cure))
    return plain, number
