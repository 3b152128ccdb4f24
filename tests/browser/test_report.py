"""The replay in a report: one file, opened without a server."""

import pytest
import sights
from accounts_of import accounts_of

from searchparty.experiments.report.report import write_report

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def report(studio):
    return write_report(studio.results / "pair")


STAGE = """() => { const root = document.getElementById("replay")?.shadowRoot;
    const view = root?.querySelector(".view");
    if (view?.dataset.drawn === undefined) return null;
    return { head: Number(view.dataset.head), drawn: Number(view.dataset.drawn),
      numbers: root.querySelector(".numbers").textContent, stages: root.querySelectorAll(".stage").length }; }"""


def bring_into_view(page):
    """Scroll to the replay until it is there: figures above it are drawn, and move it, while the page is scrolled."""
    sights.until(
        page,
        """(() => { const host = document.getElementById("replay"); host.scrollIntoView();
          return host.shadowRoot?.querySelector(".view")?.dataset.drawn; })()""",
    )


def seen(page, shown):
    """Return what the report's first stage shows, once this many points are drawn."""
    sights.until(page, f"({STAGE})()?.drawn === argument", shown)
    return page.evaluate(STAGE)


def test_a_report_replays_without_a_server(studio, report, opened):
    accounts = accounts_of(studio.results / "pair")
    alone, party = accounts.values()
    asked = []
    page = opened()
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    page.goto(f"{report.as_uri()}#replay={party.run.id}&beside={alone.run.id}&at=77&look=contour")
    bring_into_view(page)
    first = seen(page, party.drawn(77))
    assert (first["head"], first["numbers"], first["stages"]) == (party.head(77), party.numbers(77), 2)
    assert set(asked) <= {"file", "data", "blob"}
    page.locator("#replay .scrub").focus()
    page.keyboard.press("ArrowRight")
    assert seen(page, party.drawn(78))["head"] == party.head(78)
    page.keyboard.press("End")
    assert seen(page, party.head(360))["numbers"] == party.numbers(360)
    page.locator("#replay #beside").select_option("")
    page.locator("#replay #run").select_option(alone.run.id)
    assert page.locator("#replay .stage-title").all_text_contents() == ["alone on rastrigin D=2 shifted, repeat 0"]
    page.locator("#replay .scrub").focus()
    page.keyboard.press("End")
    assert seen(page, alone.head(360))["numbers"] == alone.numbers(360)
    page.locator("#replay [data-look='3d']").click()
    assert seen(page, alone.head(360))["head"] == alone.head(360)
