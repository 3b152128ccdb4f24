/** Heat maps of a sweep: a quantity over two settings, one map for each combination of the others. Less is better. */

import { el } from "../base/dom.js";
import { formatCell, drawTable } from "./table.js";

const BETTER = "#0072B2";

/**
 * Fill a host with the heat maps.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").GridsData} data
 */
export function drawGrids(host, data) {
  const maps = data.panels.map((panel) => {
    const place = el("div");
    drawMap(place, data, panel);
    return el("div", {}, [...(panel.title ? [el("p", { class: "soft", text: panel.title })] : []), place]);
  });
  const rest = data.left ? [el("p", { class: "soft", text: `${data.left} more are in tables/settings.csv.` })] : [];
  host.replaceChildren(el("p", { class: "grid-title", text: data.title }), ...maps, ...rest);
}

/**
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").GridsData} data
 * @param {import("../types.d.ts").GridPanel} panel
 */
function drawMap(host, { title, across, down, columns, rows, range, floor }, { title: named, values, marks }) {
  const corner = down ? `${down} ↓ ${across} →` : `${across} →`;
  drawTable(host, {
    caption: named ? `${title}, ${named}` : title,
    heads: [corner, ...columns],
    rows: rows.map((row, i) => [row, ...values[i].map((value, k) => wordOf(value, marks[i][k], floor))]),
    shades: values.map((row) => [null, ...row.map((value) => shadeOf(value, range))]),
    keys: rows.map((row, i) => [row, ...values[i]]),
  });
}

/**
 * @param {number|null} value
 * @param {string} mark
 * @param {number|null} [floor]
 */
function wordOf(value, mark, floor) {
  const text = value === null ? "never" : floor && value <= floor ? `≤ ${floor}` : formatCell(value);
  return mark ? `${text} ${mark}` : text;
}

/**
 * Return the shade of a value: the better, the stronger. What spans orders of magnitude is shaded by its logarithm.
 * @param {number|null} value
 * @param {[number|null, number|null]} range
 */
function shadeOf(value, [low, high]) {
  if (value === null || low === null || high === null || high <= low) return null;
  const bend = low > 0 && high > 10 * low ? Math.log10 : (/** @type {number} */ x) => x;
  const part = (bend(high) - bend(value)) / (bend(high) - bend(low));
  return `color-mix(in srgb, ${BETTER} ${Math.round(42 * part)}%, var(--paper))`;
}
