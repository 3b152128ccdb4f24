/** Lines on the ground: regions and paths, on the surface and on the floor below it. */
import { fadeColour } from "../colours.js";
import { densifyPolygon } from "../ground.js";

/**
 * A place on the screen; `hidden` if something stands before it.
 * @typedef {{x: number, y: number, hidden: boolean}} Sight
 * @typedef {import("./overlay.js").Frame} Frame
 */

/** Into how many parts the longer side of the plane is divided along a line. */
const PIECES = 44;
const FINE = 120; // for the outline that matters
/** A region smaller than this on the screen (px) gets a ring around it. */
const SMALL = 12;
/** A region of this radius, as a share of the plane's side, is the whole plane. */
const WHOLE = 0.499;
const PATH = 3; // the longest path of best points: more would be a tangle

/**
 * Draw regions: strongly where their leases are out.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {import("../../types.d.ts").Region[]} regions
 */
export function drawRegions(context, frame, regions) {
  for (const region of regions) {
    const { agent, polygon, radius, now, marked } = region;
    if (polygon.length < 3) continue;
    const colour = frame.agents[agent]?.colour ?? "#888888";
    const ring = densifyPolygon(polygon, frame.side / (marked ? FINE : now ? 2 * PIECES : PIECES));
    const sights = ring.map(([u, v]) => frame.ground(u, v));
    if (now) ringSmall(context, frame, sights, colour);
    if (marked) strokeSights(context, [...sights, sights[0]], colour, 3, frame.theme.halo, true);
    if (frame.frames(region)) continue;
    const floor = ring.map(([u, v]) => frame.floor(u, v)).filter((sight) => sight !== null);
    if (floor.length) strokeSights(context, [...floor, floor[0]], colour, now ? 1.8 : 0.9, null, false);
    // A region that is the whole plane is shown by its frame on the floor.
    if (floor.length && isWhole(radius, frame.side)) continue;
    if (now) fillSights(context, sights, fadeColour(colour, 0.1));
    strokeSights(context, [...sights, sights[0]], now ? colour : fadeColour(colour, 0.5), now ? 3 : 1.1, now ? frame.theme.halo : null, true);
  }
}

/**
 * Return whether a polygon is a rectangle along the axes.
 * @param {[number, number][]} polygon
 */
export function isRectangle(polygon) {
  return polygon.length === 4 && polygon.every(([u, v], k) => {
    const [nextU, nextV] = polygon[(k + 1) % 4];
    return Math.abs(u - nextU) < 1e-9 || Math.abs(v - nextV) < 1e-9;
  });
}

/**
 * Return whether a region of a radius is the whole plane.
 * @param {number} radius
 * @param {number} side the longer side of the plane
 */
export function isWhole(radius, side) {
  return radius >= WHOLE * side;
}

/**
 * Draw the path of the best points so far; each part has the colour of the agent that found its end.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {number[]} trail
 * @param {import("../../types.d.ts").Points} points
 */
export function drawTrail(context, frame, trail, points) {
  const shown = trail.slice(-PATH);
  for (let k = 1; k < shown.length; k++) {
    const [from, to] = [shown[k - 1], shown[k]];
    const colour = frame.agents[points.agent[to]]?.colour ?? frame.theme.ink;
    const [du, dv] = [points.u[to] - points.u[from], points.v[to] - points.v[from]];
    const parts = Math.max(1, Math.min(60, Math.ceil((Math.hypot(du, dv) / frame.side) * PIECES)));
    const line = Array.from({ length: parts + 1 }, (_, i) => [points.u[from] + (du * i) / parts, points.v[from] + (dv * i) / parts]);
    const floor = line.map(([u, v]) => frame.floor(u, v)).filter((sight) => sight !== null);
    if (floor.length) strokeSights(context, floor, colour, 1.6, null, false);
    // Off the plane, points have their own heights: a straight line connects them.
    const off = (points.distance[from] || 0) + (points.distance[to] || 0) > 1e-6;
    const ends = [from, to].map((i) => frame.at(points.u[i], points.v[i], points.loss[i]));
    context.globalAlpha = k / (shown.length - 1);
    strokeSights(context, off ? ends : line.map(([u, v]) => frame.ground(u, v)), colour, 1.6, null, true);
    context.globalAlpha = 1;
  }
}

/**
 * Draw a ring that spreads from where a point has landed; `age` goes from 0 to 1.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{u: number, v: number, loss: number}} point
 * @param {number} age
 * @param {string} colour
 */
export function drawLanding(context, frame, { u, v, loss }, age, colour) {
  const { x, y, hidden } = frame.at(u, v, loss);
  if (hidden) return;
  context.beginPath();
  const radius = 4 + 13 * Math.sqrt(age);
  context.ellipse(x, y, radius, radius * frame.tilt, 0, 0, 2 * Math.PI);
  context.strokeStyle = fadeColour(colour, 0.9 * (1 - age));
  context.lineWidth = 2.4 * (1 - age) + 0.6;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Sight[]} sights
 * @param {string} colour
 */
function ringSmall(context, frame, sights, colour) {
  const [xs, ys] = [sights.map(({ x }) => x), sights.map(({ y }) => y)];
  const [wide, high] = [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
  if (Math.max(wide, high) > 2 * SMALL) return;
  const [x, y] = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
  context.beginPath();
  context.ellipse(x, y, 1.7 * SMALL, 1.7 * SMALL * frame.tilt, 0, 0, 2 * Math.PI);
  for (const [stroke, wide] of /** @type {[string, number][]} */ ([[frame.theme.halo, 4.6], [colour, 2.2]])) {
    context.strokeStyle = stroke;
    context.lineWidth = wide;
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Sight[]} sights
 * @param {string} colour
 */
function fillSights(context, sights, colour) {
  context.beginPath();
  for (const { x, y } of sights) context.lineTo(x, y);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
}

/**
 * Stroke a line; its hidden parts are drawn thin, or left out.
 * @param {CanvasRenderingContext2D} context
 * @param {Sight[]} sights
 * @param {string} colour
 * @param {number} width
 * @param {string|null} halo
 * @param {boolean} through whether hidden parts are drawn
 */
export function strokeSights(context, sights, colour, width, halo, through) {
  context.lineJoin = context.lineCap = "round";
  /** @type {[boolean, string, number][]} */
  const strokes = [];
  if (through) strokes.push([true, colour, Math.max(width * 0.6, 0.8)]);
  if (halo) strokes.push([false, halo, width + 2.6]);
  strokes.push([false, colour, width]);
  for (const [hidden, stroke, wide] of strokes) {
    context.beginPath();
    // Pieces that follow each other are one line: to stroke each by itself would take several times as long.
    let goesOn = false;
    for (let k = 1; k < sights.length; k++) {
      const [from, to] = [sights[k - 1], sights[k]];
      const drawn = (from.hidden || to.hidden) === hidden;
      if (drawn && !goesOn) context.moveTo(from.x, from.y);
      if (drawn) context.lineTo(to.x, to.y);
      goesOn = drawn;
    }
    context.strokeStyle = stroke;
    context.lineWidth = wide;
    if (hidden) context.setLineDash([3, 2]);
    context.stroke();
    context.setLineDash([]);
  }
  context.lineCap = "butt";
}
