/** The landscape of a run from above, in two dimensions: its shading, every agent's points, and the regions of leases. */

import { el, svg } from "../base/dom.js";
import { sideTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, legend, picture as labelPicture, tint, write } from "./figure.js";

const MARGIN = { left: 62, right: 12, top: 10, bottom: 44 };

/**
 * Fill a host with the map and its data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").MapData} data
 * @param {string|null} ground the picture of its shading
 * @param {string} theme
 */
export function drawMap(host, data, ground, theme) {
  const place = el("div", { class: "map" });
  host.replaceChildren(legend(data.names, theme, true), place, dataOf(() => tableOf(data)));
  drawToWidth(place, (width) => [draw(data, ground, Math.min(width, 680), theme)]);
}

/**
 * @param {import("../types.d.ts").MapData} data
 * @param {string|null} picture
 * @param {number} width
 * @param {string} theme
 */
function draw(data, picture, width, theme) {
  const side = width - MARGIN.left - MARGIN.right;
  const [left, top, bottom] = [MARGIN.left, MARGIN.top, MARGIN.top + side];
  const [[x0, x1], [y0, y1]] = data.extent;
  /** @param {number} value */
  const x = (value) => left + ((value - x0) / (x1 - x0)) * side;
  /** @param {number} value */
  const y = (value) => bottom - ((value - y0) / (y1 - y0)) * side;
  const ground = picture ? [svg("image", { href: picture, x: left, y: top, width: side, height: side, preserveAspectRatio: "none", class: "ground" })] : [];
  const regions = data.regions.map(([a, b, c, d, agent, age]) => svg("rect", {
    x: x(a), y: y(d), width: Math.max(x(c) - x(a), 0), height: Math.max(y(b) - y(d), 0), fill: "none",
    stroke: tint(agent, theme), "stroke-width": 0.6 + age, "stroke-opacity": 0.25 + 0.6 * age,
  }));
  // A path of strokes without length, with round ends, is a dot for each: one element for all points of an agent.
  const points = data.points.map((mine, k) => svg("path", {
    d: mine.x.map((value, i) => `M${x(value).toFixed(1)},${y(mine.y[i]).toFixed(1)}h0`).join(""),
    stroke: tint(k, theme), "stroke-width": data.dot ?? 4.5, "stroke-linecap": "round", "stroke-opacity": data.dot ? 1 : 0.6, fill: "none",
  }));
  const path = { points: data.path.x.map((value, i) => `${x(value)},${y(data.path.y[i])}`).join(" "), fill: "none" };
  const best = [
    svg("polyline", { ...path, stroke: "var(--paper)", "stroke-width": 3.5 }),
    svg("polyline", { ...path, stroke: "var(--ink)", "stroke-width": 1.4 }),
  ];
  const minima = data.minimizers.map(([a, b]) => write(x(a), y(b) + 7, "★", {
    "text-anchor": "middle", "font-size": 20, fill: "var(--paper)", stroke: "var(--ink)", "stroke-width": 1,
  }));
  const clip = `clip-${data.key}`;
  const [across, up] = data.sides;
  const columns = sideTicks(across, x0, x1, side / 80).map(({ at, text }) => write(x(at), bottom + 16, text, { "text-anchor": "middle" }));
  const lines = sideTicks(up, y0, y1, side / 50).map(({ at, text }) => write(left - 6, y(at) + 4, text, { "text-anchor": "end" }));
  return labelPicture(data.label, width, side + MARGIN.top + MARGIN.bottom, [
    svg("clipPath", { id: clip }, [svg("rect", { x: left, y: top, width: side, height: side })]),
    ...ground, svg("g", { "clip-path": `url(#${clip})` }, [...regions, ...points, ...best, ...minima]),
    svg("rect", { x: left, y: top, width: side, height: side, fill: "none", stroke: "var(--line)" }),
    ...columns, ...lines, write(left + side, bottom + 34, across.name, { "text-anchor": "end" }),
    write(14, top + side / 2, up.name, { "text-anchor": "middle", transform: `rotate(-90 14 ${top + side / 2})` }),
  ]);
}

/**
 * @param {import("../types.d.ts").MapData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ label, names, points, sides }) {
  const [across, up] = sides;
  const rows = points.flatMap((mine, k) => mine.x.map((value, i) => [names[k], toValue(across, value), toValue(up, mine.y[i])]));
  return { caption: label, heads: ["agent", sides[0].name, sides[1].name], rows };
}

/**
 * Return what a place on a side stands for, in the units of its parameter.
 * @param {import("../types.d.ts").Tick & { name: string }} side
 * @param {number} place
 */
function toValue({ log, integer, choices }, place) {
  if (choices) return String(choices[Math.round(place)]);
  const value = log ? 10 ** place : place;
  return integer ? Math.round(value) : Number(value.toPrecision(4));
}
