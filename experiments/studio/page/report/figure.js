/** A figure: a picture with a label, its legend, and its data as a table that is made when it is opened. */

import { el, fill, svg } from "../base/dom.js";
import { COLOURS, themeOf } from "../drawing/colours.js";
import { paint, trace } from "../drawing/markers.js";
import { drawTable } from "./table.js";

/** Dashes of lines by their number, so that they differ without their colours. */
const DASHES = [[], [8, 4], [2, 3], [9, 3, 2, 3], [14, 4], [5, 2, 1, 2]];
/** Colours of the palette that are too dark on dark paper, and what takes their places there. */
/** @type {Record<string, string>} */
const LIGHTER = { "#0072B2": "#4FA8E0", "#7F3C8D": "#C48BD0", "#5C5C5C": "#A9A9A9", "#009E73": "#2FC49A" };

/**
 * Return how the k-th of several lines is drawn: colour, dashes and the number of its marks' shape.
 * @param {number} k
 * @param {string} theme
 */
export function lineStyle(k, theme) {
  return { colour: tint(k, theme), dash: DASHES[k % DASHES.length], shape: k % 8 };
}

/**
 * Return the k-th colour on the paper of a theme.
 * @param {number} k
 * @param {string} theme
 */
export function tint(k, theme) {
  const colour = COLOURS[k % COLOURS.length];
  return theme === "dark" ? LIGHTER[colour] ?? colour : colour;
}

/**
 * Return a legend: a sample of each line, or of each area, and its name.
 * @param {string[]} names
 * @param {string} theme
 * @param {boolean} filled
 */
export function legend(names, theme, filled = false) {
  return el("p", { class: "legend" }, names.map((name, k) => {
    const sample = filled
      ? svg("svg", { width: 14, height: 12, "aria-hidden": "true" }, [svg("rect", { width: 14, height: 12, fill: tint(k, theme) })])
      : sampleLine(k, theme);
    return el("span", {}, [sample, name]);
  }));
}

/**
 * Return a picture of a line with its dashes and its mark.
 * @param {number} k
 * @param {string} theme
 */
function sampleLine(k, theme) {
  const { colour, dash, shape } = lineStyle(k, theme);
  const canvas = el("canvas", { width: 80, height: 28, "aria-hidden": "true", class: "sample" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(2, 2);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(0, 7);
  context.lineTo(40, 7);
  context.stroke();
  context.setLineDash([]);
  trace(context, shape, 20, 7, 4);
  paint(context, colour, themeOf(theme).paper, 0.6, null);
  return canvas;
}

/**
 * Return the data of a figure behind a summary; the table is made when it is opened.
 * @param {() => import("../types.d.ts").TableData} make
 */
export function dataOf(make) {
  const place = el("div");
  const details = el("details", { class: "data" }, [el("summary", { text: "Data of this figure" }), place]);
  const open = () => { if (details.open && !place.firstChild) drawTable(place, make()); };
  details.addEventListener("toggle", open);
  return details;
}

/**
 * Return an SVG picture with a label for those who do not see it.
 * @param {string} label
 * @param {number} width
 * @param {number} height
 * @param {SVGElement[]} children
 */
export function picture(label, width, height, children) {
  return svg("svg", { role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, width, height }, children);
}

/**
 * Return an SVG text.
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {Record<string, any>} more
 */
export function write(x, y, text, more = {}) {
  return svg("text", { x, y, text, "font-size": 12, fill: "currentColor", ...more });
}

/** What draws each figure anew if its width has changed. @type {Map<HTMLElement, () => void>} */
const updates = new Map();

/** Draw the figures whose widths have changed at once: before a print, which waits for no observer. */
export function redrawToWidth() {
  for (const [host, update] of updates) {
    if (host.isConnected) update();
    else updates.delete(host);
  }
}

/**
 * Draw anew whenever the width of an element changes, and at first.
 * @param {HTMLElement} host
 * @param {(width: number) => Node[]} draw
 */
export function drawToWidth(host, draw) {
  let known = 0;
  const update = () => {
    const width = Math.floor(host.clientWidth);
    if (!width || width === known) return;
    known = width;
    fill(host, draw(width));
  };
  new ResizeObserver(update).observe(host);
  updates.set(host, update);
  update();
}
