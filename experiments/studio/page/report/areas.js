/** The decision timeline of a run: each agent's share of the budget, and marks where it changes. */

import { el, svg } from "../base/dom.js";
import { formatNumber, linearTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, legend, picture, tint, write } from "./figure.js";

const MARGIN = { left: 44, right: 12, top: 26, bottom: 34 };
const HEIGHT = 250;

/**
 * Fill a host with stacked areas, marks with their texts, and the data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").AreasData} data
 * @param {string} theme
 */
export function drawAreas(host, data, theme) {
  const place = el("div");
  const marks = el("ol", { class: "marks" }, data.marks.map(({ text }) => el("li", { text })));
  host.replaceChildren(legend(data.names, theme, true), place, ...(data.marks.length ? [
    el("details", {}, [el("summary", { text: `${data.marks.length} changes of over 10 points, with the policy's reasons` }), marks]),
  ] : []), dataOf(() => tableOf(data)));
  drawToWidth(place, (width) => [draw(data, width, theme)]);
}

/**
 * @param {import("../types.d.ts").AreasData} data
 * @param {number} width
 * @param {string} theme
 */
function draw({ label, names, edges, shares, marks }, width, theme) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const end = edges[edges.length - 1] || 1;
  /** @param {number} value */
  const x = (value) => left + (value / end) * (right - left);
  /** @param {number} value */
  const y = (value) => bottom - value * (bottom - top);
  const floor = new Array(edges.length - 1).fill(0);
  const areas = names.map((name, k) => {
    const ceiling = floor.map((low, i) => Math.min(1, low + (shares[k][i] ?? 0)));
    const above = ceiling.flatMap((high, i) => [`${x(edges[i])},${y(high)}`, `${x(edges[i + 1])},${y(high)}`]);
    const below = floor.flatMap((low, i) => [`${x(edges[i])},${y(low)}`, `${x(edges[i + 1])},${y(low)}`]).reverse();
    ceiling.forEach((high, i) => { floor[i] = high; });
    return svg("polygon", { points: [...above, ...below].join(" "), fill: tint(k, theme), "fill-opacity": 0.85, stroke: "var(--paper)", "stroke-width": 1 }, [
      svg("title", { text: name }),
    ]);
  });
  const rows = [0, 0.5, 1].map((value) => write(left - 6, y(value) + 4, `${100 * value} %`, { "text-anchor": "end" }));
  const columns = linearTicks(0, end, Math.max(2, (right - left) / 90)).map((value) => write(x(value), bottom + 16, formatNumber(value), { "text-anchor": "middle" }));
  const places = new Map(marks.map((mark, i) => [mark.x, i + 1]));
  const flags = [...places].map(([at, number]) => svg("g", {}, [
    svg("line", { x1: x(at), y1: top - 4, x2: x(at), y2: bottom, stroke: "currentColor", "stroke-width": 1, "stroke-dasharray": "2 3" }),
    svg("title", { text: marks[number - 1].text }),
    svg("path", { d: `M${x(at) - 4},${top - 10}h8l-4,7z`, fill: "currentColor" }),
  ]));
  return picture(label, width, HEIGHT, [...areas, ...rows, ...columns, ...flags, write(left, 12, "Share of the evaluations", { "font-weight": 600 }), write(right, HEIGHT - 4, "evaluations", { "text-anchor": "end" })]);
}

/**
 * @param {import("../types.d.ts").AreasData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ label, names, edges, shares }) {
  const rows = edges.slice(1).map((end, i) => [edges[i], end, ...names.map((_, k) => Math.round(1000 * (shares[k][i] ?? 0)) / 10)]);
  return { caption: label, heads: ["from evaluation", "to", ...names.map((name) => `${name}, %`)], rows };
}
