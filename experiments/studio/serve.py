"""Serving the studio: its socket, uvicorn, opening the browser, and the process of the run that it was started with."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import uvicorn

from .access.connections import BoundedProtocol
from .access.guard import Guard
from .access.hosts import StudioError, allowed_hosts, browser_host, check_binding
from .app import Studio, create_app

FIRST_PORT = 8137
PORTS_TRIED = 20
RUN_ENDS_SECONDS = 20.0
"""Seconds that a run which the studio started has to close its log after it was asked to end."""

PrintLine = Callable[[str], None]


class StudioListener:
    """The socket of a studio, the host names that requests may use, and the token that they need.

    Everything is checked before anything is started. If ``port`` is None, the first free port from 8137 on is used; 0
    means any free port. ``names`` are additional host names. Raises StudioError for an address that cannot be served.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int | None = None, token: str | None = None, names: Iterable[str] = ()
    ) -> None:
        self.token = check_binding(host, token)
        self.socket = bind_socket(host, port)
        try:
            number = self.socket.getsockname()[1]
            self.host_names = allowed_hosts(host, number, names)
        except StudioError:
            self.socket.close()
            raise
        self.address = f"http://{browser_host(host)}:{number}/" + (f"?token={self.token}" if self.token else "")

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def serve_studio(studio: Studio, opening: StudioListener, browse: bool = True, say: PrintLine = print) -> None:
    """Serve the studio until Ctrl-C or a plain `kill`."""
    guarded = Guard(create_app(studio), opening.host_names, opening.token)
    # The guard keeps tokens out of logs; an access log would get a line every few milliseconds.
    config = uvicorn.Config(
        guarded,
        http=BoundedProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_announce_address, args=(server, opening.address, browse, say), daemon=True).start()
    # uvicorn raises the signal that ended it again after it has closed.
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(opening):
        server.run(sockets=[opening.socket])


def bind_socket(host: str, port: int | None) -> socket.socket:
    """Bind a socket and listen on it; return it. Raises StudioError if the address or every port tried is unusable."""
    tried = [port] if port is not None else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in tried:
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host.strip("[]"), number))
            listening.listen(128)
        except (OSError, UnicodeError) as error:
            listening.close()
            # Errors of name resolution have their own numbers, which are not those of errno.
            code = None if isinstance(error, UnicodeError | socket.gaierror) else error.errno
            if code == errno.EADDRINUSE and port is None:
                continue
            here = code not in (None, errno.EADDRNOTAVAIL)
            cure = "Choose another with --port." if here else "Use an address of this machine."
            why = getattr(error, "strerror", None) or error
            raise StudioError(f"{host}:{number} cannot be served ({why}). {cure}") from None
        return listening
    raise StudioError(
        f"port must be free, and none from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} is. Choose one with --port."
    )


def _announce_address(server: uvicorn.Server, address: str, browse: bool, say: PrintLine) -> None:
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.02)
    say(f"The studio is open at {address}   (Ctrl-C closes it)")
    if browse:
        # This returns False if there is no browser; the address has been printed above.
        webbrowser.open(address)


@contextlib.contextmanager
def experiment_process(arguments: Sequence[str], directory: Path, say: PrintLine) -> Iterator[Callable[[], bool]]:
    """Run `searchparty run` into a directory, in a separate process that is ended cleanly when the context ends.

    Yields a function that returns whether the process has ended.
    """
    command = [sys.executable, "-m", "searchparty.experiments.cli.main", "run", *arguments, "--out", str(directory)]
    # A separate session, so that Ctrl-C reaches only the studio, which then asks the run to end.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    # A process that has ended counts as alive until it has been waited for, and its run as running.
    threading.Thread(target=process.wait, daemon=True).start()
    try:
        yield lambda: process.returncode is not None
    finally:
        if process.poll() is None:
            say("Ending the run with the studio.")
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(RUN_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
