"""The page without a mouse, without sight, in poor light, on a phone, and without motion."""

import json

import pytest
import sights
from sights import until

pytestmark = pytest.mark.extras

SIDE = {"kinds": ["grid", "random"], "agents": 2, "policy": "composed", "lease": 30, "radius": 0.3}
PLAY = {
    "common": {"landscape": {"kind": "rastrigin", "dimension": 4}, "budget": 200, "seed": 1, "center": 0.5},
    "sides": [{"name": "One", "settings": SIDE}, {"name": "Two", "settings": SIDE | {"kinds": ["gradient-descent"]}}],
}
CONTROLS = "button, select, input, summary, a[href], [tabindex='0']"
WHERE = sights.PARTS


@pytest.fixture(scope="module")
def page(studio, opened):
    return opened()


def show(page, studio, where):
    """Open a part of the page at the end of what it shows."""
    state = {"playground": {"play": json.dumps(PLAY)}, "watch": {"results": "ten"}, "cards": {}}[where]
    sights.visit(page, studio.address, view=where, look="contour", at=0, **state)
    if where == "cards":
        until(page, "document.querySelectorAll('.card').length > 10")
        return
    count = 2 if where == "playground" else 1
    until(page, "document.querySelectorAll(`#${argument[0]} .view[data-drawn]`).length === argument[1]", [where, count])
    sights.ended(page, where)


def names(page):
    """Return (role, name) of every element that assistive technology receives."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    known = [node for node in nodes if not node.get("ignored")]
    return [(node["role"]["value"], node.get("name", {}).get("value", "").strip()) for node in known if "role" in node]


NAMED = ("button", "slider", "combobox", "checkbox", "tab", "link", "image", "img", "DisclosureTriangle", "tabpanel")


@pytest.mark.parametrize("where", WHERE)
def test_all_controls_have_names_and_come_in_the_order_of_reading(page, studio, where):
    show(page, studio, where)
    told = names(page)
    assert [role for role, name in told if role in NAMED and not name] == []
    assert ("tab", "Playground") in told
    # Press Tab through the whole page, until the focus is back at the beginning.
    page.evaluate("""(controls) => { document.activeElement.blur(); window.scrollTo(0, 0); window.reached = [];
        document.addEventListener("focusin", ({ target }) => window.reached.push(target)); }""", CONTROLS)  # fmt: skip
    for _ in range(page.locator(CONTROLS).count() + 2):
        page.keyboard.press("Tab")
        if page.evaluate("() => window.reached.length > 1 && window.reached.at(-1) === window.reached[0]"):
            break
    missed, backwards = page.evaluate(
        """(controls) => { const before = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING;
            const reached = [...new Set(window.reached)];
            const seen = (e) => e.checkVisibility() && e.tabIndex >= 0;
            const wanted = [...document.querySelectorAll(controls)].filter(seen);
            return [wanted.filter((e) => !reached.includes(e)).map((e) => e.outerHTML.slice(0, 120)),
              reached.filter((e, i) => i && !before(reached[i - 1], e)).map((e) => e.outerHTML.slice(0, 120))]; }""",
        CONTROLS,
    )
    assert missed == []
    assert backwards == []


def test_tabs_are_moved_between_by_arrows(page, studio):
    page.focus("#tab-cards")
    for key, where in (
        ("ArrowLeft", "watch"),
        ("ArrowLeft", "playground"),
        ("ArrowLeft", "cards"),
        ("ArrowRight", "playground"),
    ):
        page.keyboard.press(key)
        assert sights.part(page) == where
        assert page.evaluate("() => document.activeElement.id") == f"tab-{where}"
        assert [name for name in WHERE if page.is_visible(f"#{name}")] == [where]
        assert page.get_attribute(f"#{where}", "aria-labelledby") == f"tab-{where}"


def test_a_slider_keeps_its_keys_and_the_player_the_others(page, studio):
    show(page, studio, "playground")
    sights.scrub(page, "playground", 100)
    page.click("#playground .settings > summary")
    seed = page.locator("#playground [name=seed]")
    seed.press("End")
    assert seed.input_value() == "50"
    assert seed.get_attribute("aria-valuetext") == "50"
    until(page, "document.querySelector('#playground .stages').ariaBusy === 'false'")
    sights.ended(page, "playground")
    seed.press("Space")
    assert sights.playing(page, "playground")
    seed.press("Space")
    # Within a list, a letter key is not a shortcut.
    page.locator("#playground [name=landscape]").press(".")
    sights.scrub(page, "playground", 50)
    page.locator("#playground [data-look=contour]").press(",")
    assert sights.at(page, "playground")[0] == 49


def test_the_picture_says_in_words_what_it_shows(page, studio):
    show(page, studio, "watch")
    labels = set()
    for evaluations in (40, 300, 600):
        sights.scrub(page, "watch", evaluations)
        (stage,) = sights.stages(page, "watch")
        assert f"evaluation {evaluations} of 600, best loss " in stage["label"]
        assert stage["numbers"].split()[2] in stage["label"]
        labels.add(stage["label"])
        assert page.text_content("#watch .replay > [role=status]") in stage["label"]
        assert page.get_attribute("#watch .scrub", "aria-valuetext") in stage["label"]
    assert len(labels) == 3
    assert page.get_attribute("#watch .view", "role") == "img"


CONTRASTS = """() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, below) => below.map((c, i) => (i < 3 ? top[i] * top[3] + c * (1 - top[3]) : 1));
  const light = ([r, g, b]) => [r, g, b].reduce((sum, c, i) => { const s = c / 255;
    return sum + [0.2126, 0.7152, 0.0722][i] * (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4); }, 0);
  const ground = (e) => { if (!e) return [255, 255, 255, 1];
    const own = rgba(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(e.parentElement)); };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !e.checkVisibility({ visibilityProperty: true })) continue;
    if (["OPTION", "SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName)) continue;
    seen += 1;
    const below = ground(e);
    const [a, b] = [light(over(rgba(getComputedStyle(e).color), below)), light(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${e.className} ${e.textContent.slice(0, 40)}`);
  }
  return { seen, poor };
}"""
WIDE = """() => { const width = document.documentElement.clientWidth;
  const clips = (e) => e && e !== document.body
    && (getComputedStyle(e).overflowX !== "visible" || clips(e.parentElement));
  const wide = (e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1 && !clips(e.parentElement)
    && !e.closest(".skip, .visually-hidden");
  return { page: document.documentElement.scrollWidth - width,
    wide: [...document.querySelectorAll("body *")].filter(wide).map((e) => e.outerHTML.slice(0, 100)) }; }"""


@pytest.fixture(scope="module")
def narrow(studio, opened):
    return opened(viewport={"width": 360, "height": 740}, color_scheme="light")


@pytest.mark.parametrize("where", WHERE)
def test_text_can_be_read_in_light_and_dark_and_fits_a_phone(narrow, studio, where):
    show(narrow, studio, where)
    narrow.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    if where == "watch":
        # Error messages, and the description of a point, are text as well.
        narrow.evaluate("""() => { const add = (cls, to) => { const p = document.createElement("p"); p.className = cls;
            p.textContent = "x"; document.querySelector(to).append(p); };
            for (const cls of ["problems", "note", "detail", "bubble"]) add(cls, "#watch"); }""")
    for scheme in ("light", "dark"):
        narrow.emulate_media(color_scheme=scheme)
        until(narrow, "document.documentElement.dataset.theme === argument", scheme)
        found = narrow.evaluate(CONTRASTS)
        assert found["poor"] == []
        assert found["seen"] > 20
        assert narrow.evaluate(WIDE) == {"page": 0, "wide": []}


def test_the_theme_is_toggled_and_remembered(page, studio):
    sights.visit(page, studio.address, view="cards")
    until(page, "document.querySelectorAll('.card').length > 10")
    page.click("#theme")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.reload()
    until(page, "document.querySelectorAll('.card').length > 10")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.click("#theme")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"


def test_without_motion_the_end_is_shown(studio, opened):
    calm = opened(reduced_motion="reduce")
    sights.visit(calm, studio.address, view="watch", results="pair", look="contour")
    until(calm, "document.querySelector('#watch .scrub')?.value === '360'")
    assert not sights.playing(calm, "watch")
    assert calm.is_visible("#watch .verdict")
    calm.select_option("#results", "ten")
    until(calm, "document.querySelector('#watch .scrub').value === '600'")
    assert not sights.playing(calm, "watch")
