/** Tables whose headings are buttons that sort the rows. */

import { el, fill } from "../base/dom.js";

/** The rows that are shown at first: a browser lays out some hundreds without delay. */
const MOST_ROWS = 200;
/** On paper, a table with more columns lies across. */
const MOST_COLUMNS = 14;

/**
 * Fill a host with a table. Its columns are sorted by pressing their headings: once, and again for the other direction.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").TableData} data
 */
export function drawTable(host, { caption, heads, rows, shades, keys = rows }) {
  const numeric = heads.map((_, k) => rows.some((row) => typeof row[k] === "number") && rows.every((row) => row[k] === null || typeof row[k] === "number"));
  const body = el("tbody");
  const order = [...rows.keys()];
  let shown = MOST_ROWS;
  /** @param {number} i */
  const line = (i) => el("tr", {}, rows[i].map((value, k) => {
    const shade = shades?.[i]?.[k];
    return el(k ? "td" : "th", {
      class: numeric[k] ? null : "name", scope: k ? null : "row", text: formatCell(value),
      style: shade ? `background:${shade}` : null,
    });
  }));
  const more = el("button", { type: "button", class: "more", onclick: () => { shown = order.length; show(); } });
  const show = () => {
    fill(body, order.slice(0, shown).map(line));
    more.textContent = `Show all ${order.length.toLocaleString("en-US")} rows`;
    more.hidden = shown >= order.length;
  };
  const headings = heads.map((name, k) => el("th", { scope: "col", class: numeric[k] ? null : "name", "aria-sort": "none" }, [
    el("button", { type: "button", text: name, onclick: () => sortBy(k) }),
  ]));
  /** @param {number} k */
  const sortBy = (k) => {
    const down = headings[k].getAttribute("aria-sort") === "ascending";
    headings.forEach((head, i) => head.setAttribute("aria-sort", i !== k ? "none" : down ? "descending" : "ascending"));
    order.sort((i, j) => compare(keys[i][k], keys[j][k], down) || i - j);
    show();
  };
  show();
  const table = el("table", {}, [el("caption", { class: "visually-hidden", text: caption }), el("thead", {}, [el("tr", {}, headings)]), body]);
  fill(host, [el("div", { class: heads.length > MOST_COLUMNS ? "scroll wide" : "scroll", tabindex: 0, role: "region", "aria-label": caption }, [table]), more]);
}

/**
 * Compare two cells; those without a value come last in both directions.
 * @param {import("../types.d.ts").Cell} one
 * @param {import("../types.d.ts").Cell} other
 * @param {boolean} down
 */
function compare(one, other, down) {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const found = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
  return down ? -found : found;
}

/** @param {import("../types.d.ts").Cell} value */
export function formatCell(value) {
  if (value === null) return "–";
  if (typeof value !== "number") return value;
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const plain = Math.abs(value) >= 1e-3 && Math.abs(value) < 1e9;
  return plain ? value.toLocaleString("en-US", { maximumSignificantDigits: 4 }) : value.toExponential(2);
}
