/** The overlay that both views draw over the points: agents, hand-overs, stars, flags and labels. */
import { fadeColour } from "./colours.js";
import { Labels } from "./labels.js";
import { paint, trace, traceStar } from "./markers.js";

const AGENT = 8; // px, the radius of an agent's marker
const BOLD = "600 12px system-ui, sans-serif";

/** @typedef {import("../types.d.ts").Screen} Screen */

/**
 * The frame that an overlay is drawn into.
 * @typedef {object} Frame
 * @property {ReturnType<typeof import("./colours.js").themeOf>} theme
 * @property {import("../types.d.ts").Marker[]} agents
 * @property {Labels} labels
 * @property {number} lowest the loss at height 0
 * @property {(u: number, v: number, loss: number) => {x: number, y: number, hidden: boolean}} at in CSS pixels
 * @property {(u: number, v: number) => import("../types.d.ts").Screen} bottom the same for the surface at (u, v)
 * @property {(from: any, to: any) => [number, number][]} arc the line of an arrow from the giver to the receiver
 */

/**
 * Draw an overlay (see `show` of a view).
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param {Frame} frame
 * @param {import("../types.d.ts").Overlay} overlay
 * @param {import("../types.d.ts").Points} points the points that `trail` and `chosen` index
 */
export function drawOverlay(context, frame, overlay, points) {
  const { labels } = frame;
  drawTrail(context, frame, overlay.trail ?? [], points);
  if (overlay.start) drawStart(context, frame, overlay.start);
  const places = (overlay.agents ?? []).map((one) => ({ ...one, ...frame.at(one.u, one.v, one.loss) }));
  for (const place of places) labels.reserve(place.x, place.y, AGENT + 1);
  for (const arrow of overlay.arrows ?? []) drawArrow(context, frame, arrow);
  places.forEach((place) => drawAgent(context, frame, place));
  if (overlay.best) drawBest(context, frame, overlay.best, places);
  for (const minimizer of overlay.minimizers ?? []) drawMinimizer(context, frame, minimizer);
  if (overlay.chosen !== null && overlay.chosen !== undefined) drawChosen(context, frame, points, overlay.chosen);
  (overlay.callouts ?? []).forEach((callout, k) => drawCallout(context, frame, callout, callout.number ?? k + 1));
  places.forEach((place) => nameAgent(frame, place));
  nameStars(frame, overlay);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {number[]} trail
 * @param {import("../types.d.ts").Points} points
 */
function drawTrail(context, frame, trail, points) {
  if (trail.length < 2) return;
  context.beginPath();
  for (const index of trail) {
    const { x, y } = frame.at(points.u[index], points.v[index], points.loss[index]);
    context.lineTo(x, y);
  }
  context.lineJoin = "round";
  context.strokeStyle = frame.theme.halo;
  context.lineWidth = 3.5;
  context.stroke();
  context.strokeStyle = frame.theme.ink;
  context.lineWidth = 1;
  context.stroke();
  for (const index of trail) {
    const { x, y } = frame.at(points.u[index], points.v[index], points.loss[index]);
    context.beginPath();
    context.arc(x, y, 2.2, 0, 2 * Math.PI);
    context.fillStyle = frame.theme.ink;
    context.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{u: number, v: number}} start
 */
function drawStart(context, frame, { u, v }) {
  const { x, y } = frame.bottom(u, v);
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  paint(context, frame.theme.paper, frame.theme.ink, 1, frame.theme.halo);
  frame.labels.reserve(x, y, 6);
}

/**
 * Return where to draw a minimizer: at the lowest height if it lies on the plane, because the grid of the surface may pass
 * above it; otherwise on the surface.
 * @param {Frame} frame
 * @param {[number, number, number]} minimizer
 */
function placeOfMinimizer(frame, [u, v, distance]) {
  return distance > 1e-6 ? frame.bottom(u, v) : frame.at(u, v, frame.lowest);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {[number, number, number]} minimizer
 */
function drawMinimizer(context, frame, minimizer) {
  const { x, y } = placeOfMinimizer(frame, minimizer);
  context.save();
  context.globalAlpha = 1 / (1 + 4 * minimizer[2]);
  traceStar(context, x, y, 9);
  context.lineJoin = "round";
  context.strokeStyle = frame.theme.halo;
  context.lineWidth = 4.5;
  context.stroke();
  context.strokeStyle = frame.theme.ink;
  context.lineWidth = 1.6;
  context.stroke();
  context.restore();
  frame.labels.reserve(x, y, 8);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {any} spot
 * @param {Screen[]} agents
 */
function drawBest(context, frame, { u, v, loss }, agents) {
  const { x, y } = frame.at(u, v, loss);
  // On an agent's marker, the star is smaller, so that both are visible.
  const covers = agents.some((agent) => Math.hypot(agent.x - x, agent.y - y) < AGENT);
  traceStar(context, x, y, covers ? 6 : 10);
  paint(context, frame.theme.star, "#1c2530", 0.9, frame.theme.halo);
  frame.labels.reserve(x, y, 9);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {NonNullable<import("../types.d.ts").Overlay["arrows"]>[number]} arrow
 */
function drawArrow(context, frame, arrow) {
  const line = frame.arc(arrow.from, arrow.to);
  const { colour } = frame.agents[arrow.agent] ?? { colour: frame.theme.ink };
  const come = Math.min(Math.max(arrow.part, 0), 1);
  const reached = come * (line.length - 1);
  stroke(context, line, fadeColour(colour, 0.45), 1.5, [2, 4], null);
  const travelled = line.slice(0, Math.floor(reached) + 1);
  const token = between(line, reached);
  stroke(context, [...travelled, token], colour, 2.6, [], frame.theme.halo);
  drawHead(context, line, colour, frame.theme, come);
  if (come >= 1) return;
  context.beginPath();
  context.arc(token[0], token[1], 5.5, 0, 2 * Math.PI);
  paint(context, colour, "#ffffff", 1.6, frame.theme.rim);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} line
 * @param {string} colour
 * @param {number} width
 * @param {number[]} dash
 * @param {string|null} halo
 */
function stroke(context, line, colour, width, dash, halo) {
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
function between(line, along) {
  const first = Math.min(Math.floor(along), line.length - 2);
  const part = along - first;
  const [[x0, y0], [x1, y1]] = [line[first], line[first + 1]];
  return [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} line
 * @param {string} colour
 * @param {ReturnType<typeof import("../drawing/colours.js").themeOf>} theme
 * @param {number} come
 */
function drawHead(context, line, colour, theme, come) {
  const [endX, endY] = line[line.length - 1];
  // Place the head where the line enters the receiver's marker, not under it.
  const before = line.findLast(([x, y]) => Math.hypot(x - endX, y - endY) > AGENT + 4) ?? line[0];
  const angle = Math.atan2(endY - before[1], endX - before[0]);
  const [tipX, tipY] = [endX - Math.cos(angle) * (AGENT + 2), endY - Math.sin(angle) * (AGENT + 2)];
  context.beginPath();
  for (const [along, aside] of [[0, 0], [-11, -5.5], [-8, 0], [-11, 5.5]]) {
    context.lineTo(
      tipX + along * Math.cos(angle) - aside * Math.sin(angle),
      tipY + along * Math.sin(angle) + aside * Math.cos(angle),
    );
  }
  context.closePath();
  paint(context, come >= 1 ? colour : fadeColour(colour, 0.6), theme.halo, 1.2, null);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {any} place
 */
function drawAgent(context, frame, place) {
  const { colour, shape } = frame.agents[place.agent] ?? { colour: frame.theme.ink, shape: 0 };
  context.save();
  context.globalAlpha = place.hidden ? 0.75 : 1 / (1 + (place.distance || 0));
  trace(context, shape, place.x, place.y, AGENT);
  paint(context, colour, "#ffffff", 2, frame.theme.rim);
  context.restore();
}

/**
 * @param {Frame} frame
 * @param {any} place
 */
function nameAgent(frame, place) {
  const name = frame.agents[place.agent]?.name ?? "";
  const written = [shortenName(name, 24), shortenName(name, 11)].some((short) => (
    frame.labels.writeBeside(short, place.x, place.y, AGENT + 5, { font: BOLD })
  ));
  if (!written) frame.labels.writeBeside(shortenName(name, 11), place.x, place.y, AGENT + 5, { font: BOLD, must: true });
}

/**
 * @param {string} name
 * @param {number} most
 */
function shortenName(name, most) {
  const half = most >> 1;
  return name.length > most ? `${name.slice(0, half)}…${name.slice(half + 1 - most)}` : name;
}

/**
 * @param {Frame} frame
 * @param {import("../types.d.ts").Overlay} overlay
 */
function nameStars(frame, overlay) {
  const { labels, theme } = frame;
  if (overlay.best) {
    const { x, y } = frame.at(overlay.best.u, overlay.best.v, overlay.best.loss);
    labels.writeBeside("best", x, y, 13, { font: BOLD });
  }
  (overlay.minimizers ?? []).slice(0, 3).forEach((minimizer) => {
    const { x, y } = placeOfMinimizer(frame, minimizer);
    labels.writeBeside("minimum", x, y, 13, { colour: theme.soft });
  });
  if (overlay.start) {
    const { x, y } = frame.bottom(overlay.start.u, overlay.start.v);
    labels.writeBeside("start", x, y, 10, { colour: theme.soft });
  }
}

/**
 * Draw a ring around the chosen point, and a line to the surface if the point is not on it.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {import("../types.d.ts").Points} points
 * @param {number} index
 */
function drawChosen(context, frame, points, index) {
  const [u, v] = [points.u[index], points.v[index]];
  const top = frame.at(u, v, points.loss[index]);
  const bottom = frame.bottom(u, v);
  if (Math.hypot(top.x - bottom.x, top.y - bottom.y) > 3) {
    stroke(context, [[top.x, top.y], [bottom.x, bottom.y]], frame.theme.ink, 1.2, [3, 3], frame.theme.halo);
    context.beginPath();
    context.ellipse(bottom.x, bottom.y, 4, 2, 0, 0, 2 * Math.PI);
    context.stroke();
  }
  /** @type {[number, string][]} */
  const rings = [[5, frame.theme.halo], [2, frame.theme.ink]];
  for (const [width, colour] of rings) {
    context.beginPath();
    context.arc(top.x, top.y, 9, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

/**
 * Draw a numbered flag on a pole; the event log explains the number.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {any} spot
 * @param {number} number
 */
function drawCallout(context, frame, { u, v, loss }, number) {
  const known = Number.isFinite(loss);
  const { x, y } = known ? frame.at(u, v, loss) : frame.bottom(u, v);
  const { labels } = frame;
  let top = y - 30;
  while (top > y - 130 && labels.covers(x, top)) top -= 19; // stack the flags of one place
  stroke(context, [[x, y], [x, top]], frame.theme.ink, 1.4, [], frame.theme.halo);
  const text = String(number);
  context.font = "700 11px system-ui, sans-serif";
  const wide = Math.max(17, context.measureText(text).width + 9);
  context.beginPath();
  context.roundRect(x - 0.7, top - 8, wide, 16, [2, 8, 8, 2]);
  paint(context, frame.theme.ink, frame.theme.halo, 1, null);
  context.fillStyle = frame.theme.paper;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x + wide / 2 - 1, top + 0.5);
  labels.taken.push([x - 2, top - 9, x + wide, top + 9]);
}

/**
 * Create the empty set of labels of a frame, within bounds [left, top, right, bottom].
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof import("../drawing/colours.js").themeOf>} theme
 * @param {import("./labels.js").Box} bounds
 */
export function newLabels(context, theme, bounds) {
  return new Labels(context, theme, bounds);
}
