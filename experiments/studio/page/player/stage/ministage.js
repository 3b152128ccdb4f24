/** A small stage without controls, for thumbnails and embedded pages: a moving picture of one film, or two side by side. */

import { Director, SECONDS } from "../../film/director.js";
import { storyOf } from "../../film/story.js";
import { el } from "../../base/dom.js";
import { askStep, cancelFrame } from "../../base/frames.js";
import { FilmView } from "./filmview.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
/** How long the end is shown before the picture starts again. */
const REST_MILLISECONDS = 1600;

/**
 * Pictures of films that move together, without controls or words around them.
 *
 *     const small = new MiniStage(host, { theme: "dark", look: "contour", bare: true, seconds: 6 });
 *     small.setFilms([film, other]);
 *     small.play();        // again and again; to those who prefer reduced motion, the end is shown
 *     small.show(0.5);     // or one moment: half of the evaluations
 *     small.dispose();
 */
export class MiniStage {
  #onFrame = (/** @type {number} */ now) => this.#tick(now);
  #began = 0;
  /** @type {FilmView[]} */
  views = [];
  /** @type {Director} */
  director = new Director(1, []);

  /**
   * @param {HTMLElement} host
   * @param {{theme?: string, look?: string, bare?: boolean, seconds?: number}} given see FilmView; `seconds` is how long a
   *   run takes
   */
  constructor(host, { seconds = SECONDS, ...given } = {}) {
    this.given = given;
    this.seconds = seconds;
    this.element = el("div", { class: "mini-stage" });
    host.append(this.element);
  }

  /** @param {import("../../film/film.js").Film[]} films one, or two that are shown side by side */
  setFilms(films) {
    for (const view of this.views) view.dispose();
    this.element.dataset.count = String(films.length);
    this.element.replaceChildren(...films.map(() => el("div", { class: "mini-view" })));
    this.views = films.map((_, i) => new FilmView(/** @type {HTMLElement} */ (this.element.children[i]), this.given));
    films.forEach((film, i) => this.views[i].setFilm(film));
    const length = Math.max(...films.map((film) => film.evaluations));
    this.director = new Director(length, films.flatMap(storyOf));
    this.show(1);
  }

  /** Play again and again. */
  play() {
    this.pause();
    if (CALM.matches) return this.show(1);
    this.#began = performance.now();
    this.#tick(this.#began);
  }

  pause() {
    cancelFrame(this.#onFrame);
  }

  /**
   * Show one moment.
   * @param {number} part of the evaluations, 0 to 1
   */
  show(part) {
    this.#show(part * this.director.length, false);
  }

  /** @param {string} theme */
  setTheme(theme) {
    for (const view of this.views) view.setTheme(theme);
  }

  dispose() {
    this.pause();
    for (const view of this.views) view.dispose();
    this.element.remove();
  }

  /** @param {number} now */
  #tick(now) {
    const passed = Math.max(0, now - this.#began) / 1000;
    if (passed * 1000 > this.seconds * 1000 + REST_MILLISECONDS) this.#began = now;
    this.#show(this.director.evaluationsAt((passed / this.seconds) * SECONDS), passed < this.seconds);
    askStep(this.#onFrame);
  }

  /**
   * @param {number} evaluations
   * @param {boolean} playing
   */
  #show(evaluations, playing) {
    const half = Math.max(0, ...this.views.map((view) => view.halfAt(evaluations)));
    for (const view of this.views) view.show(evaluations, { playing, half });
  }
}
