/** Shows what was wrong with a request, and a button that asks once more. */

import { el, fill } from "../base/dom.js";

export class Problems {
  /** @param {() => void} onAgain */
  constructor(onAgain) {
    this.onAgain = onAgain;
    this.element = el("div", { class: "problems", role: "alert", hidden: true });
  }

  /** @param {string[]} problems none if all is well */
  show(problems) {
    this.element.hidden = problems.length === 0;
    const again = el("button", { type: "button", text: "Try again", onclick: this.onAgain });
    fill(this.element, problems.length ? [...problems.map((text) => el("p", { text })), again] : []);
  }
}
