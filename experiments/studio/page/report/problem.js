/** What a report shows of one problem, and of the first few side by side. */

import { el, fill } from "../base/dom.js";
import { drawCurves } from "./curves.js";
import { drawDots } from "./dots.js";
import { legend } from "./figure.js";
import { drawTable } from "./table.js";

const MULTIPLES = 6;

/**
 * Return the curves of a problem as a chart.
 * @param {import("../types.d.ts").Island} island
 * @param {number} number
 * @returns {import("../types.d.ts").CurvesData}
 */
function curvesOf(island, number) {
  const problem = island.problems[number];
  const series = problem.curves.map((curve, k) => ({
    name: island.strategies[k], x: curve?.[0] ?? [], y: curve?.[1] ?? [], low: curve?.[2] ?? null, high: curve?.[3] ?? null,
  }));
  const until = Math.max(1, ...series.map(({ x }) => x[x.length - 1] ?? 1));
  return { kind: "curves", title: problem.name, label: problem.label, xName: "evaluations", log: problem.log, xLog: true, series, until };
}

/**
 * Fill a host with the curves of the first problems.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").Island} island
 * @param {string} theme
 */
export function drawSmallMultiples(host, island, theme) {
  const places = island.problems.slice(0, MULTIPLES).map((_, number) => {
    const place = el("div", { class: "multiple" });
    drawCurves(place, curvesOf(island, number), theme, { legend: false });
    return place;
  });
  fill(host, [legend(island.strategies, theme), el("div", { class: "multiples" }, places)]);
}

/**
 * Fill a host with all that is known of one problem.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").Island} island
 * @param {number} number
 * @param {string} theme
 */
export function drawProblem(host, island, number, theme) {
  const problem = island.problems[number];
  const [curves, dots, table] = [el("div"), el("div"), el("div")];
  drawCurves(curves, { ...curvesOf(island, number), title: problem.gaps ? "Best loss above the known minimum" : "Best loss" }, theme);
  drawDots(dots, {
    kind: "dots", title: "Best loss of each run at its end", label: problem.label, log: problem.log,
    rows: island.strategies.map((name, k) => ({ name, values: problem.finals[k], median: problem.medians[k] })),
  }, theme);
  const { caption, heads, rows } = island.tables.comparison;
  drawTable(table, { caption: `${caption}: ${problem.name}`, heads, rows: rows.filter((row) => row[0] === problem.name) });
  fill(host, [el("div", { class: "pair" }, [curves, dots]), table]);
}
