"""The sections of studies in a report: moving along the front, replaying the run behind a point, on wide and narrow."""

import pytest
import sights

from searchparty import load, run
from searchparty.experiments.studies.ablation import plan_ablation

pytestmark = pytest.mark.extras
DATA = {
    "name": "trial",
    "seed": 4,
    "repeats": 2,
    "budget": 200,
    "landscapes": [{"kind": ["rastrigin", "eggholder"], "shift": "random"}],
    "strategies": {"pair": {"agents": ["grid", "random"], "policy": {"sharing": "broadcast", "lease": 20}}},
    "executor": "simulated",
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    sweep = {"grid.points_per_axis": [3, 5, 9], "region.radius": [0.1, 0.3, 0.5]}
    return run(load({**DATA, "sweep": sweep}), out=tmp_path_factory.mktemp("sweep") / "out").path / "report.html"


def open_section(opened, path, selector, width=1280, scheme="light"):
    page = opened(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(path.as_uri())
    sights.until(page, "document.documentElement.dataset.ready")
    # Figures are drawn when they come into view, and move what is below them.
    for _ in range(4):
        page.evaluate(f"document.querySelector('{selector}').scrollIntoView()")
        page.wait_for_timeout(300)
    return page


def test_one_moves_along_the_front_and_replays_the_run_behind_a_point(opened, swept):
    page = open_section(opened, swept, "#sweep-0-0")
    page.locator("#sweep-0-choice").select_option("sweep-0-1")
    page.evaluate("document.querySelector('#sweep-0-1').scrollIntoView()")
    said = page.locator("#sweep-0-1 .front-said")
    slider = page.locator("#sweep-0-1 input[type=range]")
    last = int(slider.get_attribute("max"))
    slider.focus()
    page.keyboard.press("Home")
    first = said.text_content()
    assert "evaluations; on the front in" in first
    assert slider.get_attribute("aria-valuetext") == first
    if last:
        page.keyboard.press("ArrowRight")
        assert said.text_content() != first
    page.locator("#sweep-0-1 .front-move button").click()
    sights.until(page, "document.getElementById('replay').shadowRoot?.querySelector('.stage-title')?.textContent")
    chosen = page.evaluate("document.getElementById('replay').dataset.chosen")
    assert page.evaluate("document.getElementById('replay').shadowRoot.querySelector('#run').value") == chosen
    title = page.evaluate("document.getElementById('replay').shadowRoot.querySelector('.stage-title').textContent")
    assert "on eggholder shifted" in title


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_studies_fit_the_page(opened, swept, tmp_path, width, scheme):
    page = open_section(opened, swept, "#sweep-0-0", width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#sweep-0-0 svg[role=img]").count() >= 3
    assert page.locator("#sweep-0-0 table").count() >= 4
    experiment, _ = plan_ablation(load({**DATA, "landscapes": ["rastrigin"]}))
    report = run(experiment, out=tmp_path / "out").path / "report.html"
    page = open_section(opened, report, ".worth", width, scheme)
    page.evaluate("document.querySelector('.worth').scrollIntoView({ block: 'end' })")
    sights.until(page, "document.querySelectorAll('.worth table').length > 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".worth table").count() == 2


def test_a_gap_at_the_floor_is_a_bound(opened, tmp_path):
    data = {**DATA, "landscapes": ["sphere"], "strategies": {"solo": {"agents": ["slsqp"]}}}
    path = run(load({**data, "sweep": {"region.radius": [0.3, 0.5]}}), out=tmp_path / "out").path / "report.html"
    page = open_section(opened, path, "#sweep-0-0")
    cells = page.locator("#sweep-0-0 td").all_text_contents()
    assert any("≤ 1e-8" in cell for cell in cells)
    assert not any("1.00e-8" in cell for cell in cells)
    assert "gap above the minimum ≤ 1e-8 after" in page.locator("#sweep-0-0 .front-said").text_content()
