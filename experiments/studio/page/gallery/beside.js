/** What some questions show beside their scene: accuracy against compute, and the true runs of a network. */

import { el, fill } from "../base/dom.js";
import { Front } from "./front.js";
import { describeTrueRuns } from "./trueruns.js";

/** @typedef {import("../film/film.js").Film} Film */

export class Beside {
  #front = new Front();
  /** @type {HTMLElement|null} */
  #trueRuns = null;

  /** @param {import("../types.d.ts").Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.element = el("div", { class: "shown" });
    this.open = false;
  }

  /**
   * @param {Film[]} films
   * @param {string[]} names
   * @param {import("../types.d.ts").Settings} landscape
   * @param {string} id of the question, if its settings are shown
   */
  setFilms(films, names, landscape, id) {
    if (id) this.open = id === "compute";
    this.#front.setFilms(films, names);
    const { true_runs: runs } = this.catalogue;
    // The runs are of the bundled plane: those of another one are not known here.
    const network = landscape.kind === "slice" && landscape.plane === "digits" && runs;
    if (network) this.#trueRuns ??= describeTrueRuns(runs);
    fill(this.element, [...(this.open ? [this.#front.element] : []), ...(network && this.#trueRuns ? [this.#trueRuns] : [])]);
  }

  /** @param {number} at the evaluations shown */
  show(at) {
    this.#front.show(at);
  }
}
