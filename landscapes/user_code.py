"""Objects by name: "path/to/file.py:name" or "package.module:name"."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from .landscape import LandscapeError

LOADED_FILES: dict[str, tuple[str, str]] = {}
"""Files that were run, by module name: (path, text). Another process needs them to unpickle what they define."""
STAGED_FILES_NAME = "searchparty_files"
STAGED_FILES = Path(__file__).parent.parent.parent / STAGED_FILES_NAME
"""Beside a copy of this package that has travelled to a node: the user's files, at their paths at home."""
REFERENCE_FORM = '"path/to/file.py:name" or "package.module:name"'


def split_reference(reference: str, field: str) -> tuple[str, str]:
    """The place and the name of a reference, or a LandscapeError that names the field."""
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise LandscapeError(
            f"{field} must be {REFERENCE_FORM}, got {reference!r}. Write it so, e.g. objectives.py:loss."
        )
    return place, name


def is_python_file(place: str) -> bool:
    return place.endswith(".py")


def resolve_path(place: str, base: str | None) -> Path:
    """Where a file is: relative places are relative to ``base`` (the YAML's directory) or else to here."""
    return find_local_path(original_path(place, base))


def original_path(place: str, base: str | None) -> Path:
    """Where a file is on the machine on which the experiment was written."""
    return Path(base or ".") / Path(place).expanduser()


def find_local_path(path: Path) -> Path:
    """Where a file or a folder is that has travelled here from another machine, by its path there; others stay."""
    absolute = path.absolute()
    travelled = STAGED_FILES / absolute.relative_to(absolute.anchor)
    return travelled if travelled.exists() else path


def read_source(reference: str, base: str | None) -> str | None:
    """The text of the file a reference names, if it names one that can be read."""
    place = reference.rpartition(":")[0]
    if not is_python_file(place):
        return None
    try:
        return resolve_path(place, base).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def load_object(reference: str, field: str, base: str | None = None, source: str | None = None) -> Any:
    """The object a reference names. Raises LandscapeError, naming ``field``, for whatever is wrong with it.

    ``source`` stands in for a file that is not on this machine (a worker of a cluster).
    """
    place, name = split_reference(reference, field)
    module = _load_file(place, field, base, source) if is_python_file(place) else _load_module(place, field)
    try:
        return getattr(module, name)
    except AttributeError:
        near = get_close_matches(name, [n for n in dir(module) if not n.startswith("_")], n=1)
        cure = f"Did you mean {near[0]!r}?" if near else "Define it there at the top level."
        raise LandscapeError(
            f"{field} must name something in {place}, got {name!r}, which is not there. {cure}"
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
    # One module a file and a content, so that an edited file is read anew and two files never clash; by its path at
    # home, so that it has one name on all machines.
    name = "searchparty_user_" + hashlib.sha256(f"{home}\0{text}".encode()).hexdigest()[:16]
    known = sys.modules.get(name)
    return known if known is not None else _execute_source(name, home, text, field)


def unpickle_with_files(loaded: dict[str, tuple[str, str]], message: bytes) -> Any:
    """What another process pickled, after the files that it has run (its ``LOADED_FILES``) have been run here too.

    Raises LandscapeError where a file that is needed does not run here; one that is not needed may fail.
    """
    wrong: dict[str, LandscapeError] = {}
    for name, (path, text) in loaded.items():
        if name not in sys.modules:
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
    """The module that a file's text makes, ``home`` being its path where it was written."""
    path = find_local_path(home)
    spec = spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = str(path)
    # Known by its name while it runs: dataclasses and pickle look their module up.
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise LandscapeError(
            f"{field} must name a file that runs, got {path}, which raised {type(error).__name__}: {error}"
            f"{_line_of_error(error, path)}. {_suggest_fix(error)}"
        ) from None
    finally:
        sys.path.remove(str(path.parent))
    if str(path.parent) not in sys.path:
        # For neighbours that are imported only when a function is called; what is installed goes before them.
        sys.path.append(str(path.parent))
    LOADED_FILES[name] = (str(home), text)
    return module


def _suggest_fix(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError) and STAGED_FILES.exists():
        return "If it is a file of yours, name it under files:, so that it travels too."
    return "Mend the file."


def _line_of_error(error: BaseException, path: Path) -> str:
    """Where in the file it went wrong."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f" (line {line})"
