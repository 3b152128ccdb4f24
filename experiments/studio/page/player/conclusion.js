/** The explanation that is shown at the end of one run, or of two compared runs, with the moments that show it. */

import { el } from "../base/dom.js";
import { whole } from "../base/wording.js";
import { reasonOf, reasonsOf } from "../film/closing.js";
import { comparison, verdictOf } from "../film/verdict.js";
import { swatch } from "./stage/swatch.js";

/** @typedef {import("../film/film.js").Film} Film */

export class Conclusion {
  /** @type {(Film|null)[]} */
  #films = [];
  #told = "";
  /** The answer of the question that is asked, or ""; its first sentence is shown, and all of it in full. */
  answer = "";

  /** @param {(evaluations: number) => void} onSeek */
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.element = el("section", { class: "verdict", hidden: true, "aria-label": "Why it ended this way" });
  }

  /**
   * @param {(Film|null)[]} films the films shown
   * @param {string[]} names
   * @param {boolean} over whether they are shown at their end
   */
  show(films, names, over) {
    const ended = films.filter((film) => film?.done).filter((film) => film !== null);
    const isCurrent = () => films.length === this.#films.length && this.answer === this.#told && films.every((film, i) => film === this.#films[i]);
    if (over && films.length > 0 && ended.length === films.length && !isCurrent()) {
      this.#films = films;
      this.#told = this.answer;
      this.#tell(ended, names);
    }
    this.element.hidden = !over || !isCurrent();
  }

  /**
   * @param {Film[]} films
   * @param {string[]} names
   */
  #tell(films, names) {
    const said = films.length === 2 ? comparison(films[0], films[1], names) : verdictOf(films[0]);
    const reason = reasonOf(films, names);
    const frames = reasonsOf(films).map(({ film, moment }) => el("button", { type: "button", class: "frame-link", title: names[film], onclick: () => this.onSeek(moment.at) }, [
      el("span", { class: "when-told", text: whole(moment.at) }), swatch(moment.agent), el("span", { text: moment.text }),
    ]));
    this.element.replaceChildren(
      el("h4", { text: "Why it ended this way" }),
      el("p", { class: "reason", text: [firstSentence(this.answer), reason].filter(Boolean).join(" ") || said[0] }),
      el("div", { class: "frame-links" }, frames),
      el("details", {}, [el("summary", { text: "In full" }), ...[this.answer, ...said].filter(Boolean).map((text) => el("p", { text }))]),
    );
  }
}

/** @param {string} text */
function firstSentence(text) {
  return text.match(/^.*?[.?!](?= |$)/)?.[0] ?? "";
}
