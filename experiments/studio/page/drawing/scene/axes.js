/** The axes of the scene: ticks and names along the edges that are nearest to the viewer. */
import { FLOOR, TALL } from "./box.js";
import { formatNumber } from "../numbers.js";

/**
 * Write ticks and names. `project` converts places in the scene to CSS pixels; `eye` is the position of the viewer.
 * @param {CanvasRenderingContext2D} context
 * @param {any} given
 */
export function drawAxes(context, { box, project, eye, axes, ticks, scale, labels, theme }) {
  const front = eye.z >= 0 ? box.halfDeep : -box.halfDeep;
  const side = eye.x >= 0 ? box.halfWide : -box.halfWide;
  const middle = project(0, FLOOR, 0);
  /** @param {number} x */
  const alongU = (x) => project(x, FLOOR, front);
  /** @param {number} z */
  const alongV = (z) => project(side, FLOOR, z);
  writeOutward(labels, axes.u?.name ?? "", alongU(0), middle, 34, theme.ink);
  writeOutward(labels, axes.v?.name ?? "", alongV(0), middle, 34, theme.ink);
  for (const { at, text } of ticks.u) writeOutward(labels, text, alongU(box.x(at)), middle, 14, theme.soft);
  for (const { at, text } of ticks.v) writeOutward(labels, text, alongV(box.z(at)), middle, 14, theme.soft);
  drawHeights(context, { box, project, scale, labels, theme });
}

/**
 * Draw the loss axis at the corner that is leftmost on the screen.
 * @param {CanvasRenderingContext2D} context
 * @param {any} given
 */
function drawHeights(context, { box, project, scale, labels, theme }) {
  const corners = [-1, 1].flatMap((a) => [-1, 1].map((b) => [a * box.halfWide, b * box.halfDeep]));
  const [x, z] = corners.reduce((best, corner) => (
    project(corner[0], 0, corner[1]).x < project(best[0], 0, best[1]).x ? corner : best
  ));
  const [bottom, top] = [project(x, FLOOR, z), project(x, TALL, z)];
  context.beginPath();
  context.moveTo(bottom.x, bottom.y);
  context.lineTo(top.x, top.y);
  context.strokeStyle = theme.soft;
  context.lineWidth = 1;
  for (const { height, loss } of scale.ticks) {
    const at = project(x, height * TALL, z);
    context.moveTo(at.x, at.y);
    context.lineTo(at.x - 5, at.y);
    labels.writeBefore(formatNumber(loss), at.x - 8, at.y, { colour: theme.soft });
  }
  context.stroke();
  labels.writeBefore("loss", top.x + 12, top.y - 18, { colour: theme.ink, font: "600 12px system-ui, sans-serif" });
}

/**
 * Write text centred `gap` pixels outwards of a place on an edge.
 * @param {import("../../drawing/labels.js").Labels} labels
 * @param {string} text
 * @param {import("../../types.d.ts").Screen} place
 * @param {import("../../types.d.ts").Screen} middle
 * @param {number} gap
 * @param {string} colour
 */
function writeOutward(labels, text, place, middle, gap, colour) {
  const away = Math.hypot(place.x - middle.x, place.y - middle.y) || 1;
  const x = place.x + ((place.x - middle.x) / away) * gap;
  const y = place.y + ((place.y - middle.y) / away) * gap * 0.8 + 2;
  labels.writeCentred(text, x, y, { colour });
}
