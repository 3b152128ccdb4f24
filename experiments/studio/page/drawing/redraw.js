/** When a view draws: once a frame at most, quickly while something moves, and in full when all is still. */
import { Pace } from "./pace.js";

const STILL = 250; // ms

/** Calls `draw(full)` -> {drawn, total}; `full` is true once nothing has changed for a quarter of a second. */
export class Redraw {
  /** @param {(full: boolean) => {drawn: number, total: number}} draw */
  constructor(draw) {
    this.disposed = false;
    this.draw = draw;
    this.pace = new Pace();
    this.frame = 0;
    /** @type {ReturnType<typeof setTimeout>|0} */
    this.timer = 0;
  }

  /** Something has changed. */
  ask() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.frame || this.disposed) return;
    const asked = performance.now();
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { drawn, total } = this.draw(false);
      const now = performance.now();
      this.pace.frame(now, now - asked, drawn, total);
      this.timer = setTimeout(() => this.draw(true), STILL);
    });
  }

  dispose() {
    this.disposed = true;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }
}

/** Whether the reader asked for less motion: then nothing falls. */
export function prefersReducedMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * How many of the points before `head` are new enough to be falling, of `count` in all.
 * @param {number} count
 */
export function countNewest(count) {
  return prefersReducedMotion() ? 0 : Math.max(1, Math.min(40, count / 12));
}
