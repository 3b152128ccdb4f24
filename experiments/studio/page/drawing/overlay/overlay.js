/** The overlay that both views draw over the points: regions, paths, hand-overs, agents, stars, and words. */
import { paint, trace, traceStar } from "../markers.js";
import { drawHandOver, nameHandOver, stroke } from "./handover.js";
import { drawLanding, drawRegions, drawTrail } from "./lines.js";

const AGENT = 9; // px, the radius of an agent's marker
const BOLD = "600 12px system-ui, sans-serif";
const LARGE = "700 13px system-ui, sans-serif";
/** Markers nearer than this to each other (px) stand in a circle of a radius around their place, with one label. */
const NEAR = 18;
const APART = 15; // half of the distance between their middles
const LISTED = 3; // the most agents that such a label names

/**
 * @typedef {import("../../types.d.ts").Screen} Screen
 * @typedef {import("../../types.d.ts").Overlay} Overlay
 */

/**
 * The frame that an overlay is drawn into; places are in CSS pixels.
 * @typedef {object} Frame
 * @property {ReturnType<typeof import("../colours.js").themeOf>} theme
 * @property {import("../../types.d.ts").Marker[]} agents
 * @property {import("./labels.js").Labels} labels
 * @property {number} lowest the loss at height 0
 * @property {number} side the longer side of the plane
 * @property {number} tilt how flat a circle on the ground looks, 0 to 1
 * @property {(u: number, v: number, loss: number) => {x: number, y: number, hidden: boolean}} at
 * @property {(u: number, v: number) => {x: number, y: number, hidden: boolean}} ground the same on the surface at (u, v)
 * @property {(u: number, v: number) => {x: number, y: number, hidden: boolean}|null} floor the same on the floor, if there is one
 * @property {(region: import("../../types.d.ts").Region) => boolean} frames whether the view itself draws a region
 * @property {(from: any, to: any) => [number, number][]} arc the line of a hand-over from the giver to the receiver
 */

/**
 * Draw an overlay (see `show` of a view).
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param {Frame} frame
 * @param {Overlay} overlay
 * @param {import("../../types.d.ts").Points} points the points that `trail` and `chosen` index
 * @param {{index: number, age: number}[]} landings the points that have just landed, and how long ago, 0 to 1
 */
export function drawOverlay(context, frame, overlay, points, landings = []) {
  drawRegions(context, frame, overlay.regions ?? []);
  drawTrail(context, frame, overlay.trail ?? [], points);
  for (const { index, age } of landings) {
    const place = { u: points.u[index], v: points.v[index], loss: points.loss[index] };
    drawLanding(context, frame, place, age, frame.agents[points.agent[index]]?.colour ?? frame.theme.ink);
  }
  if (overlay.start && !overlay.bare) drawStart(context, frame, overlay.start);
  const agents = fanOut((overlay.agents ?? []).map((one) => ({ ...one, ...frame.at(one.u, one.v, one.loss) })));
  for (const minimizer of overlay.minimizers ?? []) drawMinimizer(context, frame, minimizer);
  for (const callout of overlay.callouts ?? []) drawPin(context, frame, callout);
  for (const arrow of overlay.arrows ?? []) drawHandOver(context, frame, arrow);
  for (const agent of agents) drawAgent(context, frame, agent);
  if (overlay.best) drawBest(context, frame, overlay.best, agents);
  if (overlay.chosen !== null && overlay.chosen !== undefined) drawChosen(context, frame, points, overlay.chosen);
  if (!overlay.bare) nameThings(frame, overlay, agents);
}

/**
 * Write the words, the most important first: each avoids the earlier ones.
 * @param {Frame} frame
 * @param {Overlay} overlay
 * @param {any[]} agents
 */
function nameThings(frame, overlay, agents) {
  const { labels, theme } = frame;
  for (const { u, v, loss } of overlay.callouts ?? []) reserve(frame, placeOfSpot(frame, u, v, loss), AGENT + 2);
  for (const place of agents) reserve(frame, place, AGENT + 2);
  if (overlay.best) reserve(frame, frame.at(overlay.best.u, overlay.best.v, overlay.best.loss), 10);
  for (const minimizer of overlay.minimizers ?? []) reserve(frame, placeOfMinimizer(frame, minimizer), 15);
  for (const arrow of overlay.arrows ?? []) nameHandOver(frame, arrow);
  for (const { u, v, loss, text, kind } of overlay.callouts ?? []) {
    const { x, y } = placeOfSpot(frame, u, v, loss);
    labels.writeBeside(text, x, y, AGENT + 6, { font: LARGE, fill: kind === "found" ? theme.good : kind === "restart" ? theme.ink : theme.alarm });
  }
  const movers = agents.filter(({ moves }) => moves);
  for (const place of [...movers, ...agents.filter(({ moves }) => !moves)]) {
    const { name = "", colour = theme.ink } = frame.agents[place.agent] ?? {};
    if (place.crowd) {
      if (place.crowd[0] === place) nameCrowd(frame, place.crowd);
      continue;
    }
    if (place.moves) labels.writeBeside(name, place.x, place.y, AGENT + 5, { font: BOLD, fill: colour, colour: "#ffffff" });
    else labels.writeBeside(name, place.x, place.y, AGENT + 5, { font: BOLD });
  }
  (overlay.minimizers ?? []).slice(0, 2).forEach((minimizer) => {
    const { x, y } = placeOfMinimizer(frame, minimizer);
    labels.writeBeside("the goal: lowest point", x, y, 20, { font: BOLD });
  });
  if (overlay.best) {
    const { x, y } = frame.at(overlay.best.u, overlay.best.v, overlay.best.loss);
    labels.writeBeside("best so far", x, y, 13, { font: BOLD });
  }
  if (overlay.start) {
    const { x, y } = frame.ground(overlay.start.u, overlay.start.v);
    labels.writeBeside("start", x, y, 10, { colour: theme.soft });
  }
}

/**
 * Move markers that would cover each other into a circle around their place.
 * @param {any[]} agents
 */
function fanOut(agents) {
  /** @type {any[][]} */
  const crowds = [];
  for (const agent of agents) {
    const crowd = crowds.find(([first]) => Math.hypot(first.x - agent.x, first.y - agent.y) < NEAR);
    if (crowd) crowd.push(agent);
    else crowds.push([agent]);
  }
  for (const crowd of crowds.filter(({ length }) => length > 1)) {
    const middle = { x: crowd[0].x, y: crowd[0].y };
    const radius = APART / Math.sin(Math.PI / crowd.length);
    crowd.forEach((agent, k) => {
      const angle = -Math.PI / 2 + (2 * Math.PI * k) / crowd.length;
      Object.assign(agent, { x: middle.x + radius * Math.cos(angle), y: middle.y + radius * Math.sin(angle), crowd, middle });
    });
  }
  return agents;
}

/**
 * Write one label for agents at one place.
 * @param {Frame} frame
 * @param {any[]} crowd
 */
function nameCrowd(frame, crowd) {
  const names = crowd.map(({ agent }) => frame.agents[agent]?.name ?? "");
  const text = names.length > LISTED ? `${names.length} agents: here` : `${names.join(", ")}: here`;
  const { x, y } = crowd[0].middle;
  frame.labels.writeBeside(text, x, y, AGENT + APART / Math.sin(Math.PI / crowd.length) + 3, { font: BOLD });
}

/**
 * @param {Frame} frame
 * @param {Screen} place
 * @param {number} radius
 */
function reserve(frame, { x, y }, radius) {
  frame.labels.reserve(x, y, radius);
}

/**
 * Return the place of something with a loss, or else on the surface.
 * @param {Frame} frame
 * @param {any} u
 * @param {any} v
 * @param {number|null} loss
 */
function placeOfSpot(frame, u, v, loss) {
  return loss !== null && Number.isFinite(loss) ? frame.at(u, v, loss) : frame.ground(u, v);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{u: number, v: number}} start
 */
function drawStart(context, frame, { u, v }) {
  const { x, y } = frame.ground(u, v);
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
  return distance > 1e-6 ? frame.ground(u, v) : frame.at(u, v, frame.lowest);
}

/**
 * Draw the goal as a target: rings around a star.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {[number, number, number]} minimizer
 */
function drawMinimizer(context, frame, minimizer) {
  const { x, y } = placeOfMinimizer(frame, minimizer);
  context.save();
  context.globalAlpha = 1 / (1 + 4 * minimizer[2]);
  for (const radius of [17, 11]) {
    /** @type {[string, number][]} */
    const rings = [[frame.theme.halo, 4.5], [frame.theme.goal, 2]];
    for (const [colour, width] of rings) {
      context.beginPath();
      context.ellipse(x, y, radius, radius * frame.tilt, 0, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }
  context.restore();
}

/**
 * Draw the best point so far as a star.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {any} spot
 * @param {Screen[]} agents
 */
function drawBest(context, frame, { u, v, loss }, agents) {
  const { x, y } = frame.at(u, v, loss);
  // On an agent's marker, the star is smaller, so that both are visible.
  const covers = agents.some((agent) => Math.hypot(agent.x - x, agent.y - y) < AGENT);
  traceStar(context, x, y, covers ? 6.5 : 10);
  paint(context, frame.theme.star, "#1c2530", 0.9, frame.theme.halo);
}

/**
 * Draw an agent: filled while it searches, hollow while it waits, crossed out where it is stuck.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {any} place
 */
function drawAgent(context, frame, place) {
  const { colour, shape } = frame.agents[place.agent] ?? { colour: frame.theme.ink, shape: 0 };
  const still = place.mood === "waiting" || place.mood === "stuck";
  context.save();
  context.globalAlpha = place.hidden ? 0.75 : 1 / (1 + (place.distance || 0));
  trace(context, shape, place.x, place.y, place.moves ? AGENT + 1.5 : AGENT - 1);
  paint(context, still ? frame.theme.paper : colour, still ? colour : "#ffffff", 2, frame.theme.rim);
  context.restore();
}

/**
 * Draw a pin where an agent was stuck (a cross) or has found the minimum (a ring).
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {NonNullable<Overlay["callouts"]>[number]} callout
 */
function drawPin(context, frame, { u, v, loss, kind }) {
  const { x, y } = placeOfSpot(frame, u, v, loss);
  const { theme } = frame;
  if (kind === "found") return;
  if (kind === "restart") {
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    paint(context, theme.paper, theme.ink, 1.4, theme.halo);
    return;
  }
  const arm = 8;
  stroke(context, [[x - arm, y - arm], [x + arm, y + arm]], theme.alarm, 3.4, [], theme.halo);
  stroke(context, [[x - arm, y + arm], [x + arm, y - arm]], theme.alarm, 3.4, [], theme.halo);
}

/**
 * Draw a ring around the chosen point, and a line to the surface if the point is not on it.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {import("../../types.d.ts").Points} points
 * @param {number} index
 */
function drawChosen(context, frame, points, index) {
  const [u, v] = [points.u[index], points.v[index]];
  const top = frame.at(u, v, points.loss[index]);
  const bottom = frame.ground(u, v);
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
