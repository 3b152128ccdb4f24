"""Chooses how confined processes are confined here, by trying: the rungs of a ladder, the strongest first."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from ..evaluation.evaluator import CannotEvaluate
from .confined_process import AGENT_ROLE, SERVERS, ConfinedError, ConfinedProcess, SandboxError, SandboxServer
from .restrictions import RestrictionError, check_platform, list_readable
from .settings import Sandbox

NAMESPACES, RESTRICTIONS, OPEN = "namespaces", "restrictions", "open"
RUNGS = (NAMESPACES, RESTRICTIONS)
"""The rungs, the strongest first. Namespaces are restrictions within namespaces of their own, which bwrap makes."""
RUNG_TEXTS = {
    NAMESPACES: "in namespaces of its own (bwrap), without files, network, processes or privileges (Landlock, seccomp)",
    RESTRICTIONS: "without files, network, processes or privileges (Landlock, seccomp)",
    OPEN: "NOT confined: it can read, write and send whatever you can (--allow-unsandboxed)",
}
"""What each rung means, in words."""
ADVICE = "Run it on Linux 5.13 or later with Landlock and seccomp, leave it out, or add --allow-unsandboxed."


class NoSandbox(CannotEvaluate):
    """There is no sandbox on this machine, and nobody said that none is needed."""


_allowed: ContextVar[bool] = ContextVar("allowed", default=False)
"""Whether the user has said that what stands under ``sandbox:`` may work without one where none starts."""
_chosen: dict[int, tuple[str, str]] = {}
"""By process: the rung that starts here, and why no higher one does; without a rung, "" and the reasons."""


@contextmanager
def allow_unsandboxed(allowed: bool = True) -> Iterator[None]:
    """Let experiments that are loaded in this context work what stands under ``sandbox:`` without one if none starts.

    Args:
        allowed: Whether to.
    """
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


def is_unsandboxed_allowed() -> bool:
    """Return whether a sandbox may be missing, in this context."""
    return _allowed.get()


def find_rung() -> tuple[str, str]:
    """Return the strongest rung that starts on this machine, and why no higher one does; "" if none starts."""
    found = _chosen.get(os.getpid())
    if found is None:
        _chosen.clear()
        found = _chosen[os.getpid()] = _try_rungs()
    return found


def require_rung(openly: bool) -> str:
    """Return the rung that is used here.

    Args:
        openly: Whether the user has said that none is needed.

    Raises:
        NoSandbox: None starts, and the user has not said so. The message names what failed.
    """
    rung, why = find_rung()
    if rung or openly:
        return rung or OPEN
    raise NoSandbox(f"sandbox must be one that starts on this machine, got {why}. {ADVICE}")


def use_rung(rung: str | None) -> None:
    """Use a rung in this process from now on, whatever starts; None tries them again. For tests and benchmarks."""
    for server in SERVERS.known.values():
        server.close()
    SERVERS.known.clear()
    _chosen.clear()
    if rung is not None:
        _chosen[os.getpid()] = rung, "it was chosen"


def open_process(role: str, sandbox: Sandbox, openly: bool) -> ConfinedProcess:
    """Start a confined process on the strongest rung that starts here.

    Args:
        role: The module that it runs.
        sandbox: Its limits.
        openly: Whether it may work unconfined where no rung starts.

    Raises:
        NoSandbox: No rung starts here.
        ConfinedError: The process has ended at once.
    """
    rung = require_rung(openly)
    server = SERVERS.known.get(rung)
    if server is None or not server.is_alive:
        try:
            server = SERVERS.known[rung] = start_server(rung)
        except SandboxError as error:
            raise NoSandbox(f"sandbox must be one that starts, got {error}. {ADVICE}") from None
    try:
        return server.start(role, sandbox)
    except SandboxError as error:
        raise NoSandbox(f"sandbox must be one that starts, got {error}. {ADVICE}") from None


def start_server(rung: str) -> SandboxServer:
    """Start a server whose children are on a rung. Raises SandboxError if it does not start."""
    if rung != NAMESPACES:
        return SandboxServer(confined=rung != OPEN)
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError("bwrap is not installed")
    return SandboxServer(wrap_in_namespaces(bwrap))


def wrap_in_namespaces(bwrap: str) -> Sequence[str]:
    """Return the words of a command that starts another one in namespaces of its own.

    Args:
        bwrap: The path of bubblewrap.
    """
    words = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    interpreter = [os.path.join(sys.prefix, name) for name in ("bin", "pyvenv.cfg", "lib")]
    interpreter += [os.path.join(sys.base_prefix, name) for name in ("bin", "lib")]
    for path in dict.fromkeys([*interpreter, *list_readable()]):
        if not path.startswith("/dev/"):
            words += ["--ro-bind-try", path, path]
    return [*words, "--chdir", "/"]


def _try_rungs() -> tuple[str, str]:
    reasons = []
    try:
        check_platform()
    except RestrictionError as error:
        return "", str(error)
    for rung in RUNGS:
        try:
            server = start_server(rung)
            server.start(AGENT_ROLE, Sandbox()).close()
        except (SandboxError, ConfinedError, OSError) as error:
            reasons.append(f"{rung}: {error}")
        else:
            SERVERS.known[rung] = server
            return rung, "; ".join(reasons)
    return "", "; ".join(reasons)
