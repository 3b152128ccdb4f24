"""Stages the files that are copied to the machines of a cluster: this package, and the user's files that a run needs.

The staged tree has the package at its top, and the user's files under ``STAGED_FILES_NAME``
(``landscapes/user_code.py``), each at the path that it has on this machine. Nothing else is copied: no repository, no
virtual environment, and no neighbouring file that is neither named nor imported.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ...landscapes.command import Command
from ...landscapes.landscape import Landscape, Model
from ...landscapes.neighbours import (
    ROOTS,
    find_module_files,
    is_included,
    list_files_below,
    list_imports,
    list_neighbour_files,
    with_local_imports,
)
from ...landscapes.user_code import (
    LOADED_FILES,
    STAGED_FILES_NAME,
    find_code_files,
    find_code_modules,
    find_local_path,
    resolve_path,
)
from ...orchestrator.branch import list_policies
from ...orchestrator.sandbox.sandboxed_policy import SandboxedPolicy
from ..spec.errors import SpecError, format_problem
from ..spec.models import Experiment

PACKAGE_FOLDER = Path(__file__).resolve().parents[2]
DISTRIBUTION_NAME = (__package__ or "").partition(".")[0]
PACKAGE_ROOMS = ("landscapes", "agents", "orchestrator", "experiments")
MOST_STAGED_BYTES = 256 * 10**6
"""The largest total size. Larger data belong on a disk that the nodes share."""


@dataclass(frozen=True, slots=True)
class StagedTree:
    """A staged tree that is ready to be copied to a cluster.

    Attributes:
        root: The directory of the tree.
        files: (path on this machine, size in bytes) of each file, the largest first.
    """

    root: Path
    files: tuple[tuple[Path, int], ...]

    @property
    def size(self) -> int:
        """The total size in bytes."""
        return sum(size for _, size in self.files)

    def folder_sizes(self) -> list[tuple[Path, int]]:
        """Return (folder on this machine, size in bytes of the files in it), the largest first."""
        sizes: dict[Path, int] = {}
        for path, size in self.files:
            sizes[path.parent] = sizes.get(path.parent, 0) + size
        return sorted(sizes.items(), key=lambda each: (-each[1], str(each[0])))


def stage_files(experiment: Experiment | None, root: Path) -> StagedTree:
    """Copy this package and the files that an experiment needs to a tree.

    Args:
        experiment: The experiment; None stages the package alone.
        root: An empty directory, which becomes the root of the tree.

    Returns:
        The tree.

    Raises:
        SpecError: If ``files:`` names a file that does not exist, if code is defined where other machines cannot import
            it, or if the tree would be larger than ``MOST_STAGED_BYTES``.
    """
    taken = [(path, root / DISTRIBUTION_NAME / path.relative_to(PACKAGE_FOLDER)) for path in package_files()]
    if experiment is not None:
        taken += [(path, remote_path(root, path)) for path in sorted(set(user_files(experiment)))]
        taken += list(_staged_modules(experiment, root))
    files = tuple(sorted(((path, path.stat().st_size) for path, _ in taken), key=lambda each: (-each[1], str(each[0]))))
    staged = StagedTree(root, files)
    if staged.size > MOST_STAGED_BYTES:
        places = "; ".join(f"{folder} {size / 1e6:.0f} MB" for folder, size in staged.folder_sizes()[:3])
        cure = f"Largest: {places}. Name fewer under files:, or put data on a disk that the nodes share."
        raise SpecError(
            [
                format_problem(
                    "files", f"add up to at most {MOST_STAGED_BYTES // 10**6} MB", f"{staged.size / 1e6:.0f}", "", cure
                )
            ]
        )
    for path, target in taken:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    # Create these folders even when they are empty: the first tells a copy of the package that it was staged, and
    # programs are started in the YAML's folder.
    (root / STAGED_FILES_NAME).mkdir(exist_ok=True)
    if experiment is not None:
        remote_path(root, Path(experiment.home)).mkdir(parents=True, exist_ok=True)
    _write_version(root)
    return staged


def remote_path(root: Path, path: Path) -> Path:
    """Return the path in the tree under ``root`` of a file of this machine."""
    return root / STAGED_FILES_NAME / path.absolute().relative_to(path.absolute().anchor)


def package_files() -> Iterator[Path]:
    """Yield the files of this package."""
    yield PACKAGE_FOLDER / "__init__.py"
    yield PACKAGE_FOLDER / "__main__.py"
    yield PACKAGE_FOLDER / "py.typed"
    for room in PACKAGE_ROOMS:
        for place in (PACKAGE_FOLDER / room).rglob("*"):
            if place.is_file() and "__pycache__" not in place.parts:
                yield place


def user_files(experiment: Experiment) -> Iterator[Path]:
    """Yield the user's files that an experiment names, and the local modules that these import."""
    for model in experiment_models(experiment):
        yield from list_model_files(model)
    yield from requested_files(experiment)


def list_model_files(model: Model) -> Iterator[Path]:
    """Yield the user's files that define the class of a model or that it names, and the local modules they import."""
    module = type(model).__module__
    if isinstance(model, SandboxedAgent | SandboxedPolicy):
        yield from (find_local_path(Path(model.code.path).parent / name) for name in model.code.files)
    if module in LOADED_FILES:
        yield from with_local_imports(find_local_path(Path(LOADED_FILES[module][0])).absolute())
    yield from list_neighbour_files(module)
    for path in _landscape_files(model):
        yield from with_local_imports(path.absolute())


def _variant_landscapes(experiment: Experiment) -> list[Landscape]:
    return [landscape for _, variant in experiment.variants for landscape in variant.landscapes]


def experiment_models(experiment: Experiment) -> Iterator[Model]:
    """Yield every landscape, policy, choice and agent that the experiment names by a kind."""
    yield from _variant_landscapes(experiment)
    for _, variant in experiment.variants:
        for strategy in variant.strategies.values():
            for policy in list_policies(strategy.policy):
                yield from (policy, *(value for _, value in policy if isinstance(value, Model)))
            yield from (agent for _, agent in strategy.team)


def _landscape_files(landscape: Model) -> list[Path]:
    """Return the files of code, data and programs that a landscape names; nothing for other models."""
    if isinstance(landscape, Command):
        return [path for word in landscape.command if (path := resolve_path(word, landscape.base)).is_file()]
    if not isinstance(landscape, Landscape):
        return []
    return [*find_code_files(landscape.code_references, getattr(landscape, "base", None)), *landscape.data_files]


def requested_files(experiment: Experiment) -> Iterator[Path]:
    """Yield the files that ``files:`` of an experiment names.

    Raises:
        SpecError: If an entry is not a valid path, or matches nothing.
    """
    for index, pattern in enumerate(experiment.files):
        try:
            hits = _match_files(Path(experiment.home).absolute(), pattern)
        except (ValueError, RuntimeError, OSError) as error:
            cure = "Write a path, with * for any name in a folder and ** for any folders."
            got = f"{pattern!r} ({error})"
            raise SpecError(
                [format_problem(f"files.{index}", "be a path of files or folders", got, "", cure)]
            ) from None
        if not hits:
            cure = "Check the path; it is relative to the YAML's directory."
            raise SpecError([format_problem(f"files.{index}", "match a file or a folder", repr(pattern), "", cure)])
        for hit in hits:
            yield from list_files_below(hit) if hit.is_dir() else [hit]


def _match_files(base: Path, pattern: str) -> list[Path]:
    place = Path(os.path.normpath(base / Path(pattern).expanduser()))
    if not any(mark in pattern for mark in "*?["):
        return [place] if place.exists() and pattern else []
    return [hit for hit in sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor)))) if is_included(hit)]


def _staged_modules(experiment: Experiment, root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (file on this machine, file in the tree) of modules that are named as package.module:name, on Python's
    path, but not installed.

    Each package is copied whole, with the neighbouring modules that it imports, to the top of the tree, where it can be
    imported by its name.
    """
    for name in sorted(set(_module_names(experiment))):
        for home, path in find_uninstalled_files(name):
            yield path, root / path.relative_to(home)


def find_uninstalled_files(name: str) -> Iterator[tuple[Path, Path]]:
    """Yield (the folder in which a module is found, file) of all files of a module, unless it is installed.

    Raises:
        SpecError: If the module is ``__main__``, which other machines cannot import.
    """
    if name == "__main__":
        cure = "Save it in a file, and refer to it as path/to/file.py:name."
        raise SpecError(
            [format_problem("function", "be in a module that other machines can import", "__main__", "", cure)]
        )
    spec = importlib.util.find_spec(name)
    if spec is None:
        return
    folders = [Path(place) for place in spec.submodule_search_locations or []]
    files = [path for folder in folders for path in list_files_below(folder)] if folders else [Path(spec.origin or "")]
    home = (folders[0] if folders else files[0]).parent
    if not files or _is_installed(files[0]):
        return
    taken = {each for path in files for each in (path, *with_local_imports(path))}
    taken |= {each for path in files for found in list_imports(path) for each in find_module_files(found, home)}
    yield from ((home, path) for path in sorted(taken) if path.is_relative_to(home))


def _module_names(experiment: Experiment) -> Iterator[str]:
    for landscape in _variant_landscapes(experiment):
        for place in find_code_modules(landscape.code_references):
            yield place.partition(".")[0]
    for model in experiment_models(experiment):
        module = type(model).__module__
        if module not in LOADED_FILES and module.partition(".")[0] not in ROOTS:
            yield module.partition(".")[0]


def _is_installed(origin: Path) -> bool:
    """Return whether a module comes with Python, with an installed package, or with this package."""
    if {"site-packages", "dist-packages"}.intersection(origin.parts) or origin.suffix not in (".py", ".so"):
        return True
    places = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]
    return any(origin.is_relative_to(place) for place in [*places, PACKAGE_FOLDER])


def _write_version(root: Path) -> None:
    """Write the metadata of this version, so that a log that is written on the cluster records it."""
    try:
        known = version(DISTRIBUTION_NAME)
    except PackageNotFoundError:
        return
    folder = root / f"{DISTRIBUTION_NAME}-{known}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION_NAME}\nVersion: {known}\n")
