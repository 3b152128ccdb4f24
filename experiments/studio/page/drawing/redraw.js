/** Scheduling of a view's drawing: at most once per frame, quickly while something moves, and in full afterwards. */
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
    this.frame = 0;
    /** Whether the next change comes soon: then nothing is drawn in full, even if frames are late. */
    this.moving = false;
    /** @type {ReturnType<typeof setTimeout>|0} */
    this.timer = 0;
  }

  /** Request a drawing, because something has changed. */
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
      if (!this.moving) this.timer = setTimeout(() => this.draw(true), STILL);
    });
  }

  dispose() {
    this.disposed = true;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
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
