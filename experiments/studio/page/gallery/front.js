/** Accuracy against compute: what every setting that was played has reached, and the front that nothing lies below. */

import { el, fill, svg } from "../base/dom.js";
import { COLOURS } from "../drawing/colours.js";
import { formatNumber } from "../drawing/numbers.js";

/** @typedef {import("../film/film.js").Film} Film */
/** @typedef {{spent: number, loss: number, name: string, colour: string}} Result */

const [WIDTH, HEIGHT] = [640, 230];
const PLOT = { left: 62, right: 14, top: 12, bottom: 34 };
const MOST_RESULTS = 4000;
/** Losses are drawn down to this distance above the minimum. */
const LEAST = 1e-9;

export class Front {
  /** @type {Result[]} what was reached by runs of the same landscape */
  #results = [];
  #landscape = "";
  /** @type {Map<Film, {name: string, colour: string, known: number}>} */
  #playing = new Map();
  #count = 0;

  constructor() {
    this.picture = el("div");
    this.text = el("p", { class: "soft", role: "status" });
    this.element = el("section", { class: "extra", "aria-label": "Accuracy against compute" }, [
      el("h3", { text: "Accuracy against compute" }), this.picture,
      el("p", { class: "soft", text: "Each dot is a best loss so far and the evaluations that it took, of all that you have played on this landscape. The line joins those that nothing else reaches with fewer evaluations (the Pareto front). Try other settings, and see whether you can move it." }),
      this.text,
    ]);
  }

  /**
   * Other runs are shown; those on another landscape begin anew.
   * @param {Film[]} films
   * @param {string[]} names
   */
  setFilms(films, names) {
    if (films[0].header.landscape !== this.#landscape) {
      this.#results = [];
      this.#count = 0;
    }
    this.#landscape = films[0].header.landscape;
    const before = this.#playing;
    this.#playing = new Map(films.map((film, i) => [film, before.get(film) ?? { name: names[i], colour: COLOURS[this.#count++ % COLOURS.length], known: 0 }]));
  }

  /**
   * Add what the runs have reached up to a number of evaluations, and draw it.
   * @param {number} at
   */
  show(at) {
    let grown = false;
    for (const [film, side] of this.#playing) {
      const least = film.header.minimum ?? 0;
      while (side.known < film.records.length && film.spent[film.records[side.known]] <= at) {
        const index = film.records[side.known++];
        this.#results.push({ spent: film.spent[index], loss: Math.max(LEAST, film.loss[index] - least), name: side.name, colour: side.colour });
        grown = true;
      }
    }
    if (!grown) return;
    this.#results = this.#results.slice(-MOST_RESULTS);
    this.#draw();
  }

  #draw() {
    const front = findFront(this.#results);
    const most = Math.max(10, ...this.#results.map(({ spent }) => spent));
    const losses = this.#results.map(({ loss }) => Math.log10(loss));
    const [low, high] = [Math.floor(Math.min(...losses)), Math.ceil(Math.max(...losses))];
    const [left, right, top, bottom] = [PLOT.left, WIDTH - PLOT.right, PLOT.top, HEIGHT - PLOT.bottom];
    /** @param {number} spent */
    const x = (spent) => left + ((right - left) * Math.log(Math.max(1, spent))) / Math.log(most);
    /** @param {number} loss */
    const y = (loss) => bottom - ((bottom - top) * (Math.log10(loss) - low)) / Math.max(1, high - low);
    const path = front.map(({ spent, loss }, i) => (i ? `H${x(spent)}V${y(loss)}` : `M${x(spent)} ${y(loss)}`)).join("");
    const ticks = [1, 10, 100, 1000, 10000].filter((n) => n <= most);
    const step = Math.max(1, Math.ceil((high - low) / 5));
    const powers = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);
    fill(this.picture, [svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Best loss over evaluations, both logarithmic" }, [
      svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
      ...ticks.map((n) => svg("text", { x: x(n), y: bottom + 15, "text-anchor": "middle", text: String(n) })),
      ...powers.map((power) => svg("text", { x: left - 6, y: y(10 ** power) + 4, "text-anchor": "end", text: formatNumber(10 ** power) })),
      svg("text", { x: (left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle", text: "evaluations" }),
      ...this.#results.map(({ spent, loss, colour }) => svg("circle", { cx: x(spent), cy: y(loss), r: 3, fill: colour, "fill-opacity": 0.75 })),
      svg("path", { class: "front", d: path }),
    ])]);
    const turns = front.filter(({ name }, i) => i === 0 || front[i - 1].name !== name);
    this.text.textContent = `On the front: ${turns.map(({ name, spent }) => `${name} (from ${spent} on)`).join(", ")}.`;
  }
}

/**
 * Return the results that no other reaches with as few evaluations, by evaluations.
 * @param {Result[]} results
 */
export function findFront(results) {
  const sorted = [...results].sort((a, b) => a.spent - b.spent || a.loss - b.loss);
  /** @type {Result[]} */
  const front = [];
  for (const result of sorted) if (!front.length || result.loss < front[front.length - 1].loss) front.push(result);
  return front;
}
