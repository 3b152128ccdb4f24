/** Loss against cost of the settings of a sweep: the Pareto front, along which one can move, and lines of equal cost. */

import { el, svg } from "../base/dom.js";
import { formatNumber, linearTicks, logTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, picture, tint, write } from "./figure.js";
import { formatCell } from "./table.js";

const MARGIN = { left: 62, right: 18, top: 40, bottom: 44 };
const HEIGHT = 320;
const MOST_SCROLLS = 40;
const SCROLL_MILLISECONDS = 150;

/**
 * Fill a host with the picture, a slider along the front, and the data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").FrontData} data
 * @param {string} theme
 */
export function drawFront(host, data, theme) {
  const place = el("div");
  const front = [...data.points.keys()].filter((k) => data.points[k].front).sort((i, k) => data.points[i].x - data.points[k].x);
  let at = Math.max(0, front.indexOf(data.chosen));
  let width = 0;
  const show = () => {
    if (width) place.replaceChildren(draw(data, front, front[at], width, theme));
    said.textContent = describe(data, front[at]);
    replay.hidden = !data.points[front[at]].run || !document.getElementById("replay");
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  const slider = el("input", {
    type: "range", min: 0, max: front.length - 1, value: at, step: 1, "aria-label": "Setting on the front, from the cheapest to the best",
    oninput: () => { at = Number(slider.value); show(); },
  });
  const said = el("p", { class: "front-said", "aria-live": "polite" });
  const replay = el("button", { type: "button", text: "Replay its middle run", onclick: () => startReplay(data.points[front[at]].run ?? "") });
  const moved = el("p", { class: "front-move screen-only" }, [
    ...(front.length > 1 ? [el("span", { class: "soft", text: "cheapest" }), slider, el("span", { class: "soft", text: "best" })] : []), replay,
  ]);
  host.replaceChildren(place, ...(front.length > 1 || data.points[front[0]].run ? [moved] : []), said, dataOf(() => tableOf(data)));
  drawToWidth(place, (now) => { width = now; return [draw(data, front, front[at], width, theme)]; });
  show();
}

/** Show a run in the replay of the page. @param {string} run */
function startReplay(run) {
  const host = document.getElementById("replay");
  if (!host) return;
  host.dataset.chosen = run;
  host.dispatchEvent(new CustomEvent("choose", { detail: run }));
  scrollToReplay(host, MOST_SCROLLS);
}

/**
 * Scroll to the replay until it is there: figures above it are drawn, and move it, while the page is scrolled.
 * @param {HTMLElement} host
 * @param {number} left how often at most
 */
function scrollToReplay(host, left) {
  host.scrollIntoView({ block: "start" });
  const there = host.shadowRoot?.querySelector(".view") && Math.abs(host.getBoundingClientRect().top) < 40;
  if (left > 0 && !there) setTimeout(() => scrollToReplay(host, left - 1), SCROLL_MILLISECONDS);
}

/**
 * @param {import("../types.d.ts").FrontData} data
 * @param {number} k
 */
function describe({ title, points, unit, floor }, k) {
  const { name, x, y, share, knee } = points[k];
  const gap = floor && y <= floor ? `≤ ${floor}` : formatCell(y);
  const sure = share === null ? "" : `; on the front in ${Math.round(100 * share)} % of draws`;
  return `${name}: ${title.toLowerCase()} ${gap} after ${formatCell(x)} ${unit}${sure}${knee ? "; the knee" : ""}.`;
}

/**
 * @param {import("../types.d.ts").FrontData} data
 * @param {number[]} front
 * @param {number} chosen
 * @param {number} width
 * @param {string} theme
 */
function draw({ title, label, xName, unit, log, higher, points }, front, chosen, width, theme) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const bend = log ? Math.log10 : (/** @type {number} */ value) => value;
  const ends = points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]).map(bend);
  const [y0, y1, x0, x1] = [Math.min(...ends), Math.max(...ends), ...rangeOf(points.map((point) => Math.log10(Math.max(point.x, 1e-9))))];
  const [across, up] = [(x1 - x0) * 0.06 || 0.3, (y1 - y0) * 0.06 || 0.3];
  /** @param {number} value */
  const x = (value) => left + ((Math.log10(Math.max(value, 1e-9)) - x0 + across) / (x1 - x0 + 2 * across)) * (right - left);
  /** @param {number} value */
  const y = (value) => bottom - ((bend(value) - y0 + up) / (y1 - y0 + 2 * up)) * (bottom - top);
  const costs = logTicks(10 ** (x0 - across), 10 ** (x1 + across), (right - left) / 130).flatMap((value) => [
    svg("line", { x1: x(value), x2: x(value), y1: top - 8, y2: bottom, stroke: "var(--line)", "stroke-dasharray": "4 3" }),
    write(x(value), top - 12, `${formatNumber(value)} ${unit}`, { "text-anchor": "middle", "font-size": 11 }),
    write(x(value), bottom + 16, formatNumber(value), { "text-anchor": "middle" }),
  ]);
  const ticks = log ? logTicks(10 ** (y0 - up), 10 ** (y1 + up), 6) : linearTicks(y0 - up, y1 + up, 6);
  const rows = ticks.map((value) => write(left - 6, y(value) + 4, formatNumber(value), { "text-anchor": "end" }));
  const stairs = front.map((k) => points[k]).flatMap((point, k, all) => (k ? [`${x(point.x)},${y(all[k - 1].y)}`] : []).concat(`${x(point.x)},${y(point.y)}`));
  const line = svg("polyline", { points: stairs.join(" "), fill: "none", stroke: tint(0, theme), "stroke-width": 2 });
  const dots = points.flatMap((point, k) => {
    const place = { cx: x(point.x), cy: y(point.y) };
    const spans = point.low === null || point.high === null ? [] : [
      svg("line", { x1: place.cx, x2: place.cx, y1: y(point.low), y2: y(point.high), stroke: "currentColor", "stroke-opacity": 0.35 }),
    ];
    const ring = k === chosen ? [svg("circle", { ...place, r: 11, fill: "none", stroke: tint(1, theme), "stroke-width": 3 })] : [];
    const knee = point.knee ? [svg("path", { d: `M${place.cx},${place.cy - 8}l8,8l-8,8l-8,-8z`, fill: tint(0, theme) })] : [];
    const dot = svg("circle", { ...place, r: 5, fill: point.front ? tint(0, theme) : "var(--paper)", stroke: point.front ? tint(0, theme) : "currentColor", "stroke-width": 1.5 }, [svg("title", { text: point.name })]);
    return [...spans, dot, ...knee, ...ring];
  });
  return picture(label, width, HEIGHT, [
    write(4, 14, `${title}${higher ? " (higher is better)" : ""}`, { "font-weight": 600 }), ...costs, ...rows, line, ...dots,
    svg("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: "var(--line)" }), write(right, HEIGHT - 6, xName, { "text-anchor": "end" }),
  ]);
}

/** @param {number[]} values @returns {[number, number]} */
function rangeOf(values) {
  return [Math.min(...values), Math.max(...values)];
}

/**
 * @param {import("../types.d.ts").FrontData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ title, xName, points }) {
  const rows = points.map(({ name, x, y, low, high, share, front, knee }) => [name, x, y, low, high, share, knee ? "knee" : front ? "yes" : "no"]);
  return { caption: title, heads: ["setting", xName, title, "lower quartile", "upper quartile", "probability of being on the front", "on the front"], rows };
}
