/** At the end of a run, or of two: why it came so. */

import { el } from "../base/dom.js";
import { comparison, verdictOf } from "../film/verdict.js";

/** @typedef {import("../film/film.js").Film} Film */

export class Conclusion {
  /** @type {(Film|null)[]} */
  #films = [];

  constructor() {
    this.element = el("section", { class: "verdict", hidden: true, "aria-label": "Why it ended so" });
  }

  /**
   * @param {(Film|null)[]} films what is shown
   * @param {string[]} names
   * @param {boolean} over whether it is shown to its end
   */
  show(films, names, over) {
    const ended = films.filter((film) => film?.done).filter((film) => film !== null);
    const isCurrent = () => films.length === this.#films.length && films.every((film, i) => film === this.#films[i]);
    if (over && films.length > 0 && ended.length === films.length && !isCurrent()) {
      this.#films = films;
      const said = ended.length === 2 ? comparison(ended[0], ended[1], names) : verdictOf(ended[0]);
      this.element.replaceChildren(el("h4", { text: "Why it ended so" }), ...said.map((text) => el("p", { text })));
    }
    // Once told it stays: the picture below is not to jump as somebody scrubs.
    this.element.hidden = !isCurrent();
  }
}
