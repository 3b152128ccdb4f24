"""The check of the token. A browser sends it once in the address of the page, and from then on as a cookie."""

from __future__ import annotations

import asyncio
import hmac
import time
from hashlib import sha256

from .request import FOREIGN_SITES, GuardResponse, StudioRequest

PAGE_TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>searchparty studio</title>{refresh}
<h1>searchparty studio</h1>
{words}
</html>
"""
TOKEN_HTML = """<p>This studio needs a token, and this request had {what}.</p>
<p>Open the full address that the studio printed in its terminal when it was started: it ends in
<code>/?token=...</code></p>
<p>If you have opened this studio in this browser before: <a href="/">open it</a>.</p>"""
WELCOME_HTML = """<p>Welcome. <a href="{address}">Open the studio</a>.</p>"""
TOKEN_TEXT = (
    "This studio needs a token, and this request had {what}. Open the full address that the studio printed "
    "in its terminal, or send the header Authorization: Bearer with the token."
)


SLOT_SECONDS = 0.5
MOST_DELAY_SECONDS = 8.0


class WrongTokenDelay:
    """Delays the answers to wrong tokens: all together get one per ``SLOT_SECONDS``, at the latest after
    ``MOST_DELAY_SECONDS``. Requests with the right token are never delayed."""

    def __init__(self) -> None:
        self._next_slot = 0.0

    async def wait(self) -> None:
        """Wait until an answer may be given."""
        now = time.monotonic()
        slot = min(max(now, self._next_slot), now + MOST_DELAY_SECONDS)
        self._next_slot = slot + SLOT_SECONDS
        await asyncio.sleep(slot - now)


class TokenVerifier:
    """A verifier of the token, which compares in constant time.

    The cookie holds a digest of the token, because browsers send cookies to every server on this host, on any port.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie_value = hmac.new(self._token, b"searchparty studio", sha256).hexdigest()

    def enter(self, asked: StudioRequest) -> GuardResponse | None:
        """Check a request's token; return None if it is valid.

        If the request opens the page with the token in the address, return the response that sets the cookie and leads
        to the address without the token. Raises GuardResponse if the token is missing or wrong.
        """
        if asked.method == "GET" and asked.path == "/" and asked.token is not None:
            if self._is_token(asked.token):
                return self._redirect_with_cookie(asked)
            raise _refuse_without_token(asked, "a wrong one")
        given = asked.header("authorization")
        if given is not None:
            scheme, _, token = given.partition(" ")
            if scheme.lower() == "bearer" and self._is_token(token.strip()):
                return None
            raise _refuse_without_token(asked, "a wrong one")
        passes = [value for name, value in _parse_cookies(asked) if name == _cookie_name(asked)]
        # Another server on this host may have set a cookie with the same name.
        if any(hmac.compare_digest(each.encode("latin-1"), self._cookie_value.encode()) for each in passes):
            return None
        raise _refuse_without_token(asked, "an old one" if passes else "none")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token)

    def _redirect_with_cookie(self, asked: StudioRequest) -> GuardResponse:
        address = "/" + (f"?{asked.query}" if asked.query else "")
        cookie = f"{_cookie_name(asked)}={self._cookie_value}; Path=/; HttpOnly; SameSite=Strict"
        cookie += "; Secure" if asked.scheme == "https" else ""
        if asked.header("sec-fetch-site") not in FOREIGN_SITES:
            return GuardResponse(303, "", location=address, set_cookie=cookie)
        # A browser that follows a link from another site sends no SameSite=Strict cookie, not even after a redirect;
        # it sends the cookie only for navigations that start from our own page.
        address = address.replace("&", "&amp;")
        words, refresh = WELCOME_HTML.format(address=address), f'<meta http-equiv="refresh" content="0;url={address}">'
        return GuardResponse(200, PAGE_TEMPLATE.format(refresh=refresh, words=words), "text/html", set_cookie=cookie)


class WrongToken(GuardResponse):
    """The response to a request with a token, or a cookie, that is wrong."""


def _refuse_without_token(asked: StudioRequest, what: str) -> GuardResponse:
    authenticate = {"www_authenticate": 'Bearer realm="searchparty studio"'}
    response = GuardResponse if what == "none" else WrongToken
    if asked.path.startswith("/api"):
        return response(401, TOKEN_TEXT.format(what=what), **authenticate)
    return response(
        401, PAGE_TEMPLATE.format(refresh="", words=TOKEN_HTML.format(what=what)), "text/html", **authenticate
    )


def _cookie_name(asked: StudioRequest) -> str:
    """Return the cookie's name; it contains the port, because browsers share cookies among all ports of a host."""
    return f"searchparty-{asked.port}"


def _parse_cookies(asked: StudioRequest) -> list[tuple[str, str]]:
    pieces = [piece for line in asked.headers("cookie") for piece in line.split(";")]
    return [(name.strip(), value.strip()) for name, _, value in (piece.partition("=") for piece in pieces)]
