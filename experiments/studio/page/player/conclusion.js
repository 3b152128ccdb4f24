/** The explanation that is shown at the end of one run, or of two compared runs. */

import { el } from "../base/dom.js";
import { comparison, verdictOf } from "../film/verdict.js";

/** @typedef {import("../film/film.js").Film} Film */

export class Conclusion {
  /** @type {(Film|null)[]} */
  #films = [];

  constructor() {
    this.element = el("section", { class: "verdict", hidden: true, "aria-label": "Why it ended this way" });
  }

  /**
   * @param {(Film|null)[]} films the films shown
   * @param {string[]} names
   * @param {boolean} over whether they are shown at their end
   */
  show(films, names, over) {
    const ended = films.filter((film) => film?.done).filter((film) => film !== null);
    const isCurrent = () => films.length === this.#films.length && films.every((film, i) => film === this.#films[i]);
    if (over && films.length > 0 && ended.length === films.length && !isCurrent()) {
      this.#films = films;
      const said = ended.length === 2 ? comparison(ended[0], ended[1], names) : verdictOf(ended[0]);
      this.element.replaceChildren(el("h4", { text: "Why it ended this way" }), ...said.map((text) => el("p", { text })));
    }
    // Once shown, it stays, so that the view below does not jump while somebody scrubs.
    this.element.hidden = !isCurrent();
  }
}
