/** The gallery: all questions, each with a picture that moves; a choice opens its question. */

import { ask } from "../base/api.js";
import { el } from "../base/dom.js";
import { Loop } from "./loop.js";

/** @typedef {import("../types.d.ts").Question} Question */

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const FRAME_MILLISECONDS = 33;

export class Gallery {
  /** @type {Map<string, Loop>} */
  #loops = new Map();
  #frame = 0;
  #last = 0;

  /**
   * @param {Question[]} questions
   * @param {{theme: () => string, onChoose: (question: Question) => void}} given
   */
  constructor(questions, { theme, onChoose }) {
    this.theme = theme;
    this.onChoose = onChoose;
    this.cards = questions.map((question) => this.#makeCard(question));
    const close = el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", onclick: () => this.element.close() });
    this.element = el("dialog", { class: "gallery", "aria-label": "All questions", onclose: () => cancelAnimationFrame(this.#frame) }, [
      el("header", {}, [el("h2", { text: "What would you like to see?" }), close]),
      el("p", { class: "soft", text: "Each picture shows two searches of the same landscape, from above; bright yellow is low. A star is the best point so far." }),
      el("div", { class: "question-cards" }, this.cards.map(({ element }) => element)),
    ]);
    this.element.addEventListener("click", (event) => event.target === this.element && this.element.close());
    this.button = el("button", { type: "button", class: "all-questions", "aria-haspopup": "dialog", text: "All questions", onclick: () => this.open() });
  }

  open() {
    this.element.showModal();
    if (!this.#loops.size) this.#fetchLoops();
    this.#play(performance.now());
  }

  /** @param {Question} question */
  #makeCard(question) {
    const picture = el("span", { class: "thumbnail" });
    const text = [el("strong", { text: question.title }), el("span", { class: "soft", text: question.question })];
    const choose = () => {
      this.element.close();
      this.onChoose(question);
    };
    return { question, picture, element: el("button", { type: "button", class: "question-card", onclick: choose }, [picture, ...text]) };
  }

  async #fetchLoops() {
    /** @type {Record<string, import("./loop.js").StoredLoop[]>} */
    const stored = await ask("/api/loops").catch(() => ({}));
    for (const { question, picture } of this.cards) {
      if (!stored[question.id]) continue;
      const loop = new Loop(stored[question.id]);
      picture.replaceChildren(loop.canvas);
      this.#loops.set(question.id, loop);
    }
    this.#draw(performance.now());
  }

  /** @param {number} now */
  #play(now) {
    if (!this.element.open) return;
    if (now - this.#last > FRAME_MILLISECONDS) {
      this.#last = now;
      this.#draw(now);
    }
    this.#frame = requestAnimationFrame((next) => this.#play(next));
  }

  /** @param {number} now */
  #draw(now) {
    const seconds = CALM.matches ? Infinity : now / 1000;
    let delay = 0;
    for (const loop of this.#loops.values()) loop.draw(seconds + (delay += 0.9), this.theme());
  }
}
