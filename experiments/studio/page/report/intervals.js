/** Forest plots: one interval a row, around a value, on a common axis with a line where two are equal. */

import { el, svg } from "../base/dom.js";
import { formatNumber, linearTicks, logTicks } from "../drawing/numbers.js";
import { dataOf, drawToWidth, picture, tint, write } from "./figure.js";

const ROW = 34;
const LINE = 15;
const MARGIN = { right: 16, top: 26, bottom: 40 };
/** Which ends of a bar are open, by what its value is. @type {Record<string, [boolean, boolean]>} */
const OPEN = { "at least": [false, true], "at most": [true, false], about: [true, true] };

/**
 * Fill a host with a forest plot and its data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").IntervalsData} data
 * @param {string} theme
 */
export function drawIntervals(host, data, theme) {
  const place = el("div");
  host.replaceChildren(place, dataOf(() => tableOf(data)));
  drawToWidth(place, (width) => [draw(data, width, theme)]);
}

/**
 * Return the title of a row, in two lines if one has no room for it: what is decided and how much stand below the name.
 * @param {string} title
 * @param {number} width
 */
function breakTitle(title, width) {
  // A strategy's name may have a colon of its own.
  const end = title.lastIndexOf(": ");
  return end < 0 || widthOf(title) <= width ? [title] : [title.slice(0, end + 1), title.slice(end + 2)];
}

/** Return the width of a text of a picture, in pixels. @param {string} text */
function widthOf(text) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 7 * text.length;
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

/**
 * @param {import("../types.d.ts").IntervalsData} data
 * @param {number} width
 * @param {string} theme
 */
function draw({ title: heading, label, rows, log, reference, region, xName }, width, theme) {
  const [left, right] = [14, width - MARGIN.right];
  const titles = rows.map(({ name }) => breakTitle(name, right - left));
  const tops = [MARGIN.top];
  for (const title of titles) tops.push(tops[tops.length - 1] + ROW + LINE * (title.length - 1));
  const height = tops[rows.length] + MARGIN.bottom;
  const bottom = height - MARGIN.bottom;
  const values = [reference, ...(region ?? []), ...rows.flatMap(({ value, low, high }) => [value, low, high])];
  const known = values.filter((value) => value !== null && Number.isFinite(value) && (!log || value > 0)).map(Number);
  const bend = log ? Math.log10 : (/** @type {number} */ value) => value;
  const [first, last] = [Math.min(...known), Math.max(...known)].map(bend);
  const slack = (last - first) * 0.06 || 0.3;
  /** Values beyond the axis, such as an infinite bound, are at its ends. @param {number|null} value @param {number} end */
  const x = (value, end) => (value === null || !Number.isFinite(value) || (log && value <= 0) ? end
    : left + ((bend(value) - first + slack) / (last - first + 2 * slack)) * (right - left));
  const ticks = log ? logTicks(10 ** (first - slack), 10 ** (last + slack), width / 80) : linearTicks(first - slack, last + slack, width / 80);
  const grid = ticks.flatMap((value) => [
    svg("line", { x1: x(value, left), x2: x(value, left), y1: MARGIN.top, y2: bottom, stroke: "var(--line)" }),
    write(x(value, left), bottom + 16, formatNumber(value), { "text-anchor": "middle" }),
  ]);
  const equal = region ? [svg("rect", { x: x(region[0], left), width: x(region[1], right) - x(region[0], left), y: MARGIN.top, height: bottom - MARGIN.top, fill: "var(--line)", "fill-opacity": 0.5 })] : [];
  const drawn = rows.flatMap(({ value, low, high, colour, bound }, k) => {
    const y = tops[k + 1] - ROW + 24;
    const stroke = tint(colour ?? k, theme);
    const [from, to] = [x(low, left), x(high, right)];
    const open = OPEN[bound ?? ""] ?? [false, false];
    // Paper keeps the lines of the grid out of the name.
    const title = titles[k].reverse().flatMap((line, above) => [
      svg("rect", { x: left - 2, y: y - 21 - LINE * above, width: widthOf(line) + 4, height: 14, fill: "var(--paper)" }),
      write(left, y - 10 - LINE * above, line),
    ]);
    return value === null ? title : [
      ...title,
      svg("line", { x1: from, x2: to, y1: y, y2: y, stroke, "stroke-width": 2.5 }),
      ...[from, to].map((at, end) => (open[end]
        ? svg("path", { d: `M${at + (end ? -7 : 7)} ${y - 6}L${at + (end ? 1 : -1)} ${y}L${at + (end ? -7 : 7)} ${y + 6}`, stroke, fill: "none", "stroke-width": 2.5 })
        : svg("line", { x1: at, x2: at, y1: y - 5, y2: y + 5, stroke, "stroke-width": 2 }))),
      svg("rect", { x: x(value, right) - 4.5, y: y - 4.5, width: 9, height: 9, fill: stroke, stroke: "var(--paper)" }),
    ];
  });
  const line = svg("line", { x1: x(reference, left), x2: x(reference, left), y1: MARGIN.top, y2: bottom, stroke: "currentColor", "stroke-width": 1.4 });
  return picture(label, width, height, [...equal, ...grid, line, ...drawn, write(left, 12, heading, { "font-weight": "bold" }), write(right, height - 6, xName, { "text-anchor": "end" })]);
}

/**
 * @param {import("../types.d.ts").IntervalsData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ label, rows, xName }) {
  return { caption: label, heads: ["pair", xName, "from", "to", "bound"], rows: rows.map(({ name, value, low, high, bound }) => [name, value, low, high, bound ?? ""]) };
}
