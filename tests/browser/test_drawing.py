"""The drawing code of the studio's page: its pure functions, and both views in a browser."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import chromium
import pytest

pytestmark = pytest.mark.extras

PAGE = Path(__file__).parents[2] / "experiments" / "studio" / "page"
ORIGIN = "http://studio.test"
HEAD = "text/html; charset=utf-8"
POLICY = {"content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self'"}

# A view in a host element, with `count` points of two agents on a bowl.
VIEW = """
window.view = async (kind, count, width = 400) => {
  const { lossScale } = await import("/drawing/scale.js");
  const module = await import(`/drawing/${kind}/${kind}.js`);
  const host = document.body.appendChild(document.createElement("div"));
  host.style.width = `${width}px`;
  host.style.height = "300px";
  const loss = (u, v) => (u - 0.5) ** 2 + (v - 0.5) ** 2;
  const size = 17;
  const losses = Float32Array.from({ length: size * size }, (_, k) => loss((k % size) / 16, Math.floor(k / size) / 16));
  const points = (n) => {
    const u = Float32Array.from({ length: n }, (_, k) => 0.1 + 0.8 * ((k * 0.618) % 1));
    const v = Float32Array.from({ length: n }, (_, k) => 0.1 + 0.8 * ((k * 0.414) % 1));
    return { count: n, u, v, loss: u.map((value, k) => (k % 50 === 7 ? Infinity : loss(value, v[k]))),
      distance: new Float32Array(n), agent: Uint8Array.from(u, (_, k) => k % 2), kept: new Uint8Array(n) };
  };
  const view = new (module.SceneView ?? module.ContourView)(host, { theme: "light" });
  view.setAxes({ u: { name: "x1", offset: -1, scale: 2 }, v: { name: "x2", offset: -1, scale: 2 } });
  view.setSurface({ size, extent: [0, 1, 0, 1], losses });
  view.setScale(lossScale(losses, 0));
  view.setAgents([{ name: "one", colour: "#0072B2", shape: 0 }, { name: "two", colour: "#D55E00", shape: 2 }]);
  view.setPoints(points(count));
  const still = () => new Promise((done) => setTimeout(done, 450));
  return { host, view, points, still };
};
"""
OVERLAY = """{
  regions: [{ agent: 0, polygon: [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]], radius: 0.2, now: true }],
  agents: [{ agent: 0, u: 0.4, v: 0.4, loss: 0.02, distance: 0 }],
  arrows: [{ agent: 0, from: { u: 0.4, v: 0.4, loss: 0.02 }, to: { u: 0.8, v: 0.8, loss: 0.18 }, part: 0.5 }],
  best: { u: 0.5, v: 0.5, loss: 0 }, minimizers: [[0.5, 0.5, 0]], start: { u: 0.1, v: 0.9 },
  callouts: [{ u: 0.7, v: 0.3, loss: null, text: "stuck", kind: "stuck" }], chosen: 3, trail: [0, 3, 9] }"""


def answer(route: Any) -> None:
    """Serve the page's files as a server with the studio's content policy would."""
    name = route.request.url.removeprefix(ORIGIN).lstrip("/")
    if not name or not (PAGE / name).is_file():
        route.fulfill(status=200 if not name else 404, body="<!doctype html>", content_type=HEAD, headers=POLICY)
    else:
        route.fulfill(body=(PAGE / name).read_bytes(), content_type="text/javascript", headers=POLICY)


def blank(browser: Any, troubles: list[str]) -> Any:
    """Return a page that can import the page's modules."""
    page = chromium.opened(browser, troubles, viewport={"width": 900, "height": 700})
    page.route("**/*", answer)
    page.goto(ORIGIN + "/")
    return page


@pytest.fixture(scope="module")
def modules(browser: Any, all_troubles: list[str]) -> Iterator[Any]:
    """Return a page for functions without side effects."""
    page = blank(browser, all_troubles)
    yield page
    page.context.close()


@pytest.fixture
def page(browser: Any, all_troubles: list[str]) -> Iterator[Any]:
    page = blank(browser, all_troubles)
    page.evaluate(f"() => {{ {VIEW} }}")
    yield page
    page.context.close()


def call(page: Any, module: str, expression: str) -> Any:
    """Return the value of an expression in which `m` is a module of the page."""
    return page.evaluate(f"async () => {{ const m = await import('/drawing/{module}'); return {expression}; }}")


def test_a_row_of_a_forest_plot_is_broken_behind_the_name_of_its_strategy(modules):
    name = "team, from 302: lease=5 and from 500: radius=fixed"
    lines = modules.evaluate(
        """async (name) => {
          const { drawIntervals } = await import("/report/intervals.js");
          const host = document.body.appendChild(document.createElement("div"));
          host.style.width = "300px";
          const row = { name: `${name}: better, 2 times fewer`, colour: 0, value: 0.5, low: 0.4, high: 0.6, bound: "" };
          drawIntervals(host, { title: "t", label: "l", rows: [row], log: true, reference: 1, xName: "x" }, "light");
          await new Promise((done) => setTimeout(done, 450));
          return [...host.querySelectorAll("svg text")].map((text) => text.textContent);
        }""",
        name,
    )
    assert {f"{name}:", "better, 2 times fewer"} <= set(lines)


def test_heights_rise_with_losses_and_come_back(modules):
    losses = "[...Array(101).keys()].map((k) => k ** 3 / 1000 - 5)"
    heights = call(
        modules, "scale.js", f"(() => {{ const l = {losses}; return l.map(m.lossScale(l, null).height); }})()"
    )
    assert heights[0] == 0
    assert heights[-1] == 1
    assert heights == sorted(heights)
    # Levels are fine near the lowest loss: the lowest quarter of the losses spans far more than its share of the range.
    assert heights[25] > 0.1
    back = call(
        modules, "scale.js", f"(() => {{ const s = m.lossScale({losses}, null); return s.loss(s.height(42)); }})()"
    )
    assert back == pytest.approx(42)


def test_heights_of_losses_that_are_not_finite_and_of_constant_landscapes(modules):
    assert call(
        modules, "scale.js", "[Infinity, NaN, -9, 3].map(m.lossScale([1, 2, 3, Infinity, NaN], null).height)"
    ) == [
        1,
        1,
        0,
        1,
    ]
    assert call(modules, "scale.js", "[2, Infinity].map(m.lossScale([2, 2, 2], null).height)") == [0, 1]
    assert call(modules, "scale.js", "m.lossScale([], null).height(7)") == 0
    assert call(modules, "scale.js", "m.lossScale([1, 1, 1, 1, 50], null).height(50)") == 1


def test_the_known_minimum_is_the_lowest_height(modules):
    assert call(modules, "scale.js", "m.lossScale([3, 4, 9], 1).height(1)") == 0
    assert call(modules, "scale.js", "m.lossScale([3, 4, 9], 1).height(3)") > 0


def test_ticks_of_losses_are_round_and_apart(modules):
    ticks = call(modules, "scale.js", "m.lossScale([0, 0.31, 2.2, 17, 80.7], 0).ticks")
    assert 4 <= len(ticks) <= 6
    assert all(len(f"{tick['loss']:g}".strip("0.")) <= 2 for tick in ticks)
    heights = [tick["height"] for tick in ticks]
    assert all(b - a > 0.05 for a, b in pairwise(heights))


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-2.5", "−2.5"), ("12000", "12,000"), ("4e6", "4×10⁶"), ("1e-5", "10⁻⁵"), ("Infinity", "∞")],
)
def test_numbers_are_written_to_be_read(modules, value, text):
    assert call(modules, "numbers.js", f"m.formatNumber({value})") == text


def test_ticks_of_axes(modules):
    assert call(modules, "numbers.js", "m.linearTicks(-5.12, 5.12, 5)") == [-4, -2, 0, 2, 4]
    assert call(modules, "numbers.js", "m.logTicks(1e-8, 100, 5)") == [1e-8, 1e-5, 1e-2, 10]


def test_thinning_is_nested_even_and_keeps_what_must_stay(modules):
    counts = call(
        modules,
        "thinning.js",
        "(() => { const t = new m.Thinning(); t.update(0, 51200, new Uint8Array(51200)); return [...t.lengths]; })()",
    )
    assert sum(counts) == 51200
    for level in range(1, len(counts)):
        assert counts[level] / 51200 == pytest.approx(2.0 ** (level - len(counts)), rel=0.02)
    # Evenly over time: every hundred points contain about the same number of sampled points.
    shares = call(
        modules,
        "thinning.js",
        "[...Array(64).keys()].map((b) => [...Array(100).keys()].filter((k) => m.levelOf(b * 100 + k) < 6).length)",
    )
    assert max(shares) - min(shares) <= 6
    kept = call(
        modules,
        "thinning.js",
        "(() => { const t = new m.Thinning(); t.update(0, 100, new Uint8Array(100).fill(1)); return t.lengths[0]; })()",
    )
    assert kept == 100


def test_thinning_takes_in_points_that_were_added_or_came_between(modules):
    same = call(modules, "thinning.js", """(() => {
        const kept = Uint8Array.from({ length: 3000 }, (_, k) => k % 700 === 0);
        const [at, once] = [new m.Thinning(), new m.Thinning()];
        at.update(0, 1000, kept); at.update(1000, 2500, kept); at.update(400, 3000, kept); once.update(0, 3000, kept);
        const told = (one, k) => String(one.lists[k].slice(0, one.lengths[k]));
        return once.lists.every((list, k) => told(once, k) === told(at, k))
          && [...once.before(1234)].reduce((a, b) => a + b) === 1234;
    })()""")  # fmt: skip
    assert same


def test_contour_lines_go_round_a_hill_and_leave_out_holes(modules):
    grid = "Float32Array.from({ length: 441 }, (_, k) => Math.hypot((k % 21) - 10, Math.floor(k / 21) - 10))"
    segments = call(modules, "contour/marching.js", f"m.contourSegments({grid}, 21, 6)")
    assert len(segments) % 4 == 0
    ends = [(round(x, 5), round(y, 5)) for x, y in zip(segments[::2], segments[1::2], strict=True)]
    assert all(abs(((x - 10) ** 2 + (y - 10) ** 2) ** 0.5 - 6) < 0.1 for x, y in ends)
    # The line is closed: every end coincides with exactly one other.
    assert all(ends.count(end) == 2 for end in ends)
    holed = call(
        modules,
        "contour/marching.js",
        f"(() => {{ const g = {grid}; g[16 * 21 + 10] = NaN; return m.contourSegments(g, 21, 6); }})()",
    )
    assert 0 < len(holed) < len(segments)


@pytest.mark.parametrize("corners", ["[1, 0, 0, 1]", "[0, 1, 1, 0]"])
def test_a_saddle_has_two_lines(modules, corners):
    assert len(call(modules, "contour/marching.js", f"m.contourSegments({corners}, 2, 0.4)")) == 8


def test_the_pace_learns_what_can_be_drawn(modules):
    budget = call(modules, "pace.js", """(() => {
        const pace = new m.Pace(50000); let now = 0;
        for (let k = 0; k < 300; k++) {
          const delay = 10 + pace.budget / 1000;
          now += delay;
          pace.frame(now, delay, pace.budget, 100000);
        }
        return pace.budget;
    })()""")  # fmt: skip
    assert 8000 < budget < 21000


def test_fewer_pixels_are_drawn_if_the_next_frame_is_late(modules):
    scales = call(modules, "pace.js", """[10, 30, 90].map((delay) => {
        const pace = new m.Pace(); let now = 0;
        pace.slowDown();
        for (let k = 0; k < 60; k++) pace.frame(now += delay, delay, 1000, 1000);
        return pace.scale;
    })""")  # fmt: skip
    assert scales[0] > 0.7
    assert scales[1:] == [0.5, 0.5]


def test_what_a_step_asks_for_is_drawn_in_the_same_frame(modules):
    """A view that is asked while time advances is drawn in every frame, and not in every second one."""
    order = call(modules, "../base/frames.js", """await new Promise((done) => {
        const order = []; let frame = 0;
        const draw = () => order.push(`draw ${frame}`);
        const step = () => {
          order.push(`step ${++frame}`);
          m.askDrawing(draw); m.askDrawing(draw);
          if (frame < 3) m.askStep(step);
          else setTimeout(() => done(order), 50);
        };
        const never = () => order.push("never");
        m.askStep(step); m.askDrawing(never); m.cancelFrame(never);
    })""")  # fmt: skip
    assert order == ["step 1", "draw 1", "step 2", "draw 2", "step 3", "draw 3"]


def test_a_scene_drawn_by_a_processor_is_coarse_only_while_it_moves(page):
    found = page.evaluate(f"""async () => {{
        const {{ view, still }} = await window.view("scene", 500);
        const look = () => view.parts.scene.children.filter((part) => part.isMesh)
          .map((part) => part.material.uniforms.picture !== undefined);
        view.show(400, {{ ...{OVERLAY}, settled: false }});
        await still();
        const moving = look();
        view.show(400, {OVERLAY});
        await still();
        return [view.renderer.slow, moving, look(), view.coarse];
    }}""")
    assert found == [True, [True, True, False], [False, False, False], False]


def test_the_picture_of_a_ground_has_the_colours_of_its_heights(modules):
    found = call(modules, "scene/picture.js", """await (async () => {
        const { Ground } = await import("/drawing/ground.js"); const { lossScale } = await import("/drawing/scale.js");
        const { ramp } = await import("/drawing/colours.js");
        const losses = Float32Array.from({ length: 9 }, (_, k) => k % 3);
        const ground = new Ground({ size: 3, extent: [0, 1, 0, 1], losses }, lossScale(losses, 0), [0, 1, 0, 1]);
        const canvas = m.drawGround(ground, "light").image;
        const context = canvas.getContext("2d");
        return [2, 300, 700, 1021].map((x) => {
          const pixels = context.getImageData(x - 2, 500, 5, 1).data;
          const height = ground.height((x + 0.5) / canvas.width, 0.5);
          const want = ramp("light", height).map((part) => 255 * part);
          const off = (k) => Math.max(...[0, 1, 2].map((part) => Math.abs(pixels[4 * k + part] - want[part])));
          return Math.min(...[0, 1, 2, 3, 4].map(off));
        });
    })()""")  # fmt: skip
    assert max(found) < 6


@pytest.mark.parametrize("kind", ["scene", "contour"])
def test_a_view_shows_points_and_finds_them_again(page, kind):
    found = page.evaluate(f"""async () => {{
        const {{ host, view, points, still }} = await window.view("{kind}", 500);
        view.show(400, {OVERLAY});
        await still();
        const first = [view.drawnCount, view.total];
        const [u, v, loss] = [points(500).u, points(500).v, points(500).loss];
        const at = view.project(u[20], v[20], loss[20]);
        const box = host.getBoundingClientRect();
        const picked = view.pick(box.left + at.x, box.top + at.y);
        const place = view.place(box.left + at.x, box.top + at.y);
        view.setPoints(points(1200)); view.show(1200, {{}}); view.setTheme("dark");
        await still();
        const result = {{ first, later: [view.drawnCount, view.total], picked,
          off: [place[0] - u[20], place[1] - v[20]],
          nowhere: view.pick(-50, -50) }};
        view.dispose();
        return {{ ...result, left: host.childElementCount }};
    }}""")
    assert found["first"] == [400, 400]
    assert found["later"] == [1200, 1200]
    assert found["picked"] == 20
    assert found["off"] == pytest.approx([0, 0], abs=0.03)
    assert found["nowhere"] is None
    assert found["left"] == 0


@pytest.mark.parametrize(("place", "written"), [((70, 60), 1), ((35, 60), 0), ((70, 205), 0)])
def test_what_lies_outside_a_picture_has_no_label(modules, place, written):
    """No line leads to where nothing is drawn, however near the edge that is."""
    told = call(
        modules,
        "overlay/labels.js",
        f"""(() => {{
            const labels = new m.Labels(document.createElement("canvas").getContext("2d"), {{}}, [40, 10, 300, 200]);
            const there = labels.writeBeside("start", {place[0]}, {place[1]}, 10);
            return [there, labels.written.length]; }})()""",
    )
    assert told == [bool(written), written]


def test_a_drag_turns_the_scene_and_is_no_click(page):
    page.evaluate("""async () => { const one = await window.view("scene", 50); window.one = one;
        window.clicks = 0; one.host.addEventListener("click", () => { window.clicks += 1; });
        one.view.show(50, {}); await one.still(); }""")
    before = page.evaluate("window.one.view.camera()")
    page.mouse.move(200, 150)
    page.mouse.down()
    page.mouse.move(260, 160, steps=4)
    page.mouse.up()
    turned = page.evaluate("window.one.view.camera()")
    assert abs(turned["azimuth"] - before["azimuth"]) > 0.1
    assert page.evaluate("window.clicks") == 0
    page.mouse.click(200, 150)
    assert page.evaluate("window.clicks") == 1
    page.evaluate("window.one.host.focus()")
    page.keyboard.press("0")
    assert page.evaluate("window.one.view.camera().azimuth") == pytest.approx(before["azimuth"])


def test_a_chart_is_sought_by_pointer(page):
    page.evaluate("""async () => { const { LineChart } = await import("/drawing/charts.js");
        const host = document.body.appendChild(document.createElement("div"));
        host.style.height = "200px"; window.sought = [];
        const chart = new LineChart(host, { onSeek: (x) => window.sought.push(x) });
        chart.set({ title: "best loss", xName: "evaluations", range: [0, 100], at: 60,
          series: [{ name: "one", colour: "#0072B2", x: [1, 50], y: [3, 0.5] }] });
        window.label = host.firstChild.getAttribute("aria-label"); }""")
    page.mouse.click(500, 100)
    assert page.evaluate("window.label") == "best loss over evaluations at 60: one 0.5"
    assert page.evaluate("window.sought")[0] == pytest.approx(53, abs=3)


def test_keys_and_wheel_move_the_contour_view(page):
    page.evaluate("""async () => { window.one = await window.view("contour", 50); window.one.view.show(50, {});
        await window.one.still(); window.one.host.focus(); }""")
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    moved = page.evaluate("window.one.view.camera()")
    assert moved["zoom"] == pytest.approx(1.25)
    assert moved["u"] > 0.5
    page.keyboard.press("0")
    page.mouse.move(230, 150)
    place = page.evaluate("window.one.view.place(230, 150)")
    page.mouse.wheel(0, -300)
    page.wait_for_function("window.one.view.camera().zoom > 1.3")
    assert page.evaluate("window.one.view.place(230, 150)") == pytest.approx(place)
