"""What a Ray that is started here needs to be private: a token, and ports that only this machine reaches.

Also what any Ray must not change in this process: how it ends at SIGTERM.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import ray
from ray.job_config import JobConfig

from ...loop.executor import ExecutorError

LOWEST_RAY = (2, 53)
"""The lowest version whose processes can all be asked for a token."""
LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 2.0
"""Within which a Ray on this machine answers."""
AUTH_MODE = "RAY_AUTH_MODE"


def check_ray_version(version: str) -> None:
    """Raise ExecutorError if a version of Ray is too old."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < LOWEST_RAY:
        lowest = ".".join(map(str, LOWEST_RAY))
        raise ExecutorError(
            f"ray must be at least {lowest}, got {version}, which lets any process on the network run programs as you. "
            f"Run: pip install 'ray>={lowest}', or use --executor simulated."
        )


check_ray_version(ray.__version__)


@contextlib.contextmanager
def require_token() -> Iterator[None]:
    """Have a Ray that is started within the context ask for a token, unless ``RAY_AUTH_MODE`` says otherwise.

    The token is the user's, if there is one, else a new one in ``~/.ray/auth_token``, which only the user can read. If
    Ray does not start, or once ``forget_token`` is called, this process is as it was before.
    """
    if os.environ.get(AUTH_MODE, "token").lower() != "token":
        yield
        return
    chosen = AUTH_MODE in os.environ
    _provide_token()
    _set_mode("token")
    try:
        yield
    except BaseException:
        if not chosen:
            _set_mode(None)
        raise
    if not chosen:
        _state.mode_is_ours = True


def forget_token() -> None:
    """Stop using the token: other clusters that this process may join must not receive it."""
    if _state.mode_is_ours:
        _state.mode_is_ours = False
        _set_mode(None)


class _State:
    mode_is_ours = False


_state = _State()


def _set_mode(mode: str | None) -> None:
    if mode is None:
        os.environ.pop(AUTH_MODE, None)
    else:
        os.environ[AUTH_MODE] = mode
    # Ray has read the environment when it was imported.
    ray._raylet.Config.initialize("")


def _provide_token() -> None:
    """Create the user's token if there is none, and make its file unreadable for others."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return
    path = Path.home() / ".ray" / "auth_token"
    try:
        if path.exists():
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        # Another process has just created it.
        return
    except OSError:
        # A home that cannot be written: the token is then known to this process and those that it starts.
        if not path.exists():
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()


@contextlib.contextmanager
def bind_to_loopback() -> Iterator[dict[str, str]]:
    """Give the options with which a Ray that is started within the context listens on this machine only."""
    from ray._private import services

    # Ray would replace this address by that of the network, at which it listens on all interfaces.
    with _replace(services, "resolve_ip_for_localhost", lambda host: host):
        yield {"_node_ip_address": LOOPBACK}


@contextlib.contextmanager
def leave_out_servants() -> Iterator[None]:
    """Have a Ray that is started within the context leave out what a single node that shows no logs has no use for.

    These are the processes of the autoscaler, of sending logs, and of a dashboard without pages, for which ``ray.init``
    would wait. Each of them imports Ray, which together takes as long as the rest of the start.
    """
    from ray._private import node, services

    with (
        _replace(node.Node, "start_monitor", lambda self: None),
        _replace(node.Node, "start_log_monitor", lambda self: None),
        _replace(services, "start_api_server", lambda *_, **__: ("", None)),
    ):
        yield


def is_bound_to_loopback(address: str) -> bool:
    """Return whether the Ray at an address, "host:port", listens on this machine only, as one that ``run`` started.

    Ray would join it at the machine's address in the network, where it does not answer.
    """
    from ray._private import services

    host, _, port = address.rpartition(":")
    if host not in ("127.0.0.1", "localhost") or not port.isdigit():
        return False
    try:
        socket.create_connection((services.resolve_ip_for_localhost(host), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError:
        return True
    return False


@contextlib.contextmanager
def keep_signal_handler() -> Iterator[None]:
    """Keep the handler of SIGTERM: Ray's ends the process at once, without a word and with what was found unsent."""
    from ray._private import utils

    with _replace(utils, "set_sigterm_handler", lambda _: None):
        yield


@contextlib.contextmanager
def _replace(module: Any, name: str, function: Callable[[Any], Any]) -> Iterator[None]:
    """Replace a function of Ray, if this version of it has one of that name."""
    known = getattr(module, name, None)
    if known is not None:
        setattr(module, name, function)
    try:
        yield
    finally:
        if known is not None:
            setattr(module, name, known)


def make_job_config() -> JobConfig:
    """Return settings by which the processes of a local Ray import modules from where this one does, and nowhere else.

    Ray has them look in the folder that the user is in first. A file there that has the name of a package, among those
    of a stranger for instance, would be imported in its place.
    """
    config = JobConfig()
    config._py_driver_sys_path = _OwnFolders()
    return config


class _OwnFolders(list[str]):
    """Folders that Ray adds for its processes, without those that are not in this process's path."""

    def extend(self, folders: Iterable[str]) -> None:
        """Add folders."""
        known = {os.path.abspath(place) for place in sys.path}
        super().extend(folder for folder in folders if folder in known)
