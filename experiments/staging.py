"""What travels to the machines of a cluster: this package, and those of the user's files that a run needs.

The tree has the package at its top, and the user's files under ``landscapes/loading.py``'s ``AFAR``, each at the path
that it has at home. Nothing else is taken along: no repository, no virtual environment, no neighbour that nobody names.
"""

from __future__ import annotations

import ast
import importlib.util
import shutil
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..landscapes.command import Command
from ..landscapes.landscape import Landscape, Model
from ..landscapes.loading import AFAR, LOADED, is_file, resolved
from ..landscapes.user import UserFunction
from .experiment import Experiment
from .problems import SpecError, say

PACKAGE = Path(__file__).resolve().parent.parent
NAME = (__package__ or "").partition(".")[0]
ROOMS = ("landscapes", "agents", "orchestrator", "experiments")
LEFT_BEHIND = {"__pycache__", ".git", ".hg", ".venv", "venv", "node_modules", ".mypy_cache", ".pytest_cache", "results"}
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
    # There even when empty: by it a copy knows that it has travelled.
    (root / AFAR).mkdir(exist_ok=True)
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
        yield from (path for path in sorted((PACKAGE / room).rglob("*")) if path.is_file() and _wanted(path, PACKAGE))


def users_files(experiment: Experiment) -> Iterator[Path]:
    """Files of the user's that an experiment names, and the neighbours that these import."""
    modules = {type(model).__module__ for model in models_of(experiment)}
    found = [Path(LOADED[module][0]) for module in modules if module in LOADED]
    for landscape in _landscapes(experiment):
        found += _named(landscape)
    seen: set[Path] = set()
    while found:
        path = found.pop().absolute()
        if path not in seen and path.is_file():
            seen.add(path)
            yield path
            found += _neighbours(path)
    yield from _asked_for(experiment)


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


def _neighbours(path: Path) -> list[Path]:
    """Modules and packages beside a Python file that it imports, wherever in it."""
    if path.suffix != ".py":
        return []
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    found: list[Path] = []
    for name in _imported(tree):
        module, package = path.parent / f"{name}.py", path.parent / name
        if module.is_file():
            found.append(module)
        elif (package / "__init__.py").is_file():
            found += [each for each in sorted(package.rglob("*")) if each.is_file() and _wanted(each, path.parent)]
    return found


def _imported(tree: ast.AST) -> set[str]:
    """First parts of the names of all modules that are imported."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or alias.name).partition(".")[0] for alias in node.names}
    return names


def _asked_for(experiment: Experiment) -> Iterator[Path]:
    """What ``files:`` names."""
    base = Path(experiment.home)
    for index, pattern in enumerate(experiment.files):
        place = Path(pattern).expanduser()
        anchor, relative = (
            (Path(place.anchor), place.relative_to(place.anchor)) if place.is_absolute() else (base, place)
        )
        hits = [hit for hit in sorted(anchor.glob(str(relative))) if _wanted(hit, anchor)]
        if not hits:
            cure = "Check the path; it is relative to the YAML's directory."
            raise SpecError([say(f"files.{index}", "match a file or a folder", repr(pattern), "", cure)])
        for hit in hits:
            inside = sorted(hit.rglob("*")) if hit.is_dir() else [hit]
            yield from (each.absolute() for each in inside if each.is_file() and _wanted(each, hit.parent))


def _modules(experiment: Experiment, root: Path) -> Iterator[tuple[Path, Path]]:
    """Modules that are named as package.module:name and are installed nowhere, but lie on this machine's path: each
    whole, at the tree's top, where it is found by its name."""
    for name in sorted(set(_module_names(experiment))):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or _installed(Path(spec.origin)):
            continue
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            inside = [each for each in sorted(origin.parent.rglob("*")) if each.is_file()]
            home = origin.parent.parent
            yield from ((each, root / each.relative_to(home)) for each in inside if _wanted(each, home))
        else:
            yield origin, root / origin.name


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
    places = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    return any(origin.is_relative_to(place) for place in [*places, PACKAGE]) or origin.suffix not in (".py", ".so")


def _wanted(path: Path, home: Path) -> bool:
    return not LEFT_BEHIND.intersection(path.relative_to(home).parts) and path.suffix != ".pyc"


def _note_version(root: Path) -> None:
    """So that a log that is written there says which version wrote it."""
    try:
        known = version(NAME)
    except PackageNotFoundError:
        return
    folder = root / f"{NAME}-{known}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {known}\n")
