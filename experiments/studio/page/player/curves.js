/** The charts over evaluations: the best loss, each agent's radius, and each agent's share of the evaluations. */

import { LineChart } from "../drawing/charts.js";
import { COLOURS } from "../drawing/colours.js";
import { el, fill, svg } from "../base/dom.js";
import { countUpTo } from "../base/search.js";

/** Smaller gaps are drawn at this value, because a logarithmic axis has no zero. */
const FLOOR = 1e-14;
const SHARES = 160;
const DASHES = [[], [6, 4]];
const RUN_COLOURS = ["#0072B2", "#D55E00"];

export class Curves {
  /** @type {LineChart[]} */
  #charts = [];

  /**
   * @param {HTMLElement} host
   * @param {{theme: string, onSeek: (evaluations: number) => void}} given
   */
  constructor(host, { theme, onSeek }) {
    this.host = host;
    this.theme = theme;
    this.legend = el("p", { class: "legend" });
    this.onSeek = onSeek;
  }

  /**
   * Draw the charts of one film, or of two that are compared.
   * @param {import("../film/film.js").Film[]} films
   * @param {string[]} names
   */
  setFilms(films, names) {
    const wanted = films.length === 1
      ? [loss(films, names), radius(films[0]), share(films[0])]
      : [loss(films, names), ...films.map((film, i) => radius(film, names[i]))];
    while (this.#charts.length > wanted.length) {
      this.#charts.pop()?.dispose();
      this.host.lastChild?.remove();
    }
    while (this.#charts.length < wanted.length) {
      const chart = el("div", { class: "chart" });
      this.host.append(el("div", { class: "panel" }, [chart, ...(this.#charts.length ? [] : [this.legend])]));
      this.#charts.push(new LineChart(chart, { theme: this.theme, onSeek: this.onSeek }));
    }
    fill(this.legend, films.length > 1 ? names.map(sample) : []);
    const end = Math.max(1, ...films.map((film) => film.evaluations));
    wanted.forEach((each, i) => this.#charts[i].set({ ...each, range: [0, end], xName: "evaluations" }));
  }

  /** @param {number} evaluations */
  show(evaluations) {
    for (const chart of this.#charts) chart.set({ at: evaluations });
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    for (const chart of this.#charts) chart.setTheme(theme);
  }
}

/**
 * Return a legend entry: a sample of a run's line and its name.
 * @param {string} name
 * @param {number} k
 */
function sample(name, k) {
  const line = svg("line", { x1: 0, y1: 5, x2: 26, y2: 5, stroke: RUN_COLOURS[k], "stroke-width": 2.5, "stroke-dasharray": DASHES[k].join(" ") || null });
  return el("span", {}, [svg("svg", { width: 26, height: 10, "aria-hidden": "true" }, [line]), name]);
}

/**
 * @param {import("../film/film.js").Film[]} films
 * @param {string[]} names
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
  return { title, series, log: known };
}

/**
 * @param {import("../film/film.js").Film} film
 * @param {string|null} name
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

/** @param {import("../film/film.js").Film} film */
function share(film) {
  const at = Float64Array.from({ length: SHARES + 1 }, (_, k) => (film.evaluations * k) / SHARES);
  const shown = at.map((x) => countUpTo(film.spent, x));
  const series = film.team.map((agent, i) => {
    const y = Float64Array.from(at, (x, k) => (x > 0 && film.evaluationsBy(i, shown[k]) / x) || NaN);
    return { name: agent.name, colour: COLOURS[i % COLOURS.length], dash: [], x: at, y };
  });
  return { title: "Share of the evaluations", series, log: false };
}
