/** Interaction plots: a quantity over the values of one setting, one line for each value of another. */

import { el, svg } from "../base/dom.js";
import { formatNumber, linearTicks, logTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, legend, lineStyle, picture, write } from "./figure.js";

const MARGIN = { left: 62, right: 14, top: 24, bottom: 42 };
const HEIGHT = 250;

/**
 * Fill a host with the plot, its legend and its data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").StepsData} data
 * @param {string} theme
 */
export function drawSteps(host, data, theme) {
  const place = el("div");
  host.replaceChildren(legend(data.series.map(({ name }) => name), theme), place, dataOf(() => tableOf(data)));
  drawToWidth(place, (width) => [draw(data, width, theme)]);
}

/**
 * @param {import("../types.d.ts").StepsData} data
 * @param {number} width
 * @param {string} theme
 */
function draw({ title, label, xName, names, series, log }, width, theme) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const bend = log ? Math.log10 : (/** @type {number} */ value) => value;
  const known = series.flatMap(({ y, low, high }) => [...y, ...low, ...high]).filter((value) => value !== null).map(Number);
  const [first, last] = known.length ? [Math.min(...known), Math.max(...known)].map(bend) : [0, 1];
  const slack = (last - first) * 0.05 || 0.5;
  /** @param {number} value */
  const y = (value) => bottom - ((bend(value) - first + slack) / (last - first + 2 * slack)) * (bottom - top);
  const stride = (right - left) / names.length;
  /** @param {number} place @param {number} k */
  const x = (place, k) => left + stride * (place + 0.5) + (k - (series.length - 1) / 2) * Math.min(8, stride / 8);
  const ticks = log ? logTicks(10 ** (first - slack), 10 ** (last + slack), 5) : linearTicks(first - slack, last + slack, 5);
  const grid = ticks.flatMap((value) => [
    svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), stroke: "var(--line)" }),
    write(left - 6, y(value) + 4, formatNumber(value), { "text-anchor": "end" }),
  ]);
  const columns = names.map((name, place) => write(left + stride * (place + 0.5), bottom + 16, name, { "text-anchor": "middle" }));
  const lines = series.flatMap((one, k) => {
    const { colour, dash } = lineStyle(k, theme);
    const seen = [...one.y.keys()].filter((place) => one.y[place] !== null);
    const spans = seen.map((place) => svg("line", {
      x1: x(place, k), x2: x(place, k), y1: y(Number(one.low[place] ?? one.y[place])), y2: y(Number(one.high[place] ?? one.y[place])), stroke: colour, "stroke-width": 1.5, "stroke-opacity": 0.7,
    }));
    const line = seen.map((place) => `${x(place, k)},${y(Number(one.y[place]))}`).join(" ");
    return [...spans, svg("polyline", { points: line, fill: "none", stroke: colour, "stroke-width": 2.2, "stroke-dasharray": dash.join(" ") }),
      ...seen.map((place) => svg("circle", { cx: x(place, k), cy: y(Number(one.y[place])), r: 4, fill: colour, stroke: "var(--paper)" }))];
  });
  return picture(label, width, HEIGHT, [
    write(4, 14, title, { "font-weight": 600 }), ...grid, ...columns, ...lines, write(right, HEIGHT - 6, xName, { "text-anchor": "end" }),
  ]);
}

/**
 * @param {import("../types.d.ts").StepsData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ title, xName, names, series }) {
  const rows = series.flatMap(({ name, y, low, high }) => names.map((value, k) => [name, value, y[k], low[k], high[k]]));
  return { caption: title, heads: ["line", xName, title, "lower quartile", "upper quartile"], rows };
}
