"""Which modules of this package decide the points of a run, and digests of them."""

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
    "interfaces": ("landscapes/landscape.py", "landscapes/opening.py", "agents/agent.py"),
    "work": ("agents/leases/*.py",),
    "evaluation": (
        "agents/evaluation/evaluator.py",
        "agents/evaluation/in_process.py",
        "agents/evaluation/settings.py",
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
"""What every run depends on, by what it is for. A module that moves takes its line along; the names stay."""
NOT_DECIDING = ("landscapes/process/", "landscapes/user_code.py", "orchestrator/log/")
"""Modules that carry bytes or find the user's files. They are imported by those that decide points, and decide none."""
DECIDING = ("landscapes/", "agents/", "orchestrator/")


@dataclass(frozen=True)
class ModuleCode:
    """What is known of one module: the digests of its definitions, and the places of the modules that it imports."""

    definitions: tuple[str, ...]
    imports: tuple[str, ...]


def digest_package_code(classes: Mapping[str, type[Model]]) -> dict[str, str]:
    """Digest the code of this package that decides the points of runs.

    Args:
        classes: What the runs name, e.g. {"agent cma-es": CmaEs}.

    Returns:
        Digests by these names, of the modules of a class that are not shared by every run, and of the shared ones
        as "machinery work" and so on.
    """
    parts = {f"machinery {name}": machinery_places(name) for name in MACHINERY} if classes else {}
    parts |= {name: deciding_places(cls) for name, cls in classes.items()}
    return {name: digest_places(places) for name, places in sorted(parts.items()) if places}


def digest_places(places: frozenset[str]) -> str:
    """Digest modules, given by their places, as one."""
    return join_digests(digest for place in places for digest in analyse_module(place).definitions)


@cache
def machinery_places(name: str) -> frozenset[str]:
    """The places of a part of the machinery, e.g. "agents/leases/work.py"."""
    found = (path for pattern in MACHINERY[name] for path in SOURCE_ROOT.glob(pattern))
    return frozenset(path.relative_to(SOURCE_ROOT).as_posix() for path in found)


@cache
def deciding_places(cls: type[Model]) -> frozenset[str]:
    """The places of the modules of a class and its bases, and of all that they import, without the machinery."""
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
    """The place of a class's module, e.g. "agents/cma_es.py"; None for a class that is not of this package."""
    package, *names = cls.__module__.split(".")
    if package != (__package__ or "").partition(".")[0]:
        return None
    return _find_module(tuple(names))


@cache
def analyse_module(place: str) -> ModuleCode:
    """Read a module of this package, once in a process; one without source has no definitions."""
    tree = ast.parse(read_package_source(place))
    return ModuleCode(tuple(digest_definitions(tree)), tuple(dict.fromkeys(_imports(tree, place))))


def read_package_source(place: str) -> str:
    """The text of a module of this package; "" where it has none."""
    try:
        return (SOURCE_ROOT / place).read_text(encoding="utf-8")
    except OSError:
        return ""


def _decides(place: str) -> bool:
    return place.startswith(DECIDING) and not place.startswith(NOT_DECIDING)


def _imports(tree: ast.Module, place: str) -> Iterator[str]:
    """The places of all modules of this package that a module imports, wherever in it."""
    folder = place.split("/")[:-1]
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*folder[: len(folder) - node.level + 1], *filter(None, (node.module or "").split(".")))
            for alias in node.names:
                found = _find_module((*base, alias.name)) or _find_module(base)
                if found is not None:
                    yield found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node, also those in functions."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, name, ()):
            yield statement
            yield from _statements(statement)


@cache
def _find_module(names: tuple[str, ...]) -> str | None:
    """The place of a module or a package by the parts of its name."""
    for place in ("/".join(names) + ".py", "/".join([*names, "__init__.py"])):
        if (SOURCE_ROOT / place).is_file():
            return place
    return None
