"""Finds the modules of this package that decide the points of a run, and digests them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...landscapes.landscape import Model
from .code_digest import digest_definitions, join_digests

SOURCE_ROOT = Path(__file__).resolve().parents[2]
MACHINERY = {
    "interfaces": ("landscapes/axis.py", "landscapes/landscape.py", "landscapes/opening.py", "agents/agent.py"),
    "work": ("agents/leases/*.py",),
    "evaluation": (
        "agents/evaluation/evaluator.py",
        "agents/evaluation/first_rows.py",
        "agents/evaluation/in_process.py",
        "agents/evaluation/settings.py",
        "landscapes/causes.py",
        "landscapes/real_numbers.py",
    ),
    "toolbox": ("agents/toolbox/*.py",),
    "state": ("orchestrator/state/*.py",),
    "loop": (
        "orchestrator/run_spec.py",
        "orchestrator/loop/drive.py",
        "orchestrator/loop/audit.py",
        "orchestrator/loop/randomness.py",
        "orchestrator/executors/lease_book.py",
        "orchestrator/executors/streams.py",
    ),
}
"""Patterns of the modules that every run depends on, by their purpose.

If a module moves, change its pattern here. The names must stay, because logs record them.
"""
NOT_DECIDING = (
    "landscapes/ambient.py",
    "landscapes/neighbours.py",
    "landscapes/process/",
    "landscapes/user_code.py",
    "orchestrator/log/",
)
"""Modules that transport bytes, find the user's files or keep warnings quiet: deciding modules import them, but they
decide no points."""
DECIDING = ("landscapes/", "agents/", "orchestrator/")


@dataclass(frozen=True)
class ModuleCode:
    """One module of this package, analysed.

    Attributes:
        definitions: The digests of its definitions.
        imports: The places of the modules of this package that it imports.
    """

    definitions: tuple[str, ...]
    imports: tuple[str, ...]


def digest_package_code(classes: Mapping[str, type[Model]]) -> dict[str, str]:
    """Digest the code of this package that decides the points of runs.

    Args:
        classes: The classes of the runs by name, e.g. {"agent cma-es": CmaEs}.

    Returns:
        Digests by these names, each of the modules of a class that not every run shares; and digests of the shared
        modules, named "machinery work" and so on.
    """
    parts = {f"machinery {name}": machinery_places(name) for name in MACHINERY} if classes else {}
    parts |= {name: deciding_places(cls) for name, cls in classes.items()}
    return {name: digest_places(places) for name, places in sorted(parts.items()) if places}


def digest_places(places: frozenset[str]) -> str:
    """Compute one digest of several modules, given by their places."""
    return join_digests(digest for place in places for digest in analyse_module(place).definitions)


@cache
def machinery_places(name: str) -> frozenset[str]:
    """Return the places of the modules in one part of the machinery, e.g. "agents/leases/work.py"."""
    found = (path for pattern in MACHINERY[name] for path in SOURCE_ROOT.glob(pattern))
    return frozenset(path.relative_to(SOURCE_ROOT).as_posix() for path in found)


@cache
def deciding_places(cls: type[Model]) -> frozenset[str]:
    """Return the places of the modules of a class and its bases, and of all their imports, without the machinery."""
    shared = frozenset[str]().union(*(machinery_places(name) for name in MACHINERY))
    ahead = [place for base in cls.__mro__ if (place := find_place(base)) is not None]
    found = set[str]()
    while ahead:
        place = ahead.pop()
        if place not in found | shared:
            found.add(place)
            ahead += [each for each in analyse_module(place).imports if _decides(each)]
    return frozenset(found)


def find_place(cls: type) -> str | None:
    """Return the place of a class's module, e.g. "agents/cma_es.py"; None for a class outside this package."""
    package, *names = cls.__module__.split(".")
    if package != (__package__ or "").partition(".")[0]:
        return None
    return _find_module(tuple(names))


@cache
def analyse_module(place: str) -> ModuleCode:
    """Analyse a module of this package, once per process. A module without source has no definitions."""
    tree = ast.parse(read_package_source(place))
    return ModuleCode(tuple(digest_definitions(tree)), tuple(dict.fromkeys(_imports(tree, place))))


def read_package_source(place: str) -> str:
    """Read the source of a module of this package; "" where there is none."""
    try:
        return (SOURCE_ROOT / place).read_text(encoding="utf-8")
    except OSError:
        return ""


def _decides(place: str) -> bool:
    return place.startswith(DECIDING) and not place.startswith(NOT_DECIDING)


def _imports(tree: ast.Module, place: str) -> Iterator[str]:
    """Yield the places of all modules of this package that a module imports, at its top level or in functions."""
    folder = place.split("/")[:-1]
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*folder[: len(folder) - node.level + 1], *filter(None, (node.module or "").split(".")))
            for alias in node.names:
                found = _find_module((*base, alias.name)) or _find_module(base)
                if found is not None:
                    yield found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements below a node, including those in functions."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, name, ()):
            yield statement
            yield from _statements(statement)


@cache
def _find_module(names: tuple[str, ...]) -> str | None:
    """Find the place of a module or a package by the parts of its name."""
    for place in ("/".join(names) + ".py", "/".join([*names, "__init__.py"])):
        if (SOURCE_ROOT / place).is_file():
            return place
    return None
