"""Serving the studio: a socket, uvicorn, the browser; and the run that it was started with."""

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

from .access.guard import Guard
from .access.hosts import StudioError, allowed_hosts, browser_host, check_binding
from .app import Studio, create_app

FIRST_PORT = 8137
PORTS_TRIED = 20
RUN_ENDS_SECONDS = 20.0
"""How long a run that the studio started has to close its log, once asked."""

PrintLine = Callable[[str], None]


class StudioListener:
    """Where a studio listens, and by which names and with what token it may be asked: all that may be wrong with it is
    found out before anything is begun.

    ``port`` None: the first free one from 8137 on; 0: any. ``names`` are further names. Raises StudioError for an
    address that cannot be served.
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
        """Listen no longer."""
        self.socket.close()


def serve_studio(studio: Studio, opening: StudioListener, browse: bool = True, say: PrintLine = print) -> None:
    """Serve until Ctrl-C, or a plain `kill`."""
    guarded = Guard(create_app(studio), opening.host_names, opening.token)
    # The guard keeps tokens out of logs; an access log would be one line for every few milliseconds.
    config = uvicorn.Config(
        guarded, log_level="warning", access_log=False, server_header=False, ws="none", lifespan="on"
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_announce_address, args=(server, opening.address, browse, say), daemon=True).start()
    # The server passes on the signal that ended it, once it has closed.
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(opening):
        server.run(sockets=[opening.socket])


def bind_socket(host: str, port: int | None) -> socket.socket:
    """A socket that listens. Raises StudioError where there is none to be had."""
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
            # A name that leads nowhere has numbers of its own.
            code = None if isinstance(error, UnicodeError | socket.gaierror) else error.errno
            if code == errno.EADDRINUSE and port is None:
                continue
            here = code not in (None, errno.EADDRNOTAVAIL)
            cure = "Choose another with --port." if here else "Use an address of this machine."
            why = getattr(error, "strerror", None) or error
            raise StudioError(f"{host}:{number} cannot be served ({why}). {cure}") from None
        return listening
    raise StudioError(
        f"port must be free, and none from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} is. Name one with --port."
    )


def _announce_address(server: uvicorn.Server, address: str, browse: bool, say: PrintLine) -> None:
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.02)
    say(f"The studio is open at {address}   (Ctrl-C closes it)")
    if browse:
        # Without a browser to be found this returns False, and the address stands above.
        webbrowser.open(address)


@contextlib.contextmanager
def experiment_process(arguments: Sequence[str], directory: Path, say: PrintLine) -> Iterator[Callable[[], bool]]:
    """`searchparty run` into a directory, in a process of its own that ends, cleanly, with the studio. What tells
    whether it has ended."""
    command = [sys.executable, "-m", "searchparty.experiments.cli.main", "run", *arguments, "--out", str(directory)]
    # In a session of its own: Ctrl-C is for the studio, which then asks the run to end.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    # Until somebody has waited for it, a process that has ended counts as alive, and its run as running.
    threading.Thread(target=process.wait, daemon=True).start()
    try:
        yield lambda: process.returncode is not None
    finally:
        if process.poll() is None:
            say("The run ends with the studio.")
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(RUN_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
