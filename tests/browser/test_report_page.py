"""A report as it is seen: by keyboard, on narrow and dark screens, on paper, and by those who do not see it."""

import json
from pathlib import Path

import pytest
import sights

from searchparty.experiments.report.report import write_report

pytestmark = pytest.mark.extras
AXE = Path(__file__).parents[2] / "build" / "page-check" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(1280, 900), (390, 844)]
SCHEMES = ["light", "dark"]


@pytest.fixture(scope="module")
def report(studio):
    return write_report(studio.results / "pair")


@pytest.fixture
def shown(opened, report):
    """Open the report at a size and in a scheme, with all its sections opened, and everything drawn."""

    def show(size=SIZES[0], scheme="light"):
        page = opened(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        page.goto(report.as_uri())
        sights.until(page, "document.documentElement.dataset.ready")
        page.evaluate(
            """() => { for (const each of document.querySelectorAll(".portrait")) each.hidden = false;
              for (const each of document.querySelectorAll("details")) each.open = true; }"""
        )
        choose_first(page)
        for _ in range(2):
            for place in range(0, page.evaluate("document.documentElement.scrollHeight"), 500):
                page.evaluate("(place) => scrollTo(0, place)", place)
                page.wait_for_timeout(40)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.wait_for_timeout(300)
        return page

    return show


def choose_first(page):
    page.evaluate(
        """() => { const field = document.getElementById("problem-choice");
          field.value = document.querySelector("#problem-names option").value;
          field.dispatchEvent(new Event("change")); }"""
    )


PICTURES = """() => [...document.querySelectorAll("main svg, main canvas")].filter((each) => !each.closest("#replay") &&
  !each.closest("[aria-hidden=true]")).map((each) => ({ role: each.getAttribute("role"),
  label: each.getAttribute("aria-label"), data: Boolean(each.closest("[data-figure], .multiple, #problem")
  ?.querySelector("details.data table")) }))"""


def test_every_picture_has_a_role_a_label_that_says_numbers_and_its_data(shown):
    found = shown().evaluate(PICTURES)
    assert len(found) >= 5
    for picture in found:
        assert picture["role"] == "img"
        assert any(sign.isdigit() for sign in picture["label"])
        assert picture["data"]


TEXTS = """() => [...document.querySelectorAll("main svg text")].map((text) =>
  text.getBoundingClientRect().height && parseFloat(getComputedStyle(text).fontSize) *
  text.ownerSVGElement.getScreenCTM().a)"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_is_wider_than_the_screen_nor_its_texts_too_small(shown, size, scheme):
    page = shown(size, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    sizes = [found for found in page.evaluate(TEXTS) if found]
    assert min(sizes) >= 11
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious(shown, size, scheme):
    if not AXE.exists():
        pytest.skip(f"axe-core is missing ({AXE}). `make check-page` installs it.")
    page = shown(size, scheme)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "async () => (await axe.run({ exclude: ['#replay'] }, { resultTypes: ['violations'] })).violations"
    )
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(
        [(each["id"], [node["html"][:120] for node in each["nodes"][:4]]) for each in serious]
    )


def test_headings_sort_by_keyboard(shown):
    page = shown()
    table = page.locator("[data-table=comparison]")
    column = [head.strip() for head in table.locator("thead th").all_text_contents()].index("median")
    button = table.locator("thead button").nth(column)
    losses = []
    for order in ("ascending", "descending"):
        button.focus()
        page.keyboard.press("Enter")
        assert table.locator("thead th").nth(column).get_attribute("aria-sort") == order
        cells = table.locator(f"tbody tr > :nth-child({column + 1})").all_text_contents()
        losses.append([float(cell) for cell in cells])
    assert losses[0] == sorted(losses[0])
    assert losses[1] == losses[0][::-1]


PAPER = 703
"""The width of A4 without its margins, in pixels of CSS."""
STRETCHED = """() => [...document.querySelectorAll("main canvas")].filter((each) => each.clientWidth &&
  !each.closest("#replay") && Math.abs(each.width / each.clientWidth - each.height / each.clientHeight) > 0.02)
  .map((each) => [each.width, each.clientWidth, each.height, each.clientHeight])"""
BROKEN = """() => [...document.querySelectorAll("td:not(.name)")].filter((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return range.getClientRects().length > 1; }).map((each) => each.textContent)"""


def test_on_paper_no_chart_is_stretched_and_no_number_broken(opened, report):
    page = opened(viewport={"width": 1280, "height": 900})
    page.goto(report.as_uri())
    sights.until(page, "document.documentElement.dataset.ready")
    page.wait_for_timeout(300)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    drawn = page.evaluate("document.body.clientWidth")
    tall = page.evaluate("document.querySelector('.first .chart').clientHeight")
    page.emulate_media(media="print")
    # A real print draws nothing anew: charts must have the height of the paper before.
    assert page.evaluate("document.querySelector('.first .chart').clientHeight") == tall
    page.set_viewport_size({"width": PAPER, "height": 1000})
    assert page.evaluate("document.body.clientWidth") == pytest.approx(drawn, abs=2) == pytest.approx(PAPER, abs=2)
    assert page.evaluate("document.querySelectorAll('main canvas').length") > 3
    # Charts are drawn with the next frame, which comes late on a busy machine.
    sights.until(page, f"({STRETCHED})().length === 0")
    assert page.evaluate(BROKEN) == []
    # A figure that was drawn for the screen before has the width of the paper as well.
    widths = "[...document.querySelectorAll('[data-figure] svg')].map((each) => each.viewBox.baseVal.width)"
    assert max(page.evaluate(widths)) <= PAPER + 1
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(300)
    assert page.evaluate("document.body.clientWidth") > 1000
    sights.until(page, f"({STRETCHED})().length === 0")


def test_it_prints_with_everything_opened(opened, report, tmp_path):
    page = opened()
    page.goto(report.as_uri())
    sights.until(page, "document.documentElement.dataset.ready")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open], .data)').length") == 0
    assert page.evaluate("document.querySelectorAll('.portrait[hidden]').length") == 0
    empty = "[...document.querySelectorAll('[data-figure], [data-table]')].filter((each) => !each.firstChild).length"
    assert page.evaluate(empty) == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('.portrait:not([hidden])').length") == 1
    assert len(page.pdf(format="A4")) > 20_000
