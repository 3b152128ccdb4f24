"""The guard of the studio: it accepts only small requests from its own page, under its own names, with its token.

Every page that the user has open can reach a server on this machine: a page from elsewhere can send requests to it
(cross-site request forgery), or make its own name resolve to this machine (DNS rebinding). Such a page cannot choose
the headers Host, Origin and Sec-Fetch-Site, because the browser writes them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from .request import GuardResponse, StudioRequest, check_request
from .token import TokenVerifier, WrongToken, WrongTokenDelay

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
"""Maximum time for a body to arrive; a slower one would occupy a connection that others need."""
POLICY_VIOLATION = 1008
"""The status code that closes a WebSocket for violating a policy."""
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "cache-control": "no-store",
}
"""Headers that every response has; they replace any that the application sets."""
FAILURE_TEXT = "The studio failed to answer. The error is printed in its terminal; reload the page to try again."

_logger = logging.getLogger(__name__)


class ClientDisconnected(Exception):
    """The client has disconnected."""


class Guard:
    """ASGI middleware that passes on allowed requests and answers the others with a message.

    It sets the security headers on every response, including that to an error of the application. ``hosts`` are the
    values that Host may have (``allowed_hosts``). If there is a ``token``, every request needs it. The token is removed
    from the query before anything else sees it, including the server's access log.
    """

    def __init__(self, app: App, hosts: Iterable[str], token: str | None = None) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token_verifier = None if token is None else TokenVerifier(token)
        self._wrong_token_delay = WrongTokenDelay()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._handle_http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})

    async def _handle_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = GuardedResponse(send)
        try:
            asked = StudioRequest(scope)
            check_request(asked, self._hosts)
            if self._token_verifier is not None:
                entered = self._token_verifier.enter(asked)
                if entered is not None:
                    await answer.send_reply(entered)
                    return
            body = await _read_body(asked, receive)
            await self._app(scope, _replay_body(body, receive), answer)
        except GuardResponse as reply:
            if isinstance(reply, WrongToken):
                await self._wrong_token_delay.wait()
            await answer.send_reply(reply)
        except ClientDisconnected:
            return
        except Exception:
            _logger.exception("the studio's app raised an error")
            if not answer.begun:
                await answer.send_reply(GuardResponse(500, FAILURE_TEXT))
            elif not answer.ended:
                # Break the connection: otherwise the client could not tell that the response is incomplete.
                raise


class GuardedResponse:
    """A ``send`` channel that adds the security headers and records whether the response has begun and ended."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            own = [(k, v) for k, v in message.get("headers", ()) if k.lower().decode("latin-1") not in SECURITY_HEADERS]
            message = {**message, "headers": [*own, *((k.encode(), v.encode()) for k, v in SECURITY_HEADERS.items())]}
        await self._send(message)
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def send_reply(self, reply: GuardResponse) -> None:
        """Send a response of the guard itself, and close the connection, because a request body may be unread on it."""
        body = reply.text.encode()
        headers = [("content-type", f"{reply.kind}; charset=utf-8"), ("content-length", str(len(body)))]
        headers += [("connection", "close"), *reply.headers]
        start = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        }
        await self(start)
        await self({"type": "http.response.body", "body": body})


async def _read_body(asked: StudioRequest, receive: Receive) -> bytes:
    """Read and return the whole body. Raises GuardResponse if it is too large or takes too long."""
    too_large = GuardResponse(413, f"A request's body must be at most {MOST_BODY_BYTES:,} bytes, got more. Send less.")
    declared = asked.header("content-length")
    if declared is not None and not (declared.isdecimal() and len(declared) < 20 and int(declared) <= MOST_BODY_BYTES):
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnected
                body += message.get("body", b"")
                if len(body) > MOST_BODY_BYTES:
                    raise too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        words = f"A request's body must arrive within {BODY_SECONDS:g} s, got only a part of it. Send it again."
        raise GuardResponse(408, words) from None


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` channel that yields the body already read, and then the messages of ``receive``."""
    left = [body]

    async def again() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return again
