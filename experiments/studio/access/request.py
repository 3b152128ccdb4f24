"""Requests to the studio, and the check that they come from its own page."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ...spec.errors import quote

METHODS = ("GET", "HEAD", "POST", "DELETE")
CHANGING_METHODS = ("POST", "DELETE")
FOREIGN_SITES = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site for requests from other pages; a page on another port of this machine is "same-site"."""
DEFAULT_PORTS = {"http": "80", "https": "443"}


class GuardResponse(Exception):
    """A response of the guard itself: its status, its text, the text's media type, and headers."""

    def __init__(self, status: int, text: str, kind: str = "text/plain", **headers: str) -> None:
        super().__init__(text)
        self.status, self.text, self.kind = status, text, kind
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


class StudioRequest:
    """A request. The token in its query is removed from the scope, so that it cannot be logged."""

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self.method, self.path = str(scope["method"]), str(scope["path"])
        self.scheme = str(scope.get("scheme", "http"))
        self._headers = [(k.decode("latin-1").lower(), v.decode("latin-1").strip()) for k, v in scope["headers"]]
        query = scope.get("query_string", b"").decode("latin-1")
        self.token: str | None = None
        self.query = query
        pairs = parse_qsl(query, keep_blank_values=True)
        self.token = next((value for name, value in pairs if name == "token"), None)
        if self.token is not None:
            self.query = urlencode([pair for pair in pairs if pair[0] != "token"])
            scope["query_string"] = self.query.encode()

    def headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for known, value in self._headers if known == name]

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None if it is missing. Raises GuardResponse if it is repeated."""
        values = self.headers(name)
        if len(values) > 1:
            raise GuardResponse(400, f"The header {name} must be given once, got {len(values)}. Send one of them.")
        return values[0] if values else None

    @property
    def host(self) -> str:
        """The Host header in lower case: the name and the port that the client asked for."""
        return (self.header("host") or "").lower()

    @property
    def port(self) -> str:
        """The port that the client asked for, which differs from the server's port behind a tunnel."""
        _, colon, number = self.host.rpartition(":")
        return number if colon and number.isdecimal() else DEFAULT_PORTS.get(self.scheme, "80")

    @property
    def origin(self) -> str:
        """The Origin header that requests of the studio's own page have."""
        return f"{self.scheme}://{self.host}"


def check_request(asked: StudioRequest, hosts: Collection[str]) -> None:
    """Raise GuardResponse for a request whose host is not in ``hosts``, or that may come from another page."""
    _check_host(asked, hosts)
    if asked.method not in METHODS:
        words = f"The method must be one of {', '.join(METHODS)}, got another. Use one of these."
        raise GuardResponse(405, words, allow=", ".join(METHODS))
    origin, site = asked.header("origin"), asked.header("sec-fetch-site")
    if origin is not None and origin != asked.origin:
        cure = f"Open {asked.origin} itself and use the page there."
        raise GuardResponse(403, f"Origin must be {asked.origin}, the studio's own page, got {quote(origin)}. {cure}")
    if site in FOREIGN_SITES and not _is_page_navigation(asked):
        cure = f"Open {asked.origin} itself and use the page there."
        raise GuardResponse(
            403, f"Requests must come from the studio's own page, got one from elsewhere ({site}). {cure}"
        )
    if asked.method in CHANGING_METHODS:
        _check_change(asked, origin, site)


def _check_host(asked: StudioRequest, hosts: Collection[str]) -> None:
    given = asked.headers("host")
    if len(given) != 1:
        raise GuardResponse(400, f"Host must be given once, got {len(given) or 'none'}. Send the name of the server.")
    if asked.host not in hosts:
        known = ", ".join(f"{asked.scheme}://{host}" for host in sorted(hosts))
        words = (
            f"Host must be a name under which the studio is served, got {quote(given[0])}. Open one of {known}; or, "
        )
        cure = "if this name should lead to the studio (a tunnel, a proxy), start it with --allow-host and that name."
        raise GuardResponse(421, words + cure)


def _is_page_navigation(asked: StudioRequest) -> bool:
    """Return whether a request only follows a link to the page; the page with the link cannot see the response."""
    follows = asked.header("sec-fetch-mode") == "navigate" and asked.header("sec-fetch-dest") == "document"
    return follows and asked.method in ("GET", "HEAD") and not asked.path.startswith("/api")


def _check_change(asked: StudioRequest, origin: str | None, site: str | None) -> None:
    if origin is None and site != "same-origin":
        cure = f"Send the header Origin: {asked.origin}."
        raise GuardResponse(403, f"{asked.method} requests must come from the studio's own page, got no Origin. {cure}")
    kind = asked.header("content-type")
    if kind is None or kind.partition(";")[0].strip().lower() != "application/json":
        words = f"Content-Type must be application/json, got {'none' if kind is None else quote(kind)}. "
        raise GuardResponse(403, words + "It is required because a form on another page cannot send it.")
