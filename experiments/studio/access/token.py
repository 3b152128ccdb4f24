"""The token: who has it comes in. A browser brings it once in an address and from then on as a cookie."""

from __future__ import annotations

import hmac
from hashlib import sha256

from .request import FOREIGN_SITES, GuardResponse, StudioRequest

PAGE_TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>searchparty studio</title>{refresh}
<h1>searchparty studio</h1>
{words}
</html>
"""
TOKEN_HTML = """<p>This studio asks for its token, and this request brought {what}.</p>
<p>Open the whole address that the studio printed in its terminal when it was started: it ends in
<code>/?token=...</code></p>
<p>If you have been in this studio with this browser before: <a href="/">go in</a>.</p>"""
WELCOME_HTML = """<p>Welcome. <a href="{address}">Go in</a>.</p>"""
TOKEN_TEXT = (
    "This studio asks for its token, and this request brought {what}. Open the whole address that the studio printed "
    "in its terminal, or send the header Authorization: Bearer with the token."
)


class TokenVerifier:
    """Compares tokens, in a time that tells nothing of them.

    The cookie holds a digest of the token: browsers show cookies to every server on this host, whatever its port.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie_value = hmac.new(self._token, b"searchparty studio", sha256).hexdigest()

    def enter(self, asked: StudioRequest) -> GuardResponse | None:
        """None for a request that has the token, and comes in; for one that opens the page with it in the address,
        the reply that sets the cookie and leads to the address without it. Raises the reply to any other."""
        if asked.method == "GET" and asked.path == "/" and asked.token is not None:
            if self._is_token(asked.token):
                return self._redirect_with_cookie(asked)
            raise _refuse_without_token(asked, "another one")
        given = asked.header("authorization")
        if given is not None:
            scheme, _, token = given.partition(" ")
            if scheme.lower() == "bearer" and self._is_token(token.strip()):
                return None
            raise _refuse_without_token(asked, "another one")
        passes = [value for name, value in _parse_cookies(asked) if name == _cookie_name(asked)]
        # Another server on this host may have set one of the same name beside ours.
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
        # A browser that follows a link from elsewhere brings no strict cookie along, redirects included; only what our
        # own page leads to counts as ours.
        address = address.replace("&", "&amp;")
        words, refresh = WELCOME_HTML.format(address=address), f'<meta http-equiv="refresh" content="0;url={address}">'
        return GuardResponse(200, PAGE_TEMPLATE.format(refresh=refresh, words=words), "text/html", set_cookie=cookie)


def _refuse_without_token(asked: StudioRequest, what: str) -> GuardResponse:
    authenticate = {"www_authenticate": 'Bearer realm="searchparty studio"'}
    if asked.path.startswith("/api"):
        return GuardResponse(401, TOKEN_TEXT.format(what=what), **authenticate)
    return GuardResponse(
        401, PAGE_TEMPLATE.format(refresh="", words=TOKEN_HTML.format(what=what)), "text/html", **authenticate
    )


def _cookie_name(asked: StudioRequest) -> str:
    """The cookie's name: browsers keep one jar for all ports of a host."""
    return f"searchparty-{asked.port}"


def _parse_cookies(asked: StudioRequest) -> list[tuple[str, str]]:
    pieces = [piece for line in asked.headers("cookie") for piece in line.split(";")]
    return [(name.strip(), value.strip()) for name, _, value in (piece.partition("=") for piece in pieces)]
