/** A hand-over: an arc from where the receiver was to the point that it goes on from, with a light that travels. */
import { fadeColour } from "../colours.js";
import { paint } from "../markers.js";

const HEAD = 9; // px, from the point to the tip of the arrow
const BOLD = "600 12px system-ui, sans-serif";

/** @typedef {import("./overlay.js").Frame} Frame */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {import("../../types.d.ts").HandOver} arrow
 */
export function drawHandOver(context, frame, arrow) {
  const line = frame.arc(arrow.from, arrow.to);
  const { colour } = frame.agents[arrow.receiver] ?? { colour: frame.theme.ink };
  const come = Math.min(Math.max(arrow.part, 0), 1);
  context.save();
  context.globalAlpha = 1 - 0.4 * arrow.age;
  stroke(context, line, fadeColour(colour, 0.6), 1.6, [2, 5], frame.theme.halo);
  const reached = come * (line.length - 1);
  const light = pointAlong(line, reached);
  stroke(context, [...line.slice(0, Math.floor(reached) + 1), light], colour, come < 1 ? 4 : 3, [], frame.theme.halo);
  if (come >= 1) drawHead(context, line, colour, frame.theme);
  context.restore();
  if (come < 1) drawLight(context, light, colour, frame.theme);
}

/**
 * Write what an arc means, beside its highest place.
 * @param {Frame} frame
 * @param {import("../../types.d.ts").HandOver} arrow
 */
export function nameHandOver(frame, arrow) {
  const line = frame.arc(arrow.from, arrow.to);
  const [x, y] = line.reduce((best, place) => (place[1] < best[1] ? place : best));
  const receiver = frame.agents[arrow.receiver];
  const giver = frame.agents[arrow.agent]?.name ?? "";
  frame.labels.writeBeside(`${receiver?.name ?? ""} moves to ${giver}'s point`, x, y, 9, { font: BOLD, fill: receiver?.colour ?? frame.theme.ink, colour: "#ffffff" });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} place
 * @param {string} colour
 * @param {ReturnType<typeof import("../colours.js").themeOf>} theme
 */
function drawLight(context, [x, y], colour, theme) {
  const glow = context.createRadialGradient(x, y, 1, x, y, 16);
  glow.addColorStop(0, "rgba(255,255,255,0.95)");
  glow.addColorStop(0.35, fadeColour(theme.star, 0.75));
  glow.addColorStop(1, fadeColour(theme.star, 0));
  context.beginPath();
  context.arc(x, y, 16, 0, 2 * Math.PI);
  context.fillStyle = glow;
  context.fill();
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  paint(context, theme.star, colour, 1.6, null);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} line
 * @param {string} colour
 * @param {number} width
 * @param {number[]} dash
 * @param {string|null} halo
 */
export function stroke(context, line, colour, width, dash, halo) {
  context.beginPath();
  for (const [x, y] of line) context.lineTo(x, y);
  context.setLineDash(dash);
  if (halo) {
    context.strokeStyle = halo;
    context.lineWidth = width + 2.5;
    context.stroke();
  }
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {[number, number][]} line
 * @param {number} along
 * @returns {[number, number]}
 */
function pointAlong(line, along) {
  const first = Math.min(Math.floor(along), line.length - 2);
  const part = along - first;
  const [[x0, y0], [x1, y1]] = [line[first], line[first + 1]];
  return [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} line
 * @param {string} colour
 * @param {ReturnType<typeof import("../colours.js").themeOf>} theme
 */
function drawHead(context, line, colour, theme) {
  const [endX, endY] = line[line.length - 1];
  // The head stands at the edge of the point's star, not under it.
  const before = line.findLast(([x, y]) => Math.hypot(x - endX, y - endY) > HEAD + 2) ?? line[0];
  const angle = Math.atan2(endY - before[1], endX - before[0]);
  const [tipX, tipY] = [endX - Math.cos(angle) * HEAD, endY - Math.sin(angle) * HEAD];
  context.beginPath();
  for (const [along, aside] of [[0, 0], [-13, -6.5], [-9, 0], [-13, 6.5]]) {
    context.lineTo(
      tipX + along * Math.cos(angle) - aside * Math.sin(angle),
      tipY + along * Math.sin(angle) + aside * Math.cos(angle),
    );
  }
  context.closePath();
  paint(context, colour, theme.halo, 1.2, null);
}
