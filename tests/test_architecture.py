"""The folders and their order: imports have no cycles, folders are small, and some libraries have one entry point."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["landscapes", "agents", "orchestrator", "experiments"]
RAY = sorted(path.stem for path in (ROOT / "orchestrator" / "executors" / "on_ray").glob("*.py"))
DOORS = {
    "ray": {f"orchestrator/executors/on_ray/{name}.py" for name in RAY},
    "matplotlib": {
        f"experiments/drawing/{name}.py" for name in ("style", "comparison", "landscape", "plane", "minima", "sides")
    }
    | {f"experiments/animation/{name}.py" for name in ("stage", "gauges", "map")}
    | {"experiments/simulation/figure.py"},
    "yaml": {"experiments/spec/yaml_text.py"},
    "sqlite3": {"experiments/cluster/head_entry.py"}
    | {
        f"orchestrator/log/{name}.py"
        for name in ("damage", "directory_lock", "journal_mode", "log_file", "reader", "tables", "writer")
    },
    "greenlet": {"agents/toolbox/callback.py"},
    "pandas": {"experiments/results/table.py"},
    "jax": {"landscapes/networks/backend.py"},
    "torch": {"landscapes/networks/torch_library.py"},
    "sklearn": {"experiments/adapters/search_cv.py", "landscapes/networks/data.py"},
    "optuna": {"experiments/adapters/optuna_sampler.py", "experiments/exchange/optuna_studies.py"},
    "gest_api": {"experiments/adapters/gest_generator.py"},
    "playwright": {"experiments/pages/page_film.py"},
    "starlette": {"experiments/studio/app.py"},
    "uvicorn": {"experiments/studio/serve.py", "experiments/studio/access/connections.py"},
}
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """Return (level, dotted name) of every import of a file; the name within a relative import is appended."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, ".".join(filter(None, [node.module, alias.name]))) for alias in node.names]
    return found


def room_of(path: Path, level: int, name: str) -> str | None:
    """Return the top-level folder to which a relative import leads, or None if it leads to none."""
    folder = path.parent.relative_to(ROOT).parts
    target = (*folder[: len(folder) - (level - 1)], *name.split("."))
    return target[0] if target[0] in ROOMS else None


FLOORS = [
    {"spec", "glossary"},
    {"minimization"},
    {"execution", "results", "minimize"},
    {"comparison", "contracts"},
    {"studies"},
    {"drawing", "exchange"},
    {"planes"},
    {"adapters", "animation", "simulation", "trials", "studio", "cluster", "notebook"},
    {"report", "pages"},
    {"results_api"},
    {"api"},
    {"cli"},
]
"""The folders and single modules of experiments/, lowest layer first: a layer imports only from lower ones."""
IRREGULAR = {
    "begun", "brought", "built", "chosen", "drawn", "done", "found", "given", "gone", "heard", "held", "kept",
    "known", "laid", "left", "lost", "made", "met", "paid", "said", "seen", "sent", "shown", "taken", "thought",
    "told", "written",
}  # fmt: skip
"""Past participles that do not end in "ed"."""
MOST_MODULES = 16
KINDS = {"agents", "landscapes", "orchestrator/policies"}
"""Folders with one kind per file, which may hold more modules."""


def module_of(path: Path) -> tuple[str, ...]:
    """Return the name of a module, such as ("agents", "leases", "work"). A package has the name of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_of(path): path for path in FILES}


def targets(path: Path) -> set[tuple[str, ...]]:
    """Return the modules that a module imports, also within functions and under TYPE_CHECKING."""
    folder = path.parent.relative_to(ROOT).parts
    found = set()
    for level, name in imports(path):
        if level:
            whole = (*folder[: len(folder) - (level - 1)], *name.split("."))
            found |= {part for part in (whole, whole[:-1]) if part in MODULES and part[-1] != "__init__"}
    return {target for target in found if MODULES[target].name != "__init__.py"}


def circles(edges: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[list[tuple[str, ...]]]:
    """Return groups of modules that import each other, by repeatedly removing those whose imports are all removed."""
    left = dict(edges)
    while free := [module for module, found in left.items() if not found & left.keys() - {module}]:
        for module in free:
            del left[module]
    return [sorted(left)] if left else []


def floor_of(module: tuple[str, ...]) -> int | None:
    """Return the layer of a module of experiments/; None for the package itself and its library."""
    place = module[1] if len(module) > 1 else ""
    return next((number for number, floor in enumerate(FLOORS) if place in floor), None)


def public_names(path: Path) -> list[str]:
    """Return the classes, functions and constants that a module defines at its top level."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            assigned = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [name.id for target in assigned for name in ast.walk(target) if isinstance(name, ast.Name)]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def test_no_modules_import_each_other():
    assert circles({module: targets(path) for module, path in MODULES.items()}) == []


def test_a_circle_is_found():
    a, b, c = ("a",), ("b",), ("c",)
    assert circles({a: {b}, b: {a}, c: {a}}) == [[a, b, c]]
    assert circles({a: {b}, b: {c}, c: set()}) == []


@pytest.mark.parametrize("path", [p for p in FILES if "experiments" in p.parts], ids=lambda p: str(p.relative_to(ROOT)))
def test_experiments_import_from_lower_floors(path):
    here = floor_of(module_of(path))
    for target in targets(path):
        there = floor_of(target) if target[0] == "experiments" else None
        if here is not None and there is not None and module_of(path)[1] != target[1]:
            assert there < here, f"{path} imports {'.'.join(target)}: not from a lower floor"


def test_every_module_of_experiments_stands_on_a_floor():
    places = {module[1] for module in MODULES if module[0] == "experiments" and len(module) > 1}
    assert places - {"library"} == set().union(*FLOORS)


def test_folders_are_small():
    for folder in {path.parent for path in FILES}:
        count = sum(path.name != "__init__.py" for path in folder.glob("*.py"))
        place = str(folder.relative_to(ROOT))
        assert place in KINDS or count <= MOST_MODULES, f"{place} holds {count} modules"


@pytest.mark.parametrize("room", ROOMS)
def test_a_public_name_is_defined_once_in_a_room(room):
    homes: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        if module[0] == room and "library" not in module:
            for name in public_names(path):
                homes.setdefault(name, []).append(".".join(module))
    doubles = {name for name, places in homes.items() if len(places) > 1}
    assert doubles == set(), {name: homes[name] for name in doubles}


def test_there_are_files_to_check():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_the_chain(path):
    here = ROOMS.index(path.relative_to(ROOT).parts[0])
    for level, name in imports(path):
        if level == 0:
            assert not name.startswith("searchparty"), f"{name}: imports within the package are relative"
            continue
        room = room_of(path, level, name)
        assert room is None or ROOMS.index(room) <= here, f"{path} imports {name}: up the chain"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_come_in_by_their_one_door(path):
    place = str(path.relative_to(ROOT))
    for level, name in imports(path):
        library = name.split(".")[0]
        if level == 0 and library in DOORS:
            assert place in DOORS[library], f"{place} imports {library}; only {DOORS[library]} may"


def count_lines(definition: ast.ClassDef | ast.FunctionDef) -> int:
    """Count the lines of a class or function without docstrings: a full description does not make it large."""
    described = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(definition) if isinstance(node, described)]
    strings = [line for body in bodies for line in body if isinstance(line, ast.Expr) and is_text(line.value)]
    prose = sum(string.end_lineno - string.lineno + 1 for string in strings)
    return definition.end_lineno - definition.lineno + 1 - prose


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_docstrings_are_not_counted():
    text = 'class One:\n    """Two\n    lines."""\n\n    three: int\n    """Of what."""\n'
    text += '    def four(self):\n        """Five."""\n'
    (definition,) = ast.parse(text).body
    assert count_lines(definition) == len(text.splitlines()) - 4


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_classes_are_small(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            assert count_lines(node) < 150, f"{node.name} in {path} has 150 lines or more"


def bare_participles(path: Path) -> list[str]:
    """Return the functions of a module that are named by a bare past participle, except boolean properties."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            boolean = node.returns is not None and ast.unparse(node.returns) == "bool" and bool(node.decorator_list)
            name = node.name.strip("_")
            if not boolean and (re.fullmatch("[a-z]+ed", name) or name in IRREGULAR):
                found.append(node.name)
    return found


def test_functions_are_named_by_verbs():
    found = {str(path): names for path in FILES if (names := bare_participles(path))}
    functions = sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
    )
    assert sum(map(len, found.values())) < functions / 100, found


def test_the_loop_is_short():
    tree = ast.parse((ROOT / "orchestrator" / "loop" / "drive.py").read_text())
    loop = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "drive_run")
    assert count_lines(loop) <= 32


def test_importing_the_package_imports_no_heavy_library():
    heavy = (
        "ray",
        "matplotlib",
        "pandas",
        "cocoex",
        "starlette",
        "uvicorn",
        "anyio",
        "sklearn",
        "optuna",
        "jax",
        "optax",
        "torch",
    )
    code = f"import sys, searchparty, searchparty.experiments.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
