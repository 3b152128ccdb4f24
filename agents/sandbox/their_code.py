"""The text of a stranger's class: read here, run only in a confined process."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field

from ...landscapes.landscape import LandscapeError, Model
from ...landscapes.neighbours import with_local_imports
from ...landscapes.user_code import is_python_file, require_user_code, resolve_path, split_reference

FOLDER = "/sandbox/"
"""What stands before the names of their files in a confined process, where there are no such files."""
MOST_CODE_BYTES = 1 << 20
"""The most bytes of code that are read: to find its imports takes 600 times as much memory."""


class TheirCode(Model):
    """A class in a stranger's file, as text.

    Attributes:
        reference: How the user names it: "their_agent.py:Their".
        path: The path of its file on this machine, for copies to a cluster.
        files: The text of its file, which is the first, and of the modules that it imports from beside it, by their
            paths relative to its folder.
    """

    reference: str
    path: str = Field(repr=False)
    files: dict[str, str] = Field(repr=False)

    @property
    def class_name(self) -> str:
        """The name of the class."""
        return self.reference.rpartition(":")[2]

    @property
    def digest(self) -> str:
        """A digest of all its text."""
        return hashlib.sha256("\0".join(part for pair in self.files.items() for part in pair).encode()).hexdigest()


def read_code(reference: str, base: str | None) -> TheirCode:
    """Read the text of a class that a reference names. Nothing of it is run.

    Args:
        reference: "path/to/file.py:Class".
        base: The directory in which relative paths start.

    Raises:
        LandscapeError: It names no file that can be read, or user code is withheld.
    """
    place, _ = split_reference(reference, "kind")
    require_user_code(reference, "kind")
    if not is_python_file(place):
        raise LandscapeError(
            f"kind must name a file where there is a sandbox, got {reference!r}. Write path/to/file.py:Class: what is "
            "installed runs in this process, and would not be confined."
        )
    path = resolve_path(place, base).absolute()
    return TheirCode(reference=reference, path=str(path), files=_read_files(path))


def _read_files(path: Path) -> dict[str, str]:
    """Return the text of a file, which is the first, and of the modules that it imports from beside it."""
    folder, left = path.parent.resolve(), MOST_CODE_BYTES

    def check(found: Path) -> None:
        # What is beside a stranger's file is a stranger's, too: a link may lead to any file of the user.
        nonlocal left
        if found != path and not found.resolve().is_relative_to(folder):
            raise LandscapeError(
                f"kind must name a file that imports only what lies beside it, got {path}, beside which {found.name} "
                f"is a link to {found.resolve()}. Copy that there, if it is to be read in the sandbox."
            )
        left -= 0 if found.is_dir() else found.stat().st_size
        if left < 0:
            raise LandscapeError(
                f"kind must name at most {MOST_CODE_BYTES >> 20} MB of code, got more in {path}. Cut it."
            )

    try:
        if path.exists() and not path.is_file():
            raise OSError("it is no file")
        files = {path.name: ""}
        for each in with_local_imports(path, check):
            if each.suffix == ".py" and each.is_relative_to(path.parent):
                files[each.relative_to(path.parent).as_posix()] = each.read_text(encoding="utf-8")
        # It says what is wrong with a file that is none.
        files[path.name] = files[path.name] or path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise LandscapeError(f"kind must name a readable file, got {path}, which {why}. Check the path.") from None
    return files


class TextFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules whose text is given, before all others: there is no folder beside their file.

    Args:
        files: The texts, by relative path.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._paths = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
        self._files = files

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module; None leaves it to Python."""
        if name not in self._paths:
            return None
        place = self._paths[name]
        return spec_from_loader(name, self, origin=FOLDER + place, is_package=place.endswith("__init__.py"))

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's text."""
        place = self._paths[module.__name__]
        exec(compile(self._files[place], FOLDER + place, "exec"), module.__dict__)


def run_text(files: Mapping[str, str], name: str) -> Any:
    """Run the first of these texts in this process, which must be confined, and return what it has under a name.

    Raises:
        AttributeError: It has nothing under this name.
        Exception: Whatever it raises.
    """
    first = next(iter(files))
    sys.meta_path.insert(0, TextFinder({path: text for path, text in files.items() if path != first}))
    spec = spec_from_loader("their_module", loader=None, origin=FOLDER + first)
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = FOLDER + first
    # Dataclasses and pydantic look up their module by name.
    sys.modules[module.__name__] = module
    exec(compile(files[first], FOLDER + first, "exec"), module.__dict__)
    return getattr(module, name)
