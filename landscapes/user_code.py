"""Load the user's objects by reference: "path/to/file.py:name" or "package.module:name"."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from .landscape import LandscapeError
from .neighbours import FolderImport, adopt_roots, describe_roots, digest_code, set_import, with_local_imports

USER_PREFIX = "searchparty_user_"
USER_FOLDERS: set[str] = set()
"""Folders of the user's files that were appended to ``sys.path`` here.

A process that this one starts is not given them in PYTHONPATH: there, a file named like an installed package would come
before it. It appends them itself when it runs the files.
"""
LOADED_FILES: dict[str, tuple[str, str]] = {}
"""Files that have been run, by module name: (path, text). Other processes need them to unpickle what they define."""
STAGED_FILES_NAME = "searchparty_files"
STAGED_FILES = Path(__file__).parent.parent.parent / STAGED_FILES_NAME
"""The folder next to a copy of this package on a node, with the user's files at their paths on the user's machine."""
REFERENCE_FORM = '"path/to/file.py:name" or "package.module:name"'
_withheld: ContextVar[list[str] | None] = ContextVar("withheld", default=None)
"""While user code is withheld: what would have run."""


@contextmanager
def withhold_user_code() -> Iterator[list[str]]:
    """Refuse to load what is named as the user's code, while the context is open.

    Yields:
        A list to which everything that is asked for is added: references, and the words of commands. It is empty if
        nothing of a user's would have run.

    Example:
        >>> with withhold_user_code() as withheld:
        ...     load_object("gift.py:loss", "function")
        Traceback (most recent call last):
        ...
        searchparty.landscapes.landscape.LandscapeError: function must be trusted before it is run, got ...
        >>> withheld
        ['gift.py:loss']
    """
    withheld: list[str] = []
    token = _withheld.set(withheld)
    try:
        yield withheld
    finally:
        _withheld.reset(token)


def require_user_code(name: str, field: str) -> None:
    """Say that the user's code of this name will be run, or may be later.

    Raises:
        LandscapeError: User code is withheld (``withhold_user_code``).
    """
    withheld = _withheld.get()
    if withheld is not None:
        withheld.append(name)
        raise LandscapeError(f"{field} must be trusted before it is run, got {name}. Add --trust to run it.")


def split_reference(reference: str, field: str) -> tuple[str, str]:
    """Split a reference into its place (a file or a module) and its name.

    Raises LandscapeError, which names ``field``, if it is not a reference.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise LandscapeError(f"{field} must be {REFERENCE_FORM}, got {reference!r}. Write e.g. objectives.py:loss.")
    return place, name


def is_python_file(place: str) -> bool:
    """Return whether the place of a reference is a file, not a module."""
    return place.endswith(".py")


def resolve_path(place: str, base: str | None) -> Path:
    """Return the path of a file on this machine.

    Relative paths start at ``base`` (the YAML's directory), or else at the current directory.
    """
    return find_local_path(original_path(place, base))


def original_path(place: str, base: str | None) -> Path:
    """Return the path of a file on the machine on which the experiment was written."""
    return Path(base or ".") / Path(place).expanduser()


def find_local_path(path: Path) -> Path:
    """Return where a file or folder that was copied here from another machine is, given its path there.

    A path that was not copied is returned unchanged.
    """
    absolute = path.absolute()
    travelled = STAGED_FILES / absolute.relative_to(absolute.anchor)
    return travelled if travelled.exists() else path


def find_code_files(references: Iterable[str], base: str | None) -> list[Path]:
    """Return the paths, on this machine, of the files that references name; of modules there are none."""
    places = [reference.rpartition(":")[0] for reference in references]
    return [resolve_path(place, base) for place in places if is_python_file(place)]


def find_code_modules(references: Iterable[str]) -> list[str]:
    """Return the modules, such as package.module, that references name."""
    places = [reference.rpartition(":")[0] for reference in references]
    return [place for place in places if place and not is_python_file(place)]


def read_source(reference: str, base: str | None) -> str | None:
    """Return the text of the file that a reference names, or None if it names no readable file."""
    place = reference.rpartition(":")[0]
    if not is_python_file(place):
        return None
    try:
        return resolve_path(place, base).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def load_object(reference: str, field: str, base: str | None = None, source: str | None = None) -> Any:
    """Load the object that a reference names.

    Args:
        reference: "path/to/file.py:name" or "package.module:name".
        field: The setting that has the reference, for messages.
        base: The directory that relative paths start at; by default the current one.
        source: The text to use if the file is not on this machine (on a worker of a cluster).

    Returns:
        The object.

    Raises:
        LandscapeError: The reference is malformed, or the object cannot be loaded; the message names ``field``.
    """
    place, name = split_reference(reference, field)
    require_user_code(reference, field)
    module = _load_file(place, field, base, source) if is_python_file(place) else _load_module(place, field)
    try:
        return getattr(module, name)
    except AttributeError:
        near = get_close_matches(name, [n for n in dir(module) if not n.startswith("_")], n=1)
        cure = f"Did you mean {near[0]!r}?" if near else "Define it at the top level of that file or module."
        raise LandscapeError(
            f"{field} must name something in {place}, got {name!r}, which it does not define. {cure}"
        ) from None


def _load_module(place: str, field: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except Exception as error:
        raise LandscapeError(
            f"{field} must name a module that imports, got {place!r} ({type(error).__name__}: {error}). "
            "Install it, or name a file: path/to/file.py:name."
        ) from None


def _load_file(place: str, field: str, base: str | None, source: str | None) -> ModuleType:
    home = original_path(place, base).absolute()
    path = find_local_path(home)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if source is None:
            why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
            raise LandscapeError(
                f"{field} must name a readable file, got {path}, which {why}. Check the path."
            ) from None
        text = source
    # One module for each path, text and state of what it imports from its folder, so that an edited file is read again
    # and two files never clash. The path is that on the user's machine, so that the module has the same name on all
    # machines.
    beside = digest_code((each for each in with_local_imports(path) if each != path), path.parent)
    name = USER_PREFIX + hashlib.sha256(f"{home}\0{text}{beside and chr(0)}{beside}".encode()).hexdigest()[:16]
    known = sys.modules.get(name)
    return known if known is not None else _execute_source(name, home, text, field)


def list_loaded_files() -> dict[str, tuple[str, str]]:
    """Return what another process needs to unpickle what the user's files define (``unpickle_with_files``)."""
    return {**describe_roots(), **LOADED_FILES}


def unpickle_with_files(loaded: dict[str, tuple[str, str]], message: bytes) -> Any:
    """Run the files that another process has run, then unpickle what it sent.

    Args:
        loaded: What ``list_loaded_files`` returned in that process.
        message: The pickle.

    Returns:
        The unpickled object.

    Raises:
        LandscapeError: A file that is needed does not run here. A file that is not needed may fail.
    """
    wrong: dict[str, LandscapeError] = {}
    adopt_roots({name: root for name, root in loaded.items() if not name.startswith(USER_PREFIX)}, find_local_path)
    for name, (path, text) in loaded.items():
        if name.startswith(USER_PREFIX) and name not in sys.modules:
            try:
                _execute_source(name, Path(path), text, "kind")
            except LandscapeError as error:
                wrong[name] = error
    try:
        return pickle.loads(message)
    except ModuleNotFoundError as error:
        if error.name in wrong:
            raise wrong[error.name] from None
        raise


def _execute_source(name: str, home: Path, text: str, field: str) -> ModuleType:
    """Run a file's text as a module and return the module; ``home`` is its path on the user's machine."""
    path = find_local_path(home)
    spec = spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = str(path)
    folder = str(path.parent)
    set_import(module, FolderImport(home.parent, path.parent))
    # Registered while it runs, because dataclasses and pickle look up their module by name.
    sys.modules[name] = module
    added = folder not in sys.path
    if added:
        # For processes that the user's code starts, and for pickles: these look for modules by their plain names.
        sys.path.append(folder)
        USER_FOLDERS.add(folder)
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except BaseException as error:
        del sys.modules[name]
        if added and folder in sys.path:
            sys.path.remove(folder)
            USER_FOLDERS.discard(folder)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise LandscapeError(
            f"{field} must name a file that runs, got {path}, which raised {type(error).__name__}: {error}"
            f"{_line_of_error(error, path)}. {_suggest_fix(error)}"
        ) from None
    LOADED_FILES[name] = (str(home), text)
    return module


def _suggest_fix(error: BaseException) -> str:
    """Return what to do about an error that a file raised."""
    if isinstance(error, FileNotFoundError) and STAGED_FILES.exists():
        return "If it is one of your files, list it under files:, so that it is copied too."
    return "Correct the file."


def _line_of_error(error: BaseException, path: Path) -> str:
    """Return the line of the file at which an error occurred, as " (line 3)", or "" if it is not known."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f" (line {line})"
