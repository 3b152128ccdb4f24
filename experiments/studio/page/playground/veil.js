/** Veils what is shown as long as it is not what was asked for last, and says that it is awaited. */

import { el, say } from "../base/dom.js";

/** What takes longer than this is said to wait. */
const NOTICE_MILLISECONDS = 2000;
const COMPUTING = "Computing.";
const WAITING = "Still working: the machine is busy, and this waits for its turn. Nothing needs to be done.";

export class Veil {
  /** @type {ReturnType<typeof setTimeout>|0} */
  #notice = 0;

  /**
   * @param {HTMLElement} shown what is veiled
   * @param {() => HTMLElement} busy the part that is busy, for assistive technology
   */
  constructor(shown, busy) {
    this.shown = shown;
    this.busy = busy;
    this.element = el("p", { class: "waiting", role: "status" });
  }

  /** Another question is asked: what is shown answers another one, and must not be seen below it. */
  cover() {
    this.shown.classList.add("covered");
  }

  /**
   * Something else is asked for. While a slider moves, the veil is lighter.
   * @param {boolean} dragging
   */
  expect(dragging) {
    this.shown.classList.toggle("dragging", dragging);
    this.shown.classList.add("veiled");
    this.#await(true);
  }

  /** What was asked for is shown. */
  lift() {
    this.shown.classList.remove("veiled", "dragging", "covered");
    this.#await(false);
  }

  /** Nothing is awaited any more. What is not what was asked for stays veiled. */
  rest() {
    this.#await(false);
  }

  /** @param {boolean} busy */
  #await(busy) {
    this.busy().setAttribute("aria-busy", String(busy));
    clearTimeout(this.#notice);
    say(this.element, busy ? COMPUTING : "");
    if (busy) this.#notice = setTimeout(() => say(this.element, WAITING), NOTICE_MILLISECONDS);
  }
}
