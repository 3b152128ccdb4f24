"""The page's modules: small classes, few modules a folder, and imports that never lead back."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import join, normpath

import pytest

PAGE = Path(__file__).parent.parent / "experiments" / "studio" / "page"
MODULES = sorted(
    PurePosixPath(path.relative_to(PAGE)) for path in PAGE.rglob("*.js") if "vendor" not in path.relative_to(PAGE).parts
)
MOST_MODULES = 16
MOST_LINES = 150
STATEMENT = re.compile(r"""^\s*(?:import|export)\b[^;"']*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
COMMENT = re.compile(r"^ *(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
CLASS = re.compile(r"^(?:export )?(?:default )?class (\w+)")


def imported(module: PurePosixPath, text: str) -> list[str]:
    """The modules that a module's import statements name; types named in comments are no imports."""
    return [normpath(join(str(module.parent), name)) for name in STATEMENT.findall(text)]


def classes(text: str) -> Iterator[tuple[str, int]]:
    """Name and lines of each class; every class begins and ends in the first column. Comments do not count: types stand
    in them, which take no lines of their own in other languages."""
    name, lines = "", 0
    for line in COMMENT.sub("", text).splitlines():
        if found := CLASS.match(line):
            name, lines = found[1], 0
        lines += 1
        if line == "}" and name:
            yield name, lines
            name = ""


def circle(graph: dict[str, list[str]]) -> list[str]:
    """A chain of imports that leads back to where it begins; empty where there is none."""
    done: set[str] = set()

    def follow(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for name in graph.get(module, []):
            if found := follow(name, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in graph if (found := follow(module, []))), [])


def test_there_are_modules_to_check() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_classes_are_small(module: PurePosixPath) -> None:
    for name, lines in classes((PAGE / module).read_text(encoding="utf-8")):
        assert lines < MOST_LINES, f"{name} in {module} has {lines} lines; {MOST_LINES} are too many"


def test_a_folder_holds_few_modules() -> None:
    folders = [module.parent for module in MODULES]
    for folder in set(folders):
        assert folders.count(folder) <= MOST_MODULES, f"page/{folder} holds more than {MOST_MODULES} modules"


def test_imports_lead_in_no_circle() -> None:
    graph = {str(module): imported(module, (PAGE / module).read_text(encoding="utf-8")) for module in MODULES}
    assert sum(map(len, graph.values())) > 100
    assert not circle(graph)


def test_a_circle_is_found() -> None:
    assert circle({"a.js": ["b.js"], "b.js": ["c.js"], "c.js": ["b.js"]}) == ["b.js", "c.js", "b.js"]
    assert circle({"a.js": ["b.js", "c.js"], "b.js": ["c.js"], "c.js": []}) == []


def test_imports_and_classes_are_read() -> None:
    text = """import { a } from "./a.js";
import {
  b,
} from "../b.js";
import "./c.js";
export { d } from './d.js';
/** @type {import("./e.js").E} */
export class F extends G {
  /**
   * @type {number}
   */
  #a = 1;
}
"""
    assert imported(PurePosixPath("x/y.js"), text) == ["x/a.js", "b.js", "x/c.js", "x/d.js"]
    assert list(classes(text)) == [("F", 3)]
