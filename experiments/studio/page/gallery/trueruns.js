/** The runs that a plane through a network was laid through: their paths beside the plane, and how far from it they were. */

import { el, svg } from "../base/dom.js";
import { COLOURS } from "../drawing/colours.js";
import { formatNumber } from "../drawing/numbers.js";

/**
 * @typedef {object} TrueRun
 * @property {string} name
 * @property {number[]} evaluations
 * @property {number[]} u
 * @property {number[]} v
 * @property {number[]} distance
 * @property {number[]} loss
 * @property {(number|null)[]} on_plane
 * @typedef {{unit: string, weights: number, runs: TrueRun[]}} TrueRuns
 */

const [WIDTH, HEIGHT] = [420, 210];
const PLOT = { left: 44, right: 10, top: 22, bottom: 32 };
/** The grids that race on the plane have the first colours. */
const FIRST_COLOUR = 2;

/**
 * Return the panel that shows them.
 * @param {TrueRuns} given
 */
export function describeTrueRuns({ unit, weights, runs }) {
  const most = runs.map((run) => `${run.name}: ${formatNumber(Math.max(...run.distance))}`).join(", ");
  const ends = runs.map((run) => {
    const best = run.loss.indexOf(Math.min(...run.loss));
    return `${run.name} ${formatNumber(run.loss[best])} (on the plane below it ${formatNumber(run.on_plane[best] ?? NaN)})`;
  }).join(", ");
  return el("section", { class: "extra", "aria-label": "The true runs" }, [
    el("h3", { text: "The true runs, and how far from this plane they were" }),
    el("p", { class: "soft", text: `Adam trained all ${weights.toLocaleString("en")} weights, not two numbers. Left: where the points of its runs come to lie if they are dropped straight onto the plane. Right: how far they fall. The plane goes through one point of each run, its best.` }),
    el("div", { class: "true-runs" }, [
      drawLines(runs, { title: "second direction of the plane, in sides of the picture", x: (run) => run.u, y: (run) => run.v, xMost: 1, yMost: 1, xName: "first direction, in sides of the picture", marks: true }),
      drawLines(runs, { title: `distance from the plane, ${unit}`, x: (run) => run.evaluations, y: (run) => run.distance, xMost: Math.max(...runs.flatMap((run) => run.evaluations)), yMost: Math.max(...runs.flatMap((run) => run.distance)), xName: "evaluations" }),
    ]),
    el("p", { class: "legend" }, runs.map((run, i) => el("span", {}, [svg("svg", { viewBox: "0 0 12 12", class: "dot" }, [svg("circle", { cx: 6, cy: 6, r: 5, fill: COLOURS[(FIRST_COLOUR + i) % COLOURS.length] })]), run.name]))),
    el("p", { class: "soft", text: `Farthest from the plane, in ${unit}: ${most}. Lowest true losses: ${ends}.` }),
  ]);
}

/**
 * @param {TrueRun[]} runs
 * @param {{title: string, x: (run: TrueRun) => number[], y: (run: TrueRun) => number[], xMost: number, yMost: number,
 *   xName: string, marks?: boolean}} given `marks` puts a star at the point that lies on the plane
 */
function drawLines(runs, { title, x, y, xMost, yMost, xName, marks = false }) {
  const [left, right, top, bottom] = [PLOT.left, WIDTH - PLOT.right, PLOT.top, HEIGHT - PLOT.bottom];
  /** @param {number} value */
  const across = (value) => left + ((right - left) * value) / xMost;
  /** @param {number} value */
  const up = (value) => bottom - ((bottom - top) * value) / yMost;
  const lines = runs.flatMap((run, i) => {
    const colour = COLOURS[(FIRST_COLOUR + i) % COLOURS.length];
    const places = x(run).map((value, k) => [across(value), up(y(run)[k])]);
    const touching = run.distance.indexOf(Math.min(...run.distance));
    return [
      svg("polyline", { points: places.map((place) => place.join(",")).join(" "), fill: "none", stroke: colour, "stroke-width": 2 }),
      ...places.map(([cx, cy], k) => svg("circle", { cx, cy, r: marks && k === touching ? 6 : 2.5, fill: colour })),
    ];
  });
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}, over ${xName}` }, [
    svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
    svg("text", { x: left, y: 14, text: title }),
    svg("text", { x: (left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle", text: xName }),
    ...[0, yMost].map((value) => svg("text", { x: left - 5, y: up(value) + 4, "text-anchor": "end", text: formatNumber(value) })),
    ...[0, xMost].map((value) => svg("text", { x: across(value), y: bottom + 14, "text-anchor": "middle", text: formatNumber(value) })),
    ...lines,
  ]);
}
