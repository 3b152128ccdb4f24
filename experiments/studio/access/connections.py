"""The connections of the studio: few, and each sends its requests in time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""Maximum time for the headers of a request to arrive, from the first byte or the beginning of the connection on."""
MOST_CONNECTIONS = 200
"""Maximum number of open connections. A browser opens six for each page."""


class BoundedProtocol(H11Protocol):
    """A connection that is closed if the headers of a request do not arrive within ``HEADER_SECONDS``.

    If there are too many connections, the oldest that waits for headers is closed in favour of the new one; if none
    does, the new one is closed.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers, and make room for this connection."""
        super().connection_made(transport)
        self._await_headers()
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = [each for each in self.connections if isinstance(each, BoundedProtocol) and each._deadline]
            min(waiting, key=lambda each: each._deadline.when() if each._deadline else 0.0)._abort()

    def data_received(self, data: bytes) -> None:
        """Receive a part of a request. Bytes that do not complete its headers do not prolong the wait for them."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif not self.transport.is_closing():
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort(self) -> None:
        # The loop calls ``connection_lost`` later; many may connect until then.
        self._stop_waiting()
        self.connections.discard(self)
        self.transport.abort()
