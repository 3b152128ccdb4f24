/** The best loss of each run as a dot, one row for each strategy, with a bar at the median. */

import { el, svg } from "../base/dom.js";
import { formatNumber, linearTicks, logTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, picture, tint, write } from "./figure.js";

const ROW = 36;

/**
 * Fill a host with the dots and their data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").DotsData} data
 * @param {string} theme
 */
export function drawDots(host, data, theme) {
  const place = el("div");
  host.replaceChildren(place, dataOf(() => ({
    caption: data.title, heads: ["strategy", data.title],
    rows: data.rows.flatMap(({ name, values }) => values.map((value) => [name, value])),
  })));
  drawToWidth(place, (width) => [draw(data, width, theme)]);
}

/**
 * @param {import("../types.d.ts").DotsData} data
 * @param {number} width
 * @param {string} theme
 */
function draw({ title, label, rows, log }, width, theme) {
  const [left, right, height] = [14, width - 16, 26 + ROW * rows.length + 26];
  const bottom = height - 26;
  const finite = rows.flatMap(({ values }) => values).filter((value) => value !== null && (!log || value > 0)).map(Number);
  const bend = log ? Math.log10 : (/** @type {number} */ value) => value;
  const [first, last] = finite.length ? [Math.min(...finite), Math.max(...finite)].map(bend) : [0, 1];
  const slack = (last - first) * 0.05 || 0.5;
  /** @param {number} value */
  const x = (value) => left + ((bend(value) - first + slack) / (last - first + 2 * slack)) * (right - left);
  const ticks = log ? logTicks(10 ** (first - slack), 10 ** (last + slack), width / 80) : linearTicks(first - slack, last + slack, width / 80);
  const grid = ticks.flatMap((value) => [
    svg("line", { x1: x(value), x2: x(value), y1: 22, y2: bottom, stroke: "var(--line)" }),
    write(x(value), bottom + 16, formatNumber(value), { "text-anchor": "middle" }),
  ]);
  const drawn = rows.flatMap(({ name, values, median }, k) => {
    const y = 26 + ROW * k + 24;
    const dots = values.map((value, i) => (value === null || (log && value <= 0) ? [] : [
      svg("circle", { cx: x(value), cy: y + (i % 5 - 2) * 2, r: 4, fill: tint(k, theme), "fill-opacity": 0.7 }),
    ])).flat();
    const bar = median === null || (log && median <= 0) ? [] : [
      svg("line", { x1: x(median), x2: x(median), y1: y - 9, y2: y + 9, stroke: tint(k, theme), "stroke-width": 3 }),
    ];
    return [write(left, y - 11, name), ...dots, ...bar];
  });
  return picture(label, width, height, [write(4, 14, title, { "font-weight": 600 }), ...grid, ...drawn]);
}
