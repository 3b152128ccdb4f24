"""What travels to the machines of a cluster: this package, and those of the user's files that a run needs.

The tree has the package at its top, and the user's files under ``landscapes/user_code.py``'s ``AFAR``, each at the path
that it has at home. Nothing else is taken along: no repository, no virtual environment, no neighbour that nobody names.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...landscapes.command import Command
from ...landscapes.landscape import Landscape, Model
from ...landscapes.python_function import UserFunction
from ...landscapes.user_code import AFAR, LOADED, is_file, resolved
from ..spec.errors import SpecError, say
from ..spec.models import Experiment

PACKAGE = Path(__file__).resolve().parents[2]
NAME = (__package__ or "").partition(".")[0]
ROOMS = ("landscapes", "agents", "orchestrator", "experiments")
LEFT_BEHIND = {"__pycache__", ".git", ".hg", ".venv", "venv", "node_modules", ".mypy_cache", ".pytest_cache", "results"}
RAYS_OWN = {".gitignore", ".rayignore"}
"""Ray leaves out what such files say, which were written for another purpose."""
LARGEST = 256 * 10**6
"""Bytes; what is larger belongs on a disk that the nodes share."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A tree that is ready to travel, and what it holds: (path at home, bytes), the largest first."""

    root: Path
    files: tuple[tuple[Path, int], ...]

    @property
    def size(self) -> int:
        return sum(size for _, size in self.files)

    def folders(self) -> list[tuple[Path, int]]:
        """(folder at home, bytes in it), the largest first."""
        sizes: dict[Path, int] = {}
        for path, size in self.files:
            sizes[path.parent] = sizes.get(path.parent, 0) + size
        return sorted(sizes.items(), key=lambda each: (-each[1], str(each[0])))


def stage(experiment: Experiment | None, root: Path) -> Staged:
    """Make the tree under ``root``, an empty directory: this package, and what an experiment names. Raises SpecError
    where a file is named that is not there, or where it would be too large."""
    taken = [(path, root / NAME / path.relative_to(PACKAGE)) for path in package_files()]
    if experiment is not None:
        taken += [(path, afar(root, path)) for path in sorted(set(users_files(experiment)))]
        taken += list(_modules(experiment, root))
    files = tuple(sorted(((path, path.stat().st_size) for path, _ in taken), key=lambda each: (-each[1], str(each[0]))))
    staged = Staged(root, files)
    if staged.size > LARGEST:
        places = "; ".join(f"{folder} {size / 1e6:.0f} MB" for folder, size in staged.folders()[:3])
        cure = f"Largest: {places}. Name fewer under files:, or put data on a disk that the nodes share."
        raise SpecError([say("files", f"come to at most {LARGEST // 10**6} MB", f"{staged.size / 1e6:.0f}", "", cure)])
    for path, target in taken:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    # There even when empty: by it a copy knows that it has travelled, and programs are started in the YAML's folder.
    (root / AFAR).mkdir(exist_ok=True)
    if experiment is not None:
        afar(root, Path(experiment.home)).mkdir(parents=True, exist_ok=True)
    _note_version(root)
    return staged


def afar(root: Path, path: Path) -> Path:
    """Where a file of this machine lies in the tree under ``root``."""
    return root / AFAR / path.absolute().relative_to(path.absolute().anchor)


def package_files() -> Iterator[Path]:
    """The files of this package."""
    yield PACKAGE / "__init__.py"
    yield PACKAGE / "py.typed"
    for room in ROOMS:
        for place in (PACKAGE / room).rglob("*"):
            if place.is_file() and "__pycache__" not in place.parts:
                yield place


def users_files(experiment: Experiment) -> Iterator[Path]:
    """Files of the user's that an experiment names, and the neighbours that these import."""
    modules = {type(model).__module__ for model in models_of(experiment)}
    named = [Path(LOADED[module][0]) for module in modules if module in LOADED]
    for landscape in _landscapes(experiment):
        named += _named(landscape)
    for path in named:
        yield from with_neighbours(path.absolute())
    yield from asked_for(experiment)


def with_neighbours(path: Path) -> Iterator[Path]:
    """A file, and what it imports, wherever in it, from its own folder; and so on. Modules in packages there find what
    lies beside them and what lies in that folder."""
    root, found, seen = path.parent, [path], set[Path]()
    while found:
        path = found.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            yield path
            found += [each for name in _imported(path) for each in _module(name, root, path.parent)]


def _landscapes(experiment: Experiment) -> list[Landscape]:
    return [landscape for _, variant in experiment.variants for landscape in variant.landscapes]


def models_of(experiment: Experiment) -> Iterator[Model]:
    """Everything that the experiment's YAML names by a kind."""
    yield from _landscapes(experiment)
    for _, variant in experiment.variants:
        for strategy in variant.strategies.values():
            policy = strategy.policy
            yield from (policy, *(value for _, value in policy if isinstance(value, Model)))
            yield from (agent for _, agent in strategy.team)


def _named(landscape: Landscape) -> list[Path]:
    """Files that a landscape of the user's own names."""
    if isinstance(landscape, UserFunction):
        references = [landscape.function, landscape.gradient or ""]
        places = [reference.rpartition(":")[0] for reference in references]
        return [resolved(place, landscape.base) for place in places if is_file(place)]
    if isinstance(landscape, Command):
        return [path for word in landscape.command if (path := resolved(word, landscape.base)).is_file()]
    return []


def _module(name: str, *folders: Path) -> list[Path]:
    """The files of a module or a package that lies in one of these folders, which is looked for in that order."""
    for folder in folders:
        module, package = folder / f"{name}.py", folder / name
        if (package / "__init__.py").is_file() or (package.is_dir() and not module.is_file()):
            return list(_inside(package))
        if module.is_file():
            return [module]
    return []


def _imported(path: Path) -> set[str]:
    """First parts of the names of all modules that a file imports, if it is one of Python's."""
    if path.suffix != ".py":
        return set()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or alias.name).partition(".")[0] for alias in node.names}
    return names


def _inside(folder: Path) -> Iterator[Path]:
    """The files below a folder, links to folders followed, less what nobody wants to travel."""
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if name not in LEFT_BEHIND and real not in seen)
        if real not in seen:
            seen.add(real)
            yield from (Path(place) / name for name in sorted(names) if _wanted(Path(name)))


def asked_for(experiment: Experiment) -> Iterator[Path]:
    """What ``files:`` names."""
    for index, pattern in enumerate(experiment.files):
        try:
            hits = _hits(Path(experiment.home).absolute(), pattern)
        except (ValueError, RuntimeError, OSError) as error:
            cure = "Write a path, with * for any name in a folder and ** for any folders."
            got = f"{pattern!r} ({error})"
            raise SpecError([say(f"files.{index}", "be a path of files or folders", got, "", cure)]) from None
        if not hits:
            cure = "Check the path; it is relative to the YAML's directory."
            raise SpecError([say(f"files.{index}", "match a file or a folder", repr(pattern), "", cure)])
        for hit in hits:
            yield from _inside(hit) if hit.is_dir() else [hit]


def _hits(base: Path, pattern: str) -> list[Path]:
    place = Path(os.path.normpath(base / Path(pattern).expanduser()))
    if not any(mark in pattern for mark in "*?["):
        return [place] if place.exists() and pattern else []
    return [hit for hit in sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor)))) if _wanted(hit)]


def _modules(experiment: Experiment, root: Path) -> Iterator[tuple[Path, Path]]:
    """Modules that are named as package.module:name and are installed nowhere, but lie on this machine's path: each
    whole, with the neighbours that it imports, at the tree's top, where it is found by its name."""
    for name in sorted(set(_module_names(experiment))):
        for home, path in _uninstalled(name):
            yield path, root / path.relative_to(home)


def _uninstalled(name: str) -> Iterator[tuple[Path, Path]]:
    """(the folder in which a module is found, file) of all files of a module, unless it is installed."""
    if name == "__main__":
        cure = "Put it into a file, and name that: path/to/file.py:name."
        raise SpecError([say("function", "be in a module that other machines can import", "__main__", "", cure)])
    spec = importlib.util.find_spec(name)
    if spec is None:
        return
    folders = [Path(place) for place in spec.submodule_search_locations or []]
    files = [path for folder in folders for path in _inside(folder)] if folders else [Path(spec.origin or "")]
    home = (folders[0] if folders else files[0]).parent
    if not files or _installed(files[0]):
        return
    taken = {each for path in files for each in (path, *with_neighbours(path))}
    taken |= {each for path in files for found in _imported(path) for each in _module(found, home)}
    yield from ((home, path) for path in sorted(taken) if path.is_relative_to(home))


def _module_names(experiment: Experiment) -> Iterator[str]:
    for landscape in _landscapes(experiment):
        if isinstance(landscape, UserFunction):
            for reference in filter(None, [landscape.function, landscape.gradient]):
                place = reference.rpartition(":")[0]
                if place and not is_file(place):
                    yield place.partition(".")[0]
    modules = {type(model).__module__ for model in models_of(experiment)}
    yield from (module.partition(".")[0] for module in modules if module not in LOADED)


def _installed(origin: Path) -> bool:
    """Whether a module comes with Python, with an installed package, or with this one."""
    if {"site-packages", "dist-packages"}.intersection(origin.parts) or origin.suffix not in (".py", ".so"):
        return True
    places = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]
    return any(origin.is_relative_to(place) for place in [*places, PACKAGE])


def _wanted(path: Path) -> bool:
    return path.name not in LEFT_BEHIND | RAYS_OWN and path.suffix != ".pyc"


def _note_version(root: Path) -> None:
    """So that a log that is written there says which version wrote it."""
    try:
        known = version(NAME)
    except PackageNotFoundError:
        return
    folder = root / f"{NAME}-{known}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {known}\n")
