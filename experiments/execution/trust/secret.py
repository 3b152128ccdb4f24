"""The secret with which this user's results are signed. It is kept in the user's state directory."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from ....landscapes.landscape import Refusal

SECRET_BYTES = 32
SECRET_NAME = "signing-key"


class SecretError(Refusal):
    """The secret cannot be read or created. The message says why, and what to do."""


def secret_path() -> Path:
    """Return the path of the secret: in $XDG_STATE_HOME/searchparty, or else in ~/.local/state/searchparty.

    Raises:
        SecretError: If this user has no home directory.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    try:
        # The standard says that a relative path is to be ignored.
        folder = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    except RuntimeError:
        raise SecretError("HOME must be set, got none. Set it, or XDG_STATE_HOME.") from None
    return folder / "searchparty" / SECRET_NAME


def read_secret(create: bool = False) -> bytes | None:
    """Read the secret of this user.

    Args:
        create: Whether to create it if there is none.

    Returns:
        The secret; None if there is none, and none is to be created.

    Raises:
        SecretError: If it cannot be read or created, or if others may read it.
    """
    path = secret_path()
    try:
        found = _read_file(path)
        if found is None and create:
            _create_file(path)
            found = _read_file(path)
        return found
    except OSError as error:
        raise SecretError(
            f"{path} must be a file that you can write, but is not ({error.strerror}). Make its folder writable, or "
            "set XDG_STATE_HOME to one that is."
        ) from None


def _read_file(path: Path) -> bytes | None:
    """Return the secret in a file; None if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        shared = stat.S_IMODE(status.st_mode) & 0o077
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or shared:
            raise SecretError(
                f"{path} must be a file of yours that nobody else may read, got {stat.filemode(status.st_mode)}, user "
                f"{status.st_uid}. Remove it: another is created, and your earlier results then need --trust once."
            )
        found = file.read(SECRET_BYTES + 1)
    if len(found) != SECRET_BYTES:
        raise SecretError(f"{path} must hold {SECRET_BYTES} bytes, got {len(found)}. Remove it: another is created.")
    return found


def _create_file(path: Path) -> None:
    """Create the file with a new secret, unless another process has created it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(descriptor)
        try:
            # A link fails if the name is taken, so that all processes use the secret of the first.
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:
            # This file system has no links.
            if not path.exists():
                os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
