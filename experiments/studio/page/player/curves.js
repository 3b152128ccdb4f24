/**
 * The charts over evaluations: the best loss, what the landscape tells of the best point besides, each agent's radius, and
 * each agent's share of the evaluations.
 */

import { LineChart } from "../drawing/charts.js";
import { COLOURS } from "../drawing/colours.js";
import { el, fill, svg } from "../base/dom.js";
import { countUpTo } from "../base/search.js";
import { groupByKind, isHigherBetter, traceMeasures } from "../film/measures.js";

/** Smaller gaps are drawn at this value, because a logarithmic axis has no zero. */
const FLOOR = 1e-14;
const SHARES = 160;
const DASHES = [[], [6, 4]];
const RUN_COLOURS = ["#0072B2", "#D55E00"];

/**
 * @typedef {import("../drawing/charts.js").Series} Series
 * @typedef {{title: string, series: Series[], log: boolean, legend?: Series[]}} Chart what a chart shows; `legend` are the
 *   lines that are named below it
 */

export class Curves {
  /** @type {{chart: LineChart, legend: HTMLElement}[]} */
  #panels = [];

  /**
   * @param {HTMLElement} host
   * @param {{theme: string, onSeek: (evaluations: number) => void}} given
   */
  constructor(host, { theme, onSeek }) {
    this.host = host;
    this.theme = theme;
    this.onSeek = onSeek;
  }

  /**
   * Draw the charts of one film, or of two that are compared.
   * @param {import("../film/film.js").Film[]} films
   * @param {string[]} names
   */
  setFilms(films, names) {
    const wanted = films.length === 1
      ? [loss(films, names), ...measures(films[0]), radius(films[0]), share(films[0])]
      : [loss(films, names), ...measuresOfBoth(films, names), ...films.map((film, i) => radius(film, names[i]))];
    this.#setPanels(wanted.length);
    const end = Math.max(1, ...films.map((film) => film.evaluations));
    wanted.forEach(({ legend = [], ...each }, i) => {
      fill(this.#panels[i].legend, legend.map(sample));
      this.#panels[i].chart.set({ ...each, range: [0, end], xName: "evaluations" });
    });
  }

  /** @param {number} evaluations */
  show(evaluations) {
    for (const { chart } of this.#panels) chart.set({ at: evaluations });
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    for (const { chart } of this.#panels) chart.setTheme(theme);
  }

  /** @param {number} count */
  #setPanels(count) {
    while (this.#panels.length > count) {
      this.#panels.pop()?.chart.dispose();
      this.host.lastChild?.remove();
    }
    while (this.#panels.length < count) {
      const chart = el("div", { class: "chart" });
      const legend = el("p", { class: "legend" });
      this.host.append(el("div", { class: "panel" }, [chart, legend]));
      this.#panels.push({ chart: new LineChart(chart, { theme: this.theme, onSeek: this.onSeek }), legend });
    }
  }
}

/**
 * Return a legend entry: a sample of a line and its name.
 * @param {Series} series
 */
function sample({ name, colour, dash = [] }) {
  const line = svg("line", { x1: 0, y1: 5, x2: 26, y2: 5, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") || null });
  return el("span", {}, [svg("svg", { width: 26, height: 10, "aria-hidden": "true" }, [line]), name]);
}

/**
 * @param {import("../film/film.js").Film[]} films
 * @param {string[]} names
 * @returns {Chart}
 */
function loss(films, names) {
  const known = films.every((film) => film.header.minimum !== null);
  /**
   * @param {import("../film/film.js").Film} film
   * @param {number} i
   */
  const value = (film, i) => (known ? Math.max(film.loss[i] - (film.header.minimum ?? 0), FLOOR) : film.loss[i]);
  const series = films.map((film, k) => ({
    name: names[k], colour: RUN_COLOURS[k], dash: DASHES[k],
    x: Float64Array.from([...film.records.map((i) => film.spent[i]), film.evaluations]),
    y: Float64Array.from([...film.records, film.records.at(-1)].map((i) => (i === undefined ? NaN : value(film, i)))),
  }));
  const title = known ? "Best loss above the minimum" : "Best loss";
  return { title, series, log: known, legend: films.length > 1 ? series : [] };
}

/**
 * Return a chart for each kind of measure of a run: "train loss" and "held-out loss" share one.
 * @param {import("../film/film.js").Film} film
 * @returns {Chart[]}
 */
function measures(film) {
  const traces = traceMeasures(film);
  return [...groupByKind(traces.keys())].map(([kind, names]) => {
    const series = names.map((name, k) => measureLine(film, traces.get(name), name, k));
    return { title: `${capitalize(kind)} of the best point`, series, log: !isHigherBetter(kind), legend: series };
  });
}

/**
 * Return a chart for each measure of runs that are compared, with a line for each run.
 * @param {import("../film/film.js").Film[]} films
 * @param {string[]} names
 * @returns {Chart[]}
 */
function measuresOfBoth(films, names) {
  const traces = films.map(traceMeasures);
  return [...new Set(traces.flatMap((each) => [...each.keys()]))].map((name) => {
    const series = films.map((film, k) => measureLine(film, traces[k].get(name), names[k], k));
    return { title: `${capitalize(name)} of the best point`, series, log: !isHigherBetter(name), legend: series };
  });
}

/**
 * @param {import("../film/film.js").Film} film
 * @param {import("../film/measures.js").Trace|undefined} trace
 * @param {string} name
 * @param {number} k
 * @returns {Series}
 */
function measureLine(film, trace, name, k) {
  const [colour, dash] = [RUN_COLOURS[k % RUN_COLOURS.length], DASHES[k % DASHES.length]];
  if (!trace) return { name, colour, dash, x: [], y: [] };
  return { name, colour, dash, x: [...trace.x, film.evaluations], y: [...trace.y, trace.y[trace.y.length - 1]] };
}

/** @param {string} name */
function capitalize(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/**
 * @param {import("../film/film.js").Film} film
 * @param {string|null} name
 * @returns {Chart}
 */
function radius(film, name = null) {
  const series = film.team.map((agent, i) => {
    const mine = film.leases.filter((lease) => lease.agent === i);
    const x = mine.map((lease) => film.evaluationsAtTime(lease.starts));
    const y = mine.map((lease) => lease.radius);
    if (x.length) {
      x.push(film.evaluations);
      y.push(y[y.length - 1]);
    }
    return { name: agent.name, colour: COLOURS[i % COLOURS.length], dash: [], x: Float64Array.from(x), y: Float64Array.from(y) };
  });
  const title = name ? `Search radius: ${name}` : "Search radius";
  return { title, series, log: true };
}

/**
 * @param {import("../film/film.js").Film} film
 * @returns {Chart}
 */
function share(film) {
  const at = Float64Array.from({ length: SHARES + 1 }, (_, k) => (film.evaluations * k) / SHARES);
  const shown = at.map((x) => countUpTo(film.spent, x));
  const spent = film.team.map((_, i) => Float64Array.from(shown, (count) => film.evaluationsBy(i, count)));
  const total = at.map((_, k) => spent.reduce((sum, mine) => sum + mine[k], 0));
  const series = film.team.map((agent, i) => {
    const y = spent[i].map((mine, k) => (total[k] > 0 ? mine / total[k] : NaN));
    return { name: agent.name, colour: COLOURS[i % COLOURS.length], dash: [], x: at, y };
  });
  return { title: "Share of the evaluations", series, log: false };
}
