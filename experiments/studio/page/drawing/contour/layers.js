/** The layers of the contour view below and above the points: the ground, and the overlay. */
import { themeOf } from "../colours.js";
import { Labels } from "../overlay/labels.js";
import { drawLegend } from "../overlay/legend.js";
import { drawOverlay } from "../overlay/overlay.js";
import { drawEdges } from "./axes.js";
import { strokeContours } from "./ground.js";

const SLACK = 10; // px by which markers may extend beyond the edge

/** @typedef {import("./contour.js").ContourView} ContourView */

/**
 * Draw the ground: as a picture while the view moves, and with crisp lines when it is still.
 * @param {ContourView} view
 * @param {boolean} full
 */
export function paintGround({ stack, frame, axes, filled, lined, paths, theme: name }, full) {
  const context = stack.clearLayer(0);
  const theme = themeOf(name);
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, stack.width, stack.height);
  context.save();
  clip(context, frame.window());
  const [u0, u1, v0, v1] = frame.extent;
  const [wide, high] = [(u1 - u0) * frame.pixels, (v1 - v0) * frame.pixels];
  context.imageSmoothingQuality = full ? "high" : "low";
  const picture = full ? filled : lined;
  if (picture) context.drawImage(picture, frame.x(u0), frame.y(v1), wide, high);
  if (full) strokeContours(context, paths, theme, [frame.pixels, frame.pixels, frame.x(0), frame.y(0)], 1);
  context.restore();
  drawEdges(context, frame, axes, theme);
}

/**
 * @param {ContourView} view
 * @param {number} landed how many points have landed
 * @param {number} falling how many are falling
 */
export function paintOver(view, landed, falling) {
  const { agents, frame, overlay } = view;
  const theme = themeOf(view.theme);
  const context = view.stack.clearLayer(2);
  const { left, top, width, height } = frame.window();
  context.save();
  clip(context, frame.window(), SLACK);
  for (let index = landed; index < view.total; index++) {
    const age = falling ? Math.min((view.head - index) / falling, 1) : 1;
    view.layer.drawLanding(context, index, frame, age, agents[view.points.agent[index]]?.colour ?? theme.ink);
  }
  /**
   * @param {number} u
   * @param {number} v
   */
  const at = (u, v) => ({ x: frame.x(u), y: frame.y(v), hidden: false });
  const labels = new Labels(context, theme, [left, top, left + width, top + height], overlay.reserved);
  const side = Math.max(frame.extent[1] - frame.extent[0], frame.extent[3] - frame.extent[2]);
  drawOverlay(context, {
    theme, agents, labels, at, ground: at, floor: () => null, frames: () => false, lowest: 0, side, tilt: 1,
    arc: (from, to) => bendLine(at(from.u, from.v), at(to.u, to.v)),
  }, overlay, view.points, falling ? [] : view.listLandings());
  if (!overlay.bare) drawLegend(context, labels, view.scale, view.theme, theme);
  view.noteLabels(labels);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{left: number, top: number, width: number, height: number}} window
 */
function clip(context, { left, top, width, height }, slack = 0) {
  context.beginPath();
  context.rect(left - slack, top - slack, width + 2 * slack, height + 2 * slack);
  context.clip();
}

/**
 * Return a line from one place to another, bent to its left.
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} to
 * @returns {[number, number][]}
 */
function bendLine(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return Array.from({ length: 41 }, (_, k) => {
    const part = k / 40;
    const aside = 0.22 * 4 * part * (1 - part);
    return [from.x + dx * part + dy * aside, from.y + dy * part - dx * aside];
  });
}
