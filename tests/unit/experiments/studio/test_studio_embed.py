"""The replay within a report: everything that it needs is there, and nothing in it can end it early."""

import base64
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from sealing import alter_log

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.drawing import style
from searchparty.experiments.report.report import write_report
from searchparty.experiments.studio.films import embed
from searchparty.experiments.studio.films.embed import (
    IMPORT_PATTERN,
    NAMESPACE,
    EmbeddedRun,
    embed_replay,
    page_modules,
    required_modules,
    style_for_shadow_root,
)
from searchparty.experiments.studio.films.message import decode_film
from searchparty.orchestrator.log.reader import LogReader

pytestmark = pytest.mark.usefixtures("quick_figures")
EVIL = "</script><script>alert(1)</script>"
STATEMENT = re.compile(r"""(?:}\s*|\w\s+|\*\s*)from\s*["']([^"'\s]+)["']|^import\s*["'](.+)["']""", re.MULTILINE)
PAGE = files("searchparty.experiments.studio").joinpath("page")


class Scripts(HTMLParser):
    """The script elements of a page, as (attributes, text), as a browser sees them; and its other elements."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.scripts, self.elements, self.text = [], [], []
        self._within = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self._within = True
            self.scripts.append((dict(attributes), ""))

    def handle_endtag(self, tag):
        if tag == "script":
            self._within = False

    def handle_data(self, data):
        if self._within:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        else:
            self.text.append(data)

    def films(self):
        """Return key -> (title, header, arrays)."""
        return {
            attributes["data-film"]: (attributes["data-title"], *decode_film(base64.b64decode(text)))
            for attributes, text in self.scripts
            if "data-film" in attributes
        }


def experiment(strategies, budget=90, **more):
    return Experiment.from_data({
        "name": "it", "budget": budget, "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": strategies, "executor": "simulated", **more,
    })  # fmt: skip


@pytest.fixture(scope="module")
def quick_figures(coarse_figures):
    """Draw figures without rendering them in all tests, which takes most of the time."""

    def save(figure, stem, hover=None):
        stem.with_suffix(".svg").write_text("<svg></svg>")
        return "<svg></svg>"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "save_figure", save)
        yield


@pytest.fixture(scope="module")
def evil(tmp_path_factory, quick_figures):
    """Return a report whose names contain markup and code."""
    out = tmp_path_factory.mktemp("embed") / "it"
    agents = [{"kind": "random", "name": EVIL}, {"kind": "grid", "name": "<!--<script>"}]
    run(experiment({EVIL: {"agents": agents}, '"><img src=x>': {"agents": ["random"]}}, description=EVIL), out=out)
    return (out / "report.html").read_text(encoding="utf-8")


def shown(directory, **more):
    with LogReader(directory) as reader:
        return [EmbeddedRun(directory, each.id, each.id, each.strategy, **more) for each in reader.runs()]


def test_a_report_holds_the_replay(evil):
    page = Scripts(evil)
    assert ("div", {"id": "replay"}) in page.elements
    kinds = [attributes.get("type") for attributes, _ in page.scripts if "src" not in attributes]
    assert kinds.count("importmap") == 1
    assert kinds.count("module") >= 1
    films = page.films()
    assert len(films) == 2
    for title, header, arrays in films.values():
        assert title.startswith(header["strategy"])
        assert len(arrays["loss"]) == 90
        assert header["state"] == "done"
    assert all("src" not in attributes for attributes, _ in page.scripts)


def test_names_cannot_end_a_script_or_begin_another(evil):
    page = Scripts(evil)
    titles = {title for title, _, _ in page.films().values()}
    assert any(EVIL in title for title in titles)
    for attributes, text in page.scripts:
        assert "alert(1)" not in text
        assert "data-film" in attributes or attributes.get("type") or text
        assert "<" not in text
    assert not any(tag == "img" and known.get("src") == "x" for tag, known in page.elements)
    assert evil.count("<script") == len(page.scripts) == evil.count("</script>")


@pytest.mark.parametrize(
    "text", ["</script>", "</SCRIPT >", "<!--<script>", "<!--", "]]>", "</scr\0ipt>", "&lt;/script&gt;"]
)
def test_no_text_ends_the_element_it_stands_in(text):
    made = embed._script_element({"type": "application/json", "title": text + '"'}, json.dumps({"it": text}))
    page = Scripts(made + "<p>after</p>")
    ((attributes, found),) = page.scripts
    assert json.loads(found) == {"it": text}
    assert attributes["title"] == text + '"'
    assert page.elements[-1] == ("p", {})
    assert "<" not in made[1:-9]


def test_cards_cannot_end_it_either(monkeypatch):
    monkeypatch.setattr(embed, "card_texts_of", lambda _: {"agents": {"mine": EVIL + "<!--<script>"}})
    page = Scripts(embed_replay([]))
    (given,) = [text for attributes, text in page.scripts if attributes.get("id") == "replay-given"]
    assert json.loads(given)["cards"] == {"agents": {"mine": EVIL + "<!--<script>"}}
    assert len(page.scripts) == 2


def decoded(found):
    return {name: base64.b64decode(data.partition(",")[2]).decode() for name, data in found.items()}


def test_every_import_of_a_module_is_in_the_map():
    found = decoded(page_modules(PAGE))
    assert f"{NAMESPACE}embedded.js" in found
    assert f"{NAMESPACE}vendor/three.js" in found
    for name, text in found.items():
        for statement in STATEMENT.findall(text):
            assert "".join(statement) in found, f"{name} imports {statement}"
        if "/vendor/" not in name:
            # In a comment this names a type.
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            assert not re.search(r"\bimport\s*\(", code), f"{name} imports while it runs"
            assert not IMPORT_PATTERN.search(text), f"{name} imports by place"
    # The code that requests data from a server is not part of it.
    assert f"{NAMESPACE}main.js" not in found
    assert f"{NAMESPACE}playground/playground.js" not in found


def test_modules_are_those_of_the_page_but_for_what_they_import_by():
    for name, text in decoded(page_modules(PAGE)).items():
        file = PAGE.joinpath(name.removeprefix(NAMESPACE))
        folder = name.removeprefix(NAMESPACE).rpartition("/")[0]
        original = file.read_text(encoding="utf-8")
        whole = embed._import_by_name(original, folder + "/" if folder else "")
        assert len(whole.splitlines()) == len(original.splitlines())
        assert text == (whole if folder == "vendor" else embed._strip_comments(whole))
        assert "@param" not in text


def test_comments_alone_are_left_out():
    kept = ['const a = "// no"; // beside\n', "const b = `\n`;\n", "  /** @type {y} */ let c;\n"]
    code = kept[0] + "  // gone\n/** gone\n * @type {x} */\n" + kept[1] + kept[2]
    assert embed._strip_comments(code) == "".join(kept)


def test_packed_modules_come_after_those_that_they_import():
    found = embed.order_modules(PAGE)
    assert set(found) == set(page_modules(PAGE))
    known = set()
    for name, text in found.items():
        assert set(embed._list_imports(text)) <= known, name
        known.add(name)
    assert name == f"{NAMESPACE}embedded.js"


def test_needed_follows_imports_in_circles():
    def data(*names):
        text = "\n".join(f'import "{NAMESPACE}{name}";' for name in names)
        return "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()

    found = {
        f"{NAMESPACE}embedded.js": data("a.js"),
        f"{NAMESPACE}a.js": data("b/c.js", "embedded.js"),
        f"{NAMESPACE}b/c.js": data("a.js"),
        f"{NAMESPACE}alone.js": data("a.js"),
    }
    assert set(required_modules(found)) == set(found) - {f"{NAMESPACE}alone.js"}


def test_imports_by_place_become_names():
    text = 'import { a } from "./a.js";\nimport b from "../vendor/b.js";\nexport * from \'./c.js\';\nimport "./d.js";'
    assert embed._import_by_name(text, "drawing/").splitlines() == [
        f'import {{ a }} from "{NAMESPACE}drawing/a.js";',
        f'import b from "{NAMESPACE}vendor/b.js";',
        f'export * from "{NAMESPACE}drawing/c.js";',
        f'import "{NAMESPACE}drawing/d.js";',
    ]


def test_the_style_is_that_of_a_shadow_tree():
    style = style_for_shadow_root(PAGE.joinpath("style.css").read_text(encoding="utf-8"))
    assert ":root" not in style
    assert ":host" in style
    assert ':host([data-theme="dark"])' in style


def test_a_report_of_several_directories_replays_all(tmp_path):
    """The directories contain equal runs."""
    strategies = {"alone": {"agents": ["random"]}}
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        run(experiment(strategies, seed=seed), out=tmp_path / name, report=False)
    page = Scripts(write_report([tmp_path / name for name in ("one", "two", "three")]).read_text(encoding="utf-8"))
    films = page.films()
    titles = {title.partition(" on ")[0] for title, _, _ in films.values()}
    assert titles == {"alone (one)", "alone (two)", "alone (three)"}
    found = sorted(header["seed"] for _, header, _ in films.values())
    assert found == [1, 1, 2]


def test_films_are_of_bounded_size(tmp_path, monkeypatch):
    assert embed.MOST_EMBEDDED_POINTS == 20_000
    monkeypatch.setattr(embed, "MOST_EMBEDDED_POINTS", 200)
    run(experiment({"alone": {"agents": ["random", "grid"]}}, budget=3000), out=tmp_path / "it", report=False)
    ((_, header, arrays),) = Scripts(embed_replay(shown(tmp_path / "it"))).films().values()
    assert header["stride"] == 15
    assert 200 <= len(arrays["loss"]) <= 240


def test_an_unfinished_run_is_replayed_as_far_as_it_came(tmp_path):
    run(experiment({"alone": {"agents": ["random"]}}), out=tmp_path / "it", report=False)

    alter_log(tmp_path / "it", "DELETE FROM events WHERE kind = 'Stopped'", "UPDATE sessions SET pid = 2147483646")
    ((_, header, arrays),) = Scripts(embed_replay(shown(tmp_path / "it"))).films().values()
    assert header["state"] == "unfinished"
    assert len(arrays["loss"]) == 90
