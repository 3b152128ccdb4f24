"""The rooms and their order: imports form a chain, and some libraries have one door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["landscapes", "agents", "orchestrator", "experiments"]
RAY = sorted(path.stem for path in (ROOT / "orchestrator" / "executors" / "on_ray").glob("*.py"))
DOORS = {
    "ray": {f"orchestrator/executors/on_ray/{name}.py" for name in RAY},
    "matplotlib": {f"experiments/{name}.py" for name in ("figures", "animation", "gauges", "maps")},
    "yaml": {"experiments/spec.py"},
    "sqlite3": {"experiments/afar.py"}
    | {f"orchestrator/{name}.py" for name in ("database", "held", "journal", "logfile", "reading", "writer")},
    "greenlet": {"agents/inverted.py"},
    "pandas": {"experiments/table.py"},
    "starlette": {"experiments/studio/app.py"},
    "uvicorn": {"experiments/studio/serve.py"},
}
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """(level, dotted name) of every import statement of a file; the name within a relative import is joined on."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, ".".join(filter(None, [node.module, alias.name]))) for alias in node.names]
    return found


def room_of(path: Path, level: int, name: str) -> str | None:
    """The room that a relative import leads to, or None where it stays below one."""
    folder = path.parent.relative_to(ROOT).parts
    target = (*folder[: len(folder) - (level - 1)], *name.split("."))
    return target[0] if target[0] in ROOMS else None


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


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_classes_are_small(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            assert node.end_lineno - node.lineno < 150, f"{node.name} in {path} has 150 lines or more"


def test_the_loop_is_short():
    tree = ast.parse((ROOT / "orchestrator" / "drive.py").read_text())
    loop = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "drive")
    assert loop.end_lineno - loop.lineno <= 32


def test_importing_the_package_imports_no_heavy_library():
    heavy = ("ray", "matplotlib", "pandas", "cocoex", "starlette", "uvicorn", "anyio")
    code = f"import sys, searchparty, searchparty.experiments.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
