/** Adaptation of what is drawn while something moves to the time between frames: fewer pixels and points if they are late. */

/** Frames are late if more than this passes between them, and early if less, in ms. */
const EVERYWHERE = { late: 31, early: 24 };
/** Where a processor draws, the time between frames follows from what is drawn, and not from the screen. */
const ON_PROCESSOR = { late: 23, early: 18.5 };
const COARSEST = 0.5; // the least share of the pixels of a side
const LEAST = 3000; // points; drawing fewer gains nothing
const PATIENCE = 4000; // ms until a number of points that was too large is tried again
const FRAMES = 6; // after so many, what is drawn is adapted
const VERY_LATE = 2;

/** The pace of drawing: it adapts `budget`, the number of points to draw while moving. Times are in milliseconds. */
export class Pace {
  constructor(budget = 12000) {
    this.budget = budget;
    this.limits = EVERYWHERE;
    /** @type {number[]} */
    this.delays = [];
    this.ceiling = Infinity;
    this.raised = 0;
    this.scale = 1; // of the pixels that are drawn: fewer where frames are late
    this.raisedScale = 0;
  }

  /** Adapt to a processor that draws: begin with fewer pixels, and have more if there is time. */
  slowDown() {
    this.limits = ON_PROCESSOR;
    this.scale = 0.7;
  }

  /**
   * Record that a frame with `drawn` of `total` points was drawn, and that the next frame began at `now`, `delay` later.
   * @param {number} now
   * @param {number} delay
   * @param {number} drawn
   * @param {number} total
   */
  frame(now, delay, drawn, total) {
    this.delays.push(delay);
    if (this.delays.length < FRAMES) return;
    const middle = this.delays.sort((a, b) => a - b)[FRAMES / 2];
    this.delays = [];
    if (middle > this.limits.late) this.#lower(now, middle > VERY_LATE * this.limits.late, drawn);
    else if (middle < this.limits.early) this.#raise(now, drawn, total);
  }

  /**
   * @param {number} now
   * @param {boolean} much
   * @param {number} drawn
   */
  #lower(now, much, drawn) {
    this.scale = Math.max(COARSEST, this.scale * (much ? 0.6 : 0.8));
    this.raisedScale = now + 3 * PATIENCE;
    if (drawn <= LEAST) return;
    this.ceiling = drawn;
    this.raised = now + PATIENCE;
    this.budget = Math.max(LEAST, Math.min(drawn, this.budget) * (much ? 0.4 : 0.7));
  }

  /**
   * @param {number} now
   * @param {number} drawn
   * @param {number} total
   */
  #raise(now, drawn, total) {
    // Pixels are seen more than points that lie among others.
    if (this.scale < 1 && now > this.raisedScale) {
      this.scale = Math.min(1, this.scale * 1.15);
      this.raisedScale = now + PATIENCE / 4;
    } else if (drawn < total) {
      if (now > this.raised) this.ceiling = Infinity;
      this.budget = Math.min(this.budget * 1.5, 0.9 * this.ceiling);
    }
  }
}
