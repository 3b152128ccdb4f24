"""The first screen of a report, as it is seen without scrolling: its words are few, and its figures are there."""

import pytest
import sights

import searchparty
from searchparty import Experiment
from searchparty.experiments.report.report import write_report

pytestmark = pytest.mark.extras
SIZES = [(1280, 900), (390, 844)]
MOST_WORDS = 90
BUMPS = """
def bumps(x):
    return (x[0] ** 2 - 1) ** 2 + (x[1] - 0.3 * x[0]) ** 2 - 2.5


def broken(x):
    raise ValueError("no model")
"""
AGENTS = ("random", "nelder-mead", "random-restart")
ALONE = {name: {"agents": [name]} for name in AGENTS}
SMALL = {"quickstart": ["repeats=2"], "bbob-small": ["budget=50 D"], "sharing-ablation": ["budget=50 D"]}


def describe_own(folder, name, function, strategies):
    (folder / "bumps.py").write_text(BUMPS)
    landscape = {"kind": "python", "function": f"{folder / 'bumps.py'}:{function}", "bounds": [[-3, 3], [-3, 3]]}
    return Experiment.from_data({
        "name": name, "description": "Which search finds the lowest loss of a function whose minimum nobody knows?",
        "budget": 60, "repeats": 5, "executor": "simulated", "landscapes": [landscape], "strategies": strategies,
    })  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the reports of several experiments, by name, and whether there is something to compare."""
    folder = tmp_path_factory.mktemp("first")
    own = {
        "unknown": describe_own(folder, "unknown", "bumps", ALONE),
        "one": describe_own(folder, "one", "bumps", {"random": ALONE["random"]}),
        "failed": describe_own(folder, "failed", "broken", ALONE),
    }
    found = {}
    for name, given in [*((name, name) for name in SMALL), *own.items()]:
        more = {"overrides": SMALL[name]} if name in SMALL else {}
        searchparty.run(given, out=folder / name, executor="simulated", report=False, **more)
        found[name] = write_report(folder / name)
    return found


WORDS = r"""() => {
  const seen = [];
  const walk = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, place = text.parentElement;
    if (place.closest("script, style, noscript, .visually-hidden, figure") || !place.checkVisibility()) continue;
    for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const { top, bottom, height } = range.getBoundingClientRect();
      if (height && bottom > 0 && top < innerHeight) seen.push(word);
    }
  }
  return seen;
}"""
FIGURES = """() => [...document.querySelectorAll(".first [data-figure]")].map((host) => {
  const { height, bottom } = (host.querySelector("[role=img]") ?? host).getBoundingClientRect();
  return [host.dataset.figure, height > 80 && bottom <= innerHeight]; })"""
WITHOUT_RATIOS = ("one", "sharing-ablation")
"""Where there is one strategy, or nobody ever reached the target."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*SMALL, "unknown", "one", "failed"])
def test_the_first_screen_has_few_words_and_both_figures(opened, pages, name, size):
    page = opened(viewport={"width": size[0], "height": size[1]})
    page.goto(pages[name].as_uri())
    sights.until(page, "document.documentElement.dataset.ready")
    page.wait_for_timeout(300)
    words = page.evaluate(WORDS)
    told = " ".join(words)
    assert "Cost" in words
    assert "Next" in words
    assert " p =" not in told
    assert len(words) <= MOST_WORDS, told
    if name == "failed":
        assert "no model" in told
    else:
        figures = ["distribution"] if name in WITHOUT_RATIOS else ["forest", "distribution"]
        assert page.evaluate(FIGURES) == [[key, True] for key in figures]
