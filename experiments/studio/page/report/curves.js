/** Line charts of a report: curves with their bands, drawn by the studio's chart. */

import { el, fill } from "../base/dom.js";
import { LineChart } from "../drawing/charts.js";
import { dataOf, legend, lineStyle } from "./figure.js";

/** @type {LineChart[]} */
const drawn = [];

/** Draw all charts at once, in a theme: before a print, which waits for no frame. @param {string} theme */
export function redrawCharts(theme) {
  for (const chart of drawn) {
    chart.setTheme(theme);
    chart.drawNow();
  }
}

/** Forget all charts, because their hosts are filled anew. */
export function disposeCharts() {
  for (const chart of drawn.splice(0)) chart.dispose();
}

/**
 * Fill a host with a line chart, its legend and its data.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").CurvesData} data
 * @param {string} theme
 * @param {{legend?: boolean}} more `legend` is false where a legend stands elsewhere
 */
export function drawCurves(host, data, theme, more = {}) {
  const place = el("div", { class: "chart" });
  const parts = [place, dataOf(() => tableOf(data))];
  if (more.legend !== false) parts.unshift(legend(data.series.map(({ name }) => name), theme));
  fill(host, parts);
  const chart = new LineChart(place, { theme });
  const ends = data.series.flatMap(({ x }) => [x[0], x[x.length - 1]]).filter(Number.isFinite);
  const [low, high] = [Math.min(...ends), Math.max(...ends, data.until ?? -Infinity)];
  chart.set({
    title: data.title, xName: data.xName, label: data.label, log: data.log, xLog: data.xLog && low > 0,
    range: ends.length ? [data.from ?? low, high > low ? high : low + 1] : [0, 1], until: high,
    floor: data.within?.[0], ceiling: data.within?.[1],
    series: data.series.map((one, k) => ({ ...lineStyle(k, theme), ...one })).filter(({ x }) => x.length),
  });
  drawn.push(chart);
}

/**
 * @param {import("../types.d.ts").CurvesData} data
 * @returns {import("../types.d.ts").TableData}
 */
function tableOf({ title, xName, series }) {
  const banded = series.some(({ low }) => low);
  const rows = series.flatMap(({ name, x, y, low, high }) => [...x.keys()].map((k) => {
    const band = banded ? [low?.[k] ?? y[k], high?.[k] ?? y[k]] : [];
    return [name, x[k], y[k], ...band];
  }));
  return { caption: title, heads: ["line", xName, title, ...(banded ? ["lower quartile", "upper quartile"] : [])], rows };
}
