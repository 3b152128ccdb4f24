"""Import the modules that lie beside the user's files, so that each file has its own.

Python keeps one module for each name in a process. Two folders that each have a ``helper.py`` would share the one that
was imported first. So the user's files, and the modules beside them, are run with an import statement of their own
(``FolderImport``): it looks in the file's folder first, as Python does for a file that it is started with. The module
that is found keeps its plain name if nothing else has that name. Otherwise it is imported below a root that has a name
of its own ("searchparty_near_<digest>.helper").
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES, FrozenImporter, ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

EXCLUDED_NAMES = {
    "__pycache__",
    ".git",
    ".hg",
    ".venv",
    "venv",
    "node_modules",
    ".mypy_cache",
    ".pytest_cache",
    "results",
}
RAY_IGNORE_FILES = {".gitignore", ".rayignore"}
"""Files that are not listed, because Ray would leave out what they name. They were written for another purpose."""
CODE_SUFFIXES = (".py", ".so", ".pyd")
PRIVATE_PREFIX = "searchparty_near_"
RACY_SECONDS = 2.0
"""Byte code of a file that was written less than this before is not kept: it could not be told from that of the next
version of the file, which may have the same size and the same time."""


class Root:
    """A folder of the user, and the top-level name below which its modules are imported.

    Args:
        name: A plain name ("helper"), which stands for this module only; or a private one, below which any module of
            the folder is found.
        home: The folder on the user's machine.
        place: The folder here.
        key: The digest of the module and of all that it imports from the folder.
    """

    def __init__(self, name: str, home: Path, place: Path, key: str) -> None:
        self.name, self.home, self.place, self.key = name, home, place, key
        self.importing = FolderImport(home, place)


ROOTS: dict[str, Root] = {}
"""The roots in use, by name. The first folder that needs a plain name has it for as long as the process lives."""
_names_are_given = False
"""Whether another process decides who has the plain names. This one then gives none away."""


def describe_roots() -> dict[str, tuple[str, str]]:
    """Return (folder on the user's machine, key) of each root by name, for another process (``adopt_roots``)."""
    return {name: (str(root.home), root.key) for name, root in ROOTS.items()}


def adopt_roots(described: Mapping[str, tuple[str, str]], find_local: Callable[[Path], Path]) -> None:
    """Use the roots of another process, so that what it has pickled is found here under the same names.

    Args:
        described: What ``describe_roots`` returned there.
        find_local: Returns the path here of a folder of the user's machine.
    """
    global _names_are_given
    _names_are_given = True
    for name, (home, key) in described.items():
        if name not in ROOTS:
            _add_root(Root(name, Path(home), find_local(Path(home)), key))


def _add_root(root: Root) -> None:
    ROOTS[root.name] = root
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def set_import(module: ModuleType, importing: FolderImport) -> None:
    """Have the import statements of a module, and of its functions, carried out by ``importing``."""
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": importing}


class FolderImport:
    """The import statement of a file of the user: the modules in its folder come first.

    Args:
        home: The folder on the user's machine.
        place: The folder here.
    """

    def __init__(self, home: Path, place: Path) -> None:
        self._home, self._place = home, place
        self._prefixes: dict[str, str] = {}
        """What precedes the name of a module, by its first part: "" or the name of a private root and a dot."""
        self._importlib = _Importlib(self)

    def __call__(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import a module, as ``builtins.__import__`` does."""
        full = self.full_name(name) if level == 0 else name
        if full == name:
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            return self._importlib if found is importlib else found
        try:
            found = importlib.import_module(full)
            if fromlist:
                return builtins.__import__(full, globals, locals, fromlist, 0)
            return sys.modules[".".join(full.split(".")[:2])]
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(PRIVATE_PREFIX):
                raise
            missing = error.name.partition(".")[2]
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing) from None

    def full_name(self, name: str) -> str:
        """Return the name that a module has in this process."""
        top = name.partition(".")[0]
        prefix = self._prefixes.get(top)
        if prefix is None:
            prefix = self._prefixes[top] = self._find_prefix(top)
        return prefix + name

    def _find_prefix(self, top: str) -> str:
        # The order is Python's: built-in and frozen modules, the folder of the file, and then all others.
        if top in sys.builtin_module_names or FrozenImporter.find_spec(top) is not None:
            return ""
        spec = PathFinder.find_spec(top, [str(self._place)])
        # A folder without __init__.py is a package only if there is no other module of its name.
        if spec is None or (spec.origin is None and top not in ROOTS and _has_other_module(top)):
            return ""
        key = self._digest_module(top)
        known = ROOTS.get(top)
        if known is None and not _names_are_given and _is_free(top, spec.origin):
            known = Root(top, self._home, self._place, key)
            known.importing._prefixes[top] = ""
            _add_root(known)
        if known is not None and known.key == key:
            return ""
        name = PRIVATE_PREFIX + key
        if name not in ROOTS:
            _add_root(Root(name, self._home, self._place, key))
        ROOTS[name].importing._prefixes[top] = f"{name}."
        return f"{name}."

    def _digest_module(self, top: str) -> str:
        files = follow_imports(find_module_files(top, self._place), self._place)
        return _shorten(f"{self._home}\0{digest_code(files, self._place)}")


def _has_other_module(top: str) -> bool:
    """Return whether Python finds a module of this name, apart from folders without ``__init__.py``."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        # It is in sys.modules and has no spec.
        return True
    return spec is not None and spec.origin is not None


def _is_free(top: str, origin: str | None) -> bool:
    """Return whether no module has this plain name, except perhaps the one at ``origin``."""
    if top not in sys.modules and not _has_other_module(top):
        return True
    spec = getattr(sys.modules.get(top), "__spec__", None) or PathFinder.find_spec(top)
    return spec is not None and origin is not None and spec.origin == origin


class _Importlib(ModuleType):
    """``importlib`` as the user's files see it: ``import_module`` looks in the folder of the file first."""

    def __init__(self, importing: FolderImport) -> None:
        super().__init__("importlib")
        self._importing = importing

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """Import a module, as ``importlib.import_module`` does."""
        return importlib.import_module(name if name.startswith(".") else self._importing.full_name(name), package)


class _Finder:
    """Finds the modules below the roots."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module below a root; None leaves it to Python."""
        root = ROOTS.get(name.partition(".")[0])
        if root is None:
            return None
        if name == root.name and name.startswith(PRIVATE_PREFIX):
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(root.place)]
            return spec
        found = PathFinder.find_spec(name, [str(root.place)] if path is None else path)
        if found is not None and isinstance(found.loader, SourceFileLoader) and found.origin is not None:
            found.loader = _Loader(name, found.origin, root)
        return found


class _Loader(SourceFileLoader):
    """Runs a module below a root with the import statement of its folder."""

    def __init__(self, name: str, path: str, root: Root) -> None:
        super().__init__(name, path)
        self._root = root

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Return the time and size of a file. Raise OSError, so that no byte code is used, if it is too new."""
        found = super().path_stats(path)
        if time.time() - found["mtime"] < RACY_SECONDS:
            raise OSError
        return found

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        set_import(module, self._root.importing)
        super().exec_module(module)


def with_local_imports(path: Path, check: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a file and, recursively, the modules that it imports from its own folder, at any place in its code.

    Modules in packages in that folder may import modules that lie beside them, and modules in that folder. ``check`` is
    that of ``follow_imports``.
    """
    return follow_imports([path], path.parent, check)


def follow_imports(paths: Iterable[Path], root: Path, check: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield files and, recursively, the modules that they import from the folder ``root`` or from beside them.

    Args:
        paths: The files.
        root: The folder.
        check: Is called with each file or folder before it is read, and may raise; links to folders are then not
            followed within packages.
    """
    found, seen = list(paths), set[Path]()
    while found:
        path = found.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            if check is not None:
                check(path)
            yield path
            found += [
                each for name in list_imports(path) for each in find_module_files(name, root, path.parent, check=check)
            ]


def list_neighbour_files(module: str) -> Iterator[Path]:
    """Yield the files of a module below a root, given its name here, and those that they import; else nothing."""
    name, _, rest = module.partition(".")
    root = ROOTS.get(name)
    if root is not None:
        top = rest.partition(".")[0] if name.startswith(PRIVATE_PREFIX) else name
        yield from follow_imports(find_module_files(top, root.place), root.place)


def digest_code(paths: Iterable[Path], folder: Path) -> str:
    """Digest the code among these files, whole, with their paths relative to a folder; "" if there is none."""
    found = {os.path.relpath(path, folder): digest_file(path) for path in paths if path.suffix in CODE_SUFFIXES}
    return _shorten("\0".join(f"{path}\0{digest}" for path, digest in sorted(found.items()))) if found else ""


def digest_file(path: Path) -> str:
    """Digest a file's bytes; "" if there is no such file (an option of a command, a program found on the path)."""
    try:
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


def _shorten(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_module_files(name: str, *folders: Path, check: Callable[[Path], None] | None = None) -> list[Path]:
    """Return the files of a module or a package that lies in one of these folders, searched in this order.

    ``check`` is that of ``follow_imports``.
    """
    for folder in folders:
        module, package = folder / f"{name}.py", folder / name
        if (package / "__init__.py").is_file() or (package.is_dir() and not module.is_file()):
            if check is not None:
                check(package)
            return list(list_files_below(package, follow_links=check is None))
        if module.is_file():
            return [module]
        compiled = [path for suffix in EXTENSION_SUFFIXES if (path := folder / f"{name}{suffix}").is_file()]
        if compiled:
            return compiled[:1]
    return []


def list_imports(path: Path) -> frozenset[str]:
    """Return the first part of the name of each module that a Python file imports; nothing for other files."""
    if path.suffix != ".py":
        return frozenset()
    try:
        return _list_imports_in(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        # The parser runs out of its own stack, and says MemoryError, where code is nested too deeply.
        return frozenset()


@lru_cache(maxsize=4096)
def _list_imports_in(text: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                names.add(node.args[0].value.lstrip(".").partition(".")[0])
    return frozenset(names - {""})


def list_files_below(folder: Path, follow_links: bool = True) -> Iterator[Path]:
    """Yield the files below a folder, without the excluded names.

    Args:
        folder: The folder.
        follow_links: Whether links to folders are followed.
    """
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=follow_links):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if name not in EXCLUDED_NAMES and real not in seen)
        if real not in seen:
            seen.add(real)
            yield from (Path(place) / name for name in sorted(names) if is_included(Path(name)))


def is_included(path: Path) -> bool:
    """Return whether a file counts as the user's, by its name."""
    return path.name not in EXCLUDED_NAMES | RAY_IGNORE_FILES and path.suffix != ".pyc"
