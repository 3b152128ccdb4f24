"""Under which names the studio is served, and whether it may be: by name only, and beyond this machine only with a
token."""

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
"""Bind addresses that stand for all of this machine's."""
HOST_PATTERN = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\])"
)
DOCUMENTATION_ADDRESSES = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses of documentation: asking for the way there sends nothing, and tells this machine's own address."""


class StudioError(ValueError):
    """The studio cannot be served as it is asked for; the message says what to change."""


def allowed_hosts(host: str, port: int, extra: Iterable[str] = ()) -> frozenset[str]:
    """The values that a request's Host may have, in lower case, where the studio listens at ``host`` and ``port``.

    ``extra`` are names, or name:port, by which a proxy or a tunnel is known. Raises StudioError for one that is none.
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
    """The token to ask for, or None for none; "auto" makes one at random.

    Raises StudioError for an address beyond this machine without a token, and for a token that can be guessed or
    cannot be sent.
    """
    if token == "auto":
        return secrets.token_urlsafe(24)
    if token is None:
        if not is_loopback(host):
            rule = "stay on this machine (127.0.0.1) where there is no token"
            cure = "Add --token auto: whoever reaches that address could start runs."
            raise StudioError(format_problem("host", rule, quote(host), "", cure))
        return None
    # The token itself is not shown: what is printed may be kept.
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        rule = f"have {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters"
        raise StudioError(format_problem("token", rule, f"{len(token)}", "", "Use --token auto for a random one."))
    if not all("!" <= character <= "~" for character in token):
        rule = "be of printable ASCII characters without blanks"
        raise StudioError(format_problem("token", rule, "others", "", "Use --token auto for a random one."))
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a bind address. A name other than localhost may lead anywhere."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def local_host_names() -> tuple[str, ...]:
    """This machine's name and addresses, as far as it can tell without asking anybody."""
    name = socket.gethostname().lower()
    found = [name] if HOST_PATTERN.fullmatch(name) else []
    for address, family in DOCUMENTATION_ADDRESSES:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.append(bracket_host(probe.getsockname()[0]))
    return tuple(found)


def browser_host(host: str) -> str:
    """The host of an address to open, where the studio listens at ``host``: of all of this machine's, one by which
    others reach it too."""
    if host not in WILDCARD_ADDRESSES:
        return bracket_host(host)
    return next(
        (name for name in local_host_names() if name[-1].isdecimal() or name.startswith("[")), LOOPBACK_NAMES[0]
    )


def bracket_host(host: str) -> str:
    """A host as an address has it: in lower case, IPv6 in brackets."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _add_port(name: str, port: int) -> str:
    return f"{name}:{port}"


def _split_port(name: str) -> tuple[str, int | None]:
    """A name and its port, if it has one."""
    plain, number = name.strip().lower(), None
    with_port = re.fullmatch(r"(?P<name>.*[^:]|\[.*\]):(?P<port>\d{1,5})", plain)
    if with_port is not None and (plain.startswith("[") or ":" not in with_port["name"]):
        plain, number = with_port["name"], int(with_port["port"])
    plain = bracket_host(plain)
    if not HOST_PATTERN.fullmatch(plain) or (number is not None and not 0 < number < 65536):
        cure = "Write e.g. --allow-host studio.example, without http:// and without a path."
        raise StudioError(format_problem("--allow-host", "be a name, or name:port", quote(name), "", cure))
    return plain, number
