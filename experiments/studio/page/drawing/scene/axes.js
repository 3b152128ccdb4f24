/** The axes of the scene: names and ticks along the edges of the floor that are nearest to the viewer. */
import { FLOOR } from "./box.js";

/**
 * Write ticks and names. `project` converts places in the scene to CSS pixels; `eye` is the position of the viewer.
 * @param {any} given
 */
export function drawAxes({ box, project, eye, axes, ticks, labels, theme }) {
  const front = eye.z >= 0 ? box.halfDeep : -box.halfDeep;
  const side = eye.x >= 0 ? box.halfWide : -box.halfWide;
  const middle = project(0, FLOOR, 0);
  /** @param {number} x */
  const alongU = (x) => project(x, FLOOR, front);
  /** @param {number} z */
  const alongV = (z) => project(side, FLOOR, z);
  writeOutward(labels, axes.u?.name ?? "", alongU(0), middle, 30, theme.soft);
  writeOutward(labels, axes.v?.name ?? "", alongV(0), middle, 30, theme.soft);
  for (const { at, text } of ticks.u) writeOutward(labels, text, alongU(box.x(at)), middle, 12, theme.soft);
  for (const { at, text } of ticks.v) writeOutward(labels, text, alongV(box.z(at)), middle, 12, theme.soft);
}

/**
 * Write text centred `gap` pixels outwards of a place on an edge.
 * @param {import("../overlay/labels.js").Labels} labels
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
