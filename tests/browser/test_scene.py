"""The scene is the page: how much of the window it fills, what is always seen, and that no label covers another."""

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sights
from accounts_of import accounts_of
from sights import until

pytestmark = pytest.mark.extras

AXE = Path(__file__).parents[2] / "build" / "page-check" / "node_modules" / "axe-core" / "axe.min.js"
FRAMES = 200
LABELS = """[...document.querySelectorAll(`#${argument} .view`)].every((view) => view.dataset.labels !== undefined
    && view.dataset.drawn === view.dataset.head)"""


@pytest.fixture(scope="module")
def page(studio, opened):
    return opened(viewport={"width": 1280, "height": 720})


@pytest.fixture(scope="module")
def first_question(page, studio):
    """The page with the first question, at its end."""
    sights.visit(page, studio.address, view="playground", look="3d")
    until(page, "document.querySelectorAll('.yaml pre').length === 2")
    sights.ended(page, "playground")
    return page


def covers(page):
    """Return what the window consists of: its size, the scene, the player's lower edge, and each stage."""
    return page.evaluate("""() => { const box = (name) => {
        const b = document.querySelector(name).getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
        return { scene: box("#playground .scene"), player: box("#playground .player"),
          stages: [...document.querySelectorAll("#playground .stage")].map((e) => { const b = e.getBoundingClientRect();
            return [b.left, b.top, b.right, b.bottom]; }), wide: innerWidth, high: innerHeight }; }""")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900)])
def test_the_scene_fills_most_of_the_window(first_question, record_property, width, height):
    first_question.set_viewport_size({"width": width, "height": height})
    until(
        first_question,
        "innerHeight === argument && Math.abs("
        "document.querySelector('#playground .player').getBoundingClientRect().bottom - innerHeight) < 14",
        height,
    )
    found = covers(first_question)
    left, top, right, bottom = found["scene"]
    part = (right - left) * (bottom - top) / (width * height)
    record_property("scene_part", part)
    assert part > 0.55
    # Nothing needs to be scrolled to play.
    assert found["player"][3] <= height + 1
    first, second = found["stages"]
    assert first[1] == second[1]
    assert first[2] <= second[0] + 1


@pytest.mark.parametrize("width", [390, 360])
def test_on_a_phone_both_stages_are_on_the_first_screen(first_question, width):
    first_question.set_viewport_size({"width": width, "height": 844})
    until(
        first_question,
        "innerWidth === argument"
        " && document.querySelectorAll('#playground .stage')[1].getBoundingClientRect().bottom < innerHeight",
        width,
    )
    first, second = covers(first_question)["stages"]
    assert first[3] <= second[1] + 3
    assert min(stage[3] - stage[1] for stage in (first, second)) > 170
    first_question.set_viewport_size({"width": 1280, "height": 720})


CUT = """() => [...document.querySelectorAll(
    ".top *, #playground .intro *, #playground .quick-row *, #playground .hud *, #playground .transport *")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.textContent.trim() && e.clientWidth > 1)
  .filter((e) => !e.closest(".visually-hidden, .popover, .controls, .gallery, select")).filter((e) => {
    const box = e.getBoundingClientRect();
    const clipped = getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1;
    return clipped || box.left < 0 || box.right > innerWidth;
  }).map((e) => `${e.tagName} ${e.className}: ${e.textContent}`)"""


@pytest.mark.parametrize("width", [390, 360])
def test_on_a_phone_no_name_is_cut(first_question, width):
    first_question.set_viewport_size({"width": width, "height": 844})
    until(first_question, "innerWidth === argument", width)
    for evaluations in (1500, 700, 40):
        sights.scrub(first_question, "playground", evaluations)
        assert first_question.evaluate(CUT) == []
    # It would find what is cut.
    first_question.evaluate(
        "() => { document.querySelector('#playground .stage-title').textContent = 'x'.repeat(80); }"
    )
    assert len(first_question.evaluate(CUT)) >= 1
    first_question.set_viewport_size({"width": 1280, "height": 720})
    sights.visit(first_question, first_question.url.split("#")[0], view="playground", look="3d")
    until(first_question, "document.querySelectorAll('.yaml pre').length === 2")
    sights.ended(first_question, "playground")


def overlaps(boxes):
    return [
        (one["text"], other["text"])
        for k, one in enumerate(boxes)
        for other in boxes[:k]
        if one["box"][0] < other["box"][2] and other["box"][0] < one["box"][2]
        and one["box"][1] < other["box"][3] and other["box"][1] < one["box"][3]
    ]  # fmt: skip


@pytest.mark.parametrize("look", ["3d", "contour"])
def test_labels_never_cover_each_other(first_question, look):
    page = first_question
    page.click(f"#playground [data-look='{look}']")
    chosen = random.Random(22)
    written = 0
    for _ in range(FRAMES // 2):
        sights.scrub(page, "playground", chosen.randrange(1501))
        until(page, LABELS, "playground")
        found = page.evaluate("""() => [...document.querySelectorAll("#playground .stage")].map((stage) => {
            const { left, top } = stage.getBoundingClientRect();
            const covers = [...stage.querySelectorAll(".hud, .say, .story")].filter((e) => e.checkVisibility())
              .map((e) => e.getBoundingClientRect()).filter((b) => b.width && b.height)
              .map((b) => [b.left - left, b.top - top, b.right - left, b.bottom - top])
              .map((box) => ({ text: "over the picture", box }));
            return [JSON.parse(stage.querySelector(".view").dataset.labels), covers]; })""")
        for labels, over in found:
            assert overlaps(labels) == []
            assert [pair for pair in overlaps([*over, *labels]) if pair[0] != pair[1]] == []
            written += len(labels)
    assert written > 3 * FRAMES


def test_what_is_said_is_what_the_log_says(studio, opened):
    page = opened(viewport={"width": 1280, "height": 720})
    alone, party = accounts_of(studio.results / "pair").values()
    sights.visit(
        page, studio.address, view="watch", results="pair", run=alone.run.id, beside=party.run.id, look="contour", at=0
    )
    until(page, "document.querySelectorAll('#watch .view[data-drawn]').length === 2")
    for evaluations in (1, 40, 150, 360):
        sights.scrub(page, "watch", evaluations)
        huds = page.evaluate("""() => [...document.querySelectorAll("#watch .hud")].map((hud) => ({
            best: Number(hud.querySelector(".best").textContent), stale: hud.querySelector(".stale").textContent,
            spent: hud.querySelector(".spent").textContent,
            parts: [...hud.querySelectorAll(".budget-part")].map((part) => parseFloat(part.style.width)),
            bar: hud.querySelector(".budget-bar").clientWidth,
            mover: hud.querySelector("[data-moves=true]")?.textContent ?? null }))""")
        for hud, account in zip(huds, (alone, party), strict=True):
            head = account.head(evaluations)
            losses = account.replay.losses[:head]
            assert hud["best"] == pytest.approx(float(losses.min()), rel=6e-3)
            assert hud["spent"] == f"{evaluations} of 360 evaluations"
            assert hud["stale"] == standstill(account, losses, evaluations)
            assert hud["parts"] == pytest.approx([100 * n / 360 for n in account.spent(evaluations)], abs=0.02)
            if evaluations < 360:
                assert hud["mover"] == account.run.team[account.replay.agent[account.drawn(evaluations) - 1]]
        # Equal budgets are seen: the bars are equally long.
        assert abs(huds[0]["bar"] - huds[1]["bar"]) <= 2


def standstill(account, losses, evaluations):
    """Return what must be said of the time since the best loss, as it is shown, was first reached."""
    shown = [sights.number(float(f"{loss:.3g}")) for loss in np.minimum.accumulate(losses)]
    lasts = evaluations - account.replay.spent[shown.index(shown[-1])]
    every, minimum = account.replay.losses, account.run.minimum
    reached = minimum is not None and losses.min() - minimum <= 1e-4 * (every[0] - every.min())
    return "" if lasts <= 0.12 * 360 or reached else f"at {shown[-1]} for {lasts:.0f} evaluations"


def test_where_a_search_is_stuck_and_starts_again_is_one_event(first_question):
    page = first_question
    sights.scrub(page, "playground", 1256)
    said = page.locator("#playground .say").first.text_content()
    assert said == "grid is stuck at 0.995; starts again elsewhere"
    last = page.locator("#playground .story").first.locator("li >> nth=-1")
    assert last.text_content() == f"1,254{said}"
    until(page, LABELS, "playground")
    labels = json.loads(page.locator("#playground .view").first.get_attribute("data-labels"))
    assert {"grid stuck here", "grid starts again here"} <= {label["text"] for label in labels}
    # An outline says whose region it is.
    sights.scrub(page, "playground", 370)
    until(page, LABELS, "playground")
    view = page.locator("#playground .view").nth(1).bounding_box()
    tip = page.locator("#playground .region-tip").nth(1)
    for across, down in ((0.01 * k, 0.05 * row) for row in range(7, 12) for k in range(20, 80)):
        page.mouse.move(view["x"] + across * view["width"], view["y"] + down * view["height"])
        page.wait_for_timeout(20)
        if tip.is_visible():
            break
    assert tip.text_content().startswith("grid's search area now")


def test_a_mark_leads_to_its_moment_and_so_do_the_reasons(first_question):
    page = first_question
    marks = page.eval_on_selector_all("#playground .mark", "all => all.map((each) => each.getAttribute('aria-label'))")
    assert any("grid moves to random-restart's point" in mark for mark in marks)
    page.click('#playground .mark[aria-label*="grid moves to random-restart"]')
    at = sights.at(page, "playground")[0]
    said = page.locator("#playground .say").nth(1).text_content()
    assert said.endswith("grid moves to random-restart's point: 4.71 → 0.995")
    assert len(said.replace("→", "").split()) <= 8
    sights.ended(page, "playground")
    closing = page.locator("#playground .say").all_text_contents()
    assert closing[0].startswith("Stuck at 0.995")
    assert closing[1].startswith("Minimum found: random-restart → grid")
    reason = page.text_content("#playground .verdict")
    assert "Both had the same 1,500 evaluations" in reason
    assert "the best losses of both were nearly the same (1.01 and 0.995), but in other places" in reason
    page.click("#playground .frame-link >> nth=0")
    assert sights.at(page, "playground")[0] == at


def test_the_camera_follows_until_it_is_touched(first_question):
    page = first_question
    page.click("#playground [data-look=contour]")
    assert page.get_attribute("#playground .follow", "aria-pressed") == "true"
    box = page.locator("#playground .view >> nth=0").bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.wheel(0, -200)
    until(page, "document.querySelector('#playground .follow').getAttribute('aria-pressed') === 'false'")
    page.click("#playground .follow")
    assert page.get_attribute("#playground .follow", "aria-pressed") == "true"


def test_every_term_is_explained_at_hover_focus_and_touch(first_question):
    page = first_question
    page.mouse.move(5, 5)
    tips = page.locator("#playground .quick .explain")
    assert tips.count() == 4
    tip = tips.first.locator("[role=tooltip]")
    assert not tip.is_visible()
    tips.first.hover()
    assert tip.is_visible()
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    tips.first.locator("button").focus()
    assert tip.is_visible()
    page.evaluate("() => document.activeElement.blur()")


def test_colours_are_even_and_seen_by_the_colour_blind(page, studio):
    sights.visit(page, studio.address, view="cards")
    for name in ("light", "dark"):
        ramp = page.evaluate(
            "async (name) => { const m = await import('/drawing/colours.js');"
            " return [...Array(21).keys()].map((k) => m.ramp(name, (k / 20) ** (1 / m.TONE))); }",
            name,
        )
        lights = [lightness(colour) for colour in ramp]
        steps = [a - b for a, b in pairwise(lights)]
        # Lower is brighter, by equal steps: in greyscale, and so for everyone, the order of losses is seen.
        assert min(steps) > 0.6 * sum(steps) / 20
        assert max(steps) < 1.5 * sum(steps) / 20


def lightness(colour):
    """Return L* of an sRGB colour."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core comes with `make check-page`")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(studio, opened, theme):
    page = opened(viewport={"width": 1280, "height": 720}, color_scheme=theme, bypass_csp=True)
    sights.visit(page, studio.address, view="playground", look="3d")
    until(page, "document.querySelectorAll('.yaml pre').length === 2")
    sights.ended(page, "playground")
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("""async () => (await axe.run()).violations.map(({ id, impact, nodes }) => (
        { id, impact, nodes: nodes.map((node) => node.html.slice(0, 120)) }))""")
    assert [each for each in found if each["impact"] in ("serious", "critical")] == [], json.dumps(found, indent=1)


MINI = """async (path) => {
  const { Film } = await import("/film/film.js");
  const { MiniStage } = await import("/player/stage/ministage.js");
  const answer = await fetch(path);
  const film = new Film(await answer.arrayBuffer());
  const host = document.body.appendChild(document.createElement("div"));
  host.style.cssText = "position: fixed; inset: 0 auto auto 0; width: 320px; height: 180px; z-index: 99";
  const small = new MiniStage(host, { look: "contour", bare: true, seconds: 1 });
  const still = () => new Promise((done) => setTimeout(done, 700));
  small.setFilms([film, film]);
  small.show(0.5);
  await still();
  const views = () => [...host.querySelectorAll(".mini-view")].map((view) => ({ ...view.dataset }));
  const half = views();
  small.play();
  await still();
  small.pause();
  const played = small.views.length;
  small.dispose();
  return { half, played, left: host.childElementCount, evaluations: film.evaluations };
}"""


def test_a_small_stage_moves_without_controls_or_words(studio, opened):
    page = opened(viewport={"width": 1280, "height": 720})
    sights.visit(page, studio.address, view="cards")
    until(page, "document.querySelectorAll('.card').length > 10")
    (party,) = accounts_of(studio.results / "ten").values()
    found = page.evaluate(MINI, f"/api/results/ten/runs/{party.run.id}/film")
    assert [int(view["drawn"]) for view in found["half"]] == [party.drawn(300)] * 2
    assert [json.loads(view["labels"]) for view in found["half"]] == [[], []]
    assert (found["played"], found["left"]) == (2, 0)
