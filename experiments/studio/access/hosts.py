"""Under which names the studio is served, and whether it may be: by name only, and beyond this machine only with a
token."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable

from ...spec.errors import say, shown

SHORTEST_TOKEN = 16
LONGEST_TOKEN = 200
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
EVERYWHERE = ("0.0.0.0", "::", "")
"""Bind addresses that stand for all of this machine's."""
NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\])")
FAR = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses of documentation: asking for the way there sends nothing, and tells this machine's own address."""


class StudioError(ValueError):
    """The studio cannot be served as it is asked for; the message says what to change."""


def served_names(host: str, port: int, extra: Iterable[str] = ()) -> frozenset[str]:
    """The values that a request's Host may have, in lower case, where the studio listens at ``host`` and ``port``.

    ``extra`` are names, or name:port, by which a proxy or a tunnel is known. Raises StudioError for one that is none.
    """
    names = [LOOPBACK, own_names()] if host in EVERYWHERE else [LOOPBACK] if is_loopback(host) else []
    found = {_with_port(name, port) for group in names for name in group}
    if host not in EVERYWHERE:
        found.add(_with_port(bracketed(host), port))
    for name in extra:
        plain, number = _parted(name)
        found |= {plain, _with_port(plain, port)} if number is None else {_with_port(plain, number)}
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
            raise StudioError(say("host", rule, shown(host), "", cure))
        return None
    # The token itself is not shown: what is printed may be kept.
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        rule = f"have {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters"
        raise StudioError(say("token", rule, f"{len(token)}", "", "Use --token auto for a random one."))
    if not all("!" <= character <= "~" for character in token):
        rule = "be of printable ASCII characters without blanks"
        raise StudioError(say("token", rule, "others", "", "Use --token auto for a random one."))
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a bind address. A name other than localhost may lead anywhere."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def own_names() -> tuple[str, ...]:
    """This machine's name and addresses, as far as it can tell without asking anybody."""
    name = socket.gethostname().lower()
    found = [name] if NAME.fullmatch(name) else []
    for address, family in FAR:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.append(bracketed(probe.getsockname()[0]))
    return tuple(found)


def reached(host: str) -> str:
    """The host of an address to open, where the studio listens at ``host``: of all of this machine's, one by which
    others reach it too."""
    if host not in EVERYWHERE:
        return bracketed(host)
    return next((name for name in own_names() if name[-1].isdecimal() or name.startswith("[")), LOOPBACK[0])


def bracketed(host: str) -> str:
    """A host as an address has it: in lower case, IPv6 in brackets."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _with_port(name: str, port: int) -> str:
    return f"{name}:{port}"


def _parted(name: str) -> tuple[str, int | None]:
    """A name and its port, if it has one."""
    plain, number = name.strip().lower(), None
    with_port = re.fullmatch(r"(?P<name>.*[^:]|\[.*\]):(?P<port>\d{1,5})", plain)
    if with_port is not None and (plain.startswith("[") or ":" not in with_port["name"]):
        plain, number = with_port["name"], int(with_port["port"])
    plain = bracketed(plain)
    if not NAME.fullmatch(plain) or (number is not None and not 0 < number < 65536):
        cure = "Write e.g. --allow-host studio.example, without http:// and without a path."
        raise StudioError(say("--allow-host", "be a name, or name:port", shown(name), "", cure))
    return plain, number
