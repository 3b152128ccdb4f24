"""The page's modules: small classes, few modules per folder, and no import cycles."""

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
INLINE = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
ARROW = r"(?:async\s+)?(?:\w+|\([^()]*(?:\([^()]*\)[^()]*)*\))\s*=>"
FUNCTION = re.compile(
    r"\bfunction\*?\s+(?P<function>\w+)"
    r"|^ +(?:(?:static|async|get|set) +)*\*?#?(?P<method>\w+)\(.*\) \{(?:\})?$"
    rf"|#?(?P<value>\w+)\s*[:=]\s*{ARROW}",
    re.MULTILINE,
)
NO_METHODS = {"if", "for", "while", "switch", "catch", "function", "constructor"}
PARTICIPLE = re.compile(
    r"""(?:[a-z]*(?:[^e]ed|ing)|told|shown|drawn|written|given|said|kept|bent|spent|hidden|known|found|held|made|done|taken
    |seen|begun|grown|chosen|sent|left|lost|met|caught|brought|bought|sought|thought|built|dealt|felt|led|meant|paid|sold
    |stood|taught|understood|won|broken|spoken|driven|risen|fallen|forgotten|frozen|hung|gone|come|heard|laid|put)
    (?:$|(?:About|After|Anew|At|Before|Beside|By|For|From|In|Into|Of|On|Out|Over|To|Under|Up|With|Within)(?![a-z]))""",
    re.VERBOSE,
)
NO_PARTICIPLES = {"feed", "need", "seed", "speed", "string", "ring", "bring", "spring", "thing"}
BOOLEAN = {"done", "playing"}
"""Names of boolean properties."""


def imported(module: PurePosixPath, text: str) -> list[str]:
    """Return the modules that a module's import statements name; types named in comments do not count."""
    return [normpath(join(str(module.parent), name)) for name in STATEMENT.findall(text)]


def classes(text: str) -> Iterator[tuple[str, int]]:
    """Return the name and the number of lines of each class; a class begins and ends in the first column.

    Comments do not count: they contain the types, which take no lines of their own in other languages.
    """
    name, lines = "", 0
    for line in COMMENT.sub("", text).splitlines():
        if found := CLASS.match(line):
            name, lines = found[1], 0
        lines += 1
        if line == "}" and name:
            yield name, lines
            name = ""


def functions(text: str) -> list[str]:
    """Return the names of the functions, methods and accessors of a module, and of its values that are functions."""
    found = (match[match.lastgroup or 0] for match in FUNCTION.finditer(INLINE.sub("", text)))
    return [name for name in found if name not in NO_METHODS]


def is_participle(name: str) -> bool:
    """Return whether a name is only a participle, ignoring a preposition: `written`, `handedTo`; not `filledGround`."""
    return bool(PARTICIPLE.match(name)) and name not in NO_PARTICIPLES


def circle(graph: dict[str, list[str]]) -> list[str]:
    """Return a chain of imports that leads back to its beginning, or an empty one."""
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


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_functions_are_named_by_verbs_or_nouns(module: PurePosixPath) -> None:
    names = functions((PAGE / module).read_text(encoding="utf-8"))
    assert [name for name in names if is_participle(name) and name not in BOOLEAN] == []


def test_function_names_are_read() -> None:
    text = """export async function joined(a, b) {
  const reading = (kept, more = {}) => (i) => kept[i];
  if (a) return reading(b);
  this.told = async (x) => x;
  reading(a, (b) => b);
}
class F {
  onLink = String;
  get done() {
  static async #asked(a, { b = 1 } = {}) {
    for (const c of a) {
    el("p", { onclick: () => this.shown(1), text: a ? written : c });
    // grown() {
"""
    names = ["joined", "reading", "told", "done", "asked", "onclick"]
    assert functions(text) == names
    assert [name for name in names if not is_participle(name)] == ["onclick"]
    assert is_participle("handedTo")
    assert not any(map(is_participle, ["filledGround", "describeChart", "seed", "pointAt", "isShown", "exceed"]))


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
