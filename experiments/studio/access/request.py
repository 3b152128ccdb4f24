"""What a request says of where it comes from, and whether it may come from there."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ...spec.errors import quote

METHODS = ("GET", "HEAD", "POST", "DELETE")
CHANGING_METHODS = ("POST", "DELETE")
FOREIGN_SITES = ("cross-site", "same-site")
"""What browsers call a request from another page; a page on another port of this machine is of the "same site"."""
DEFAULT_PORTS = {"http": "80", "https": "443"}


class GuardResponse(Exception):
    """A response that the guard gives itself: its status, its text, and what kind of text."""

    def __init__(self, status: int, text: str, kind: str = "text/plain", **headers: str) -> None:
        super().__init__(text)
        self.status, self.text, self.kind = status, text, kind
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


class StudioRequest:
    """A request, less the token of its query: that is taken out of the scope, so that nobody can log it."""

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
        """All values of a header."""
        return [value for known, value in self._headers if known == name]

    def header(self, name: str) -> str | None:
        """A header that must not be repeated; None where it is missing."""
        values = self.headers(name)
        if len(values) > 1:
            raise GuardResponse(400, f"The header {name} must be given once, got {len(values)}. Send one of them.")
        return values[0] if values else None

    @property
    def host(self) -> str:
        """The name and the port that it asks for."""
        return (self.header("host") or "").lower()

    @property
    def port(self) -> str:
        """The port that the asker sees, which is another than the server's at the end of a tunnel."""
        _, colon, number = self.host.rpartition(":")
        return number if colon and number.isdecimal() else DEFAULT_PORTS.get(self.scheme, "80")

    @property
    def origin(self) -> str:
        """What the page's own requests have as Origin."""
        return f"{self.scheme}://{self.host}"


def check_request(asked: StudioRequest, hosts: Collection[str]) -> None:
    """Raise the Reply to a request that is not under one of the ``hosts``, or may be another page's doing."""
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
        raise GuardResponse(
            400, f"Host must be given once, got {len(given) or 'none'}. Send the name that you ask for."
        )
    if asked.host not in hosts:
        known = ", ".join(f"{asked.scheme}://{host}" for host in sorted(hosts))
        words = (
            f"Host must be a name under which the studio is served, got {quote(given[0])}. Open one of {known}; or, "
        )
        cure = (
            "if this name is meant to lead here (a tunnel, a proxy), start the studio with --allow-host and that name."
        )
        raise GuardResponse(421, words + cure)


def _is_page_navigation(asked: StudioRequest) -> bool:
    """Whether it does no more than follow a link to a page: what comes of it, whoever sent it here cannot see."""
    follows = asked.header("sec-fetch-mode") == "navigate" and asked.header("sec-fetch-dest") == "document"
    return follows and asked.method in ("GET", "HEAD") and not asked.path.startswith("/api")


def _check_change(asked: StudioRequest, origin: str | None, site: str | None) -> None:
    if origin is None and site != "same-origin":
        cure = f"Send the header Origin: {asked.origin}."
        raise GuardResponse(
            403, f"{asked.method} must say that it comes from the studio's own page, got no Origin. {cure}"
        )
    kind = asked.header("content-type")
    if kind is None or kind.partition(";")[0].strip().lower() != "application/json":
        words = f"Content-Type must be application/json, got {'none' if kind is None else quote(kind)}. "
        raise GuardResponse(403, words + "A form cannot send that, which is why it is asked for.")
