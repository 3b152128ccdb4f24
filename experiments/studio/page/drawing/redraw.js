/** Scheduling of a view's drawing: at most once per frame, quickly while something moves, and in full afterwards. */
import { askDrawing, askStep, cancelFrame, isUnhurried } from "../base/frames.js";
import { Pace } from "./pace.js";

const STILL = 250; // ms

/** A scheduler that calls `draw(full)` -> {drawn, total}; `full` is true after a quarter of a second without changes,
 * unless it is told that it moves. */
export class Redraw {
  /** @param {(full: boolean) => {drawn: number, total: number}} draw */
  constructor(draw) {
    this.disposed = false;
    this.draw = draw;
    this.pace = new Pace();
    /** Whether the next change comes soon: then nothing is drawn in full, even if frames are late. */
    this.moving = false;
    this.drawnAt = 0;
    this.work = { drawn: 0, total: 0 };
    /** @type {ReturnType<typeof setTimeout>|0} */
    this.timer = 0;
    this.onFrame = (/** @type {number} */ now) => this.#drawFrame(now);
    this.onNext = (/** @type {number} */ now) => this.#learn(now);
  }

  /** Request a drawing, because something has changed. */
  ask() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.disposed) askDrawing(this.onFrame);
  }

  dispose() {
    this.disposed = true;
    cancelFrame(this.onFrame);
    cancelFrame(this.onNext);
    clearTimeout(this.timer);
  }

  /** @param {number} now */
  #drawFrame(now) {
    this.drawnAt = now;
    // On a clock that waits, no time passes until a still picture is drawn in full.
    const full = isUnhurried() && !this.moving;
    this.work = this.draw(full);
    // What a drawing costs is seen in when the next frame begins: most of it is done elsewhere after the drawing has returned.
    askStep(this.onNext);
    if (!this.moving && !full) this.timer = setTimeout(() => this.draw(true), STILL);
  }

  /** @param {number} now */
  #learn(now) {
    if (isUnhurried()) Object.assign(this.pace, { scale: 1, budget: Infinity });
    else this.pace.frame(now, now - this.drawnAt, this.work.drawn, this.work.total);
  }
}

/** Return whether the user prefers reduced motion; then points do not fall. */
export function prefersReducedMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Return how many of the newest points are falling, for `count` points in total.
 * @param {number} count
 */
export function countNewest(count) {
  return prefersReducedMotion() ? 0 : Math.max(1, Math.min(14, count / 40));
}
