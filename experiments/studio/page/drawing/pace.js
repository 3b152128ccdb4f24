/** Adaptation of the number of points that are drawn while something moves to the delay of frames. */

const SLOW = 31; // ms: under about 32 frames a second
const QUICK = 24;
const COARSEST = 0.5; // the least share of the pixels of a side
const LEAST = 3000; // points; drawing fewer gains nothing
const PATIENCE = 4000; // ms until a number of points that was too large is tried again

/** The pace of drawing: it adapts `budget`, the number of points to draw while moving. Times are in milliseconds. */
export class Pace {
  constructor(budget = 12000) {
    this.budget = budget;
    /** @type {number[]} */
    this.delays = [];
    this.ceiling = Infinity;
    this.raised = 0;
    this.scale = 1; // of the pixels that are drawn: fewer where frames are late
    this.raisedScale = 0;
  }

  /**
   * Record that a frame was drawn at `now`, `delay` after its request, with `drawn` of `total` points.
   * @param {number} now
   * @param {number} delay
   * @param {number} drawn
   * @param {number} total
   */
  frame(now, delay, drawn, total) {
    this.delays.push(delay);
    if (this.delays.length < 6) return;
    const middle = this.delays.sort((a, b) => a - b)[3];
    this.delays = [];
    if (middle > SLOW) {
      this.scale = Math.max(COARSEST, this.scale * (middle > 2 * SLOW ? 0.6 : 0.8));
      this.raisedScale = now + 3 * PATIENCE;
      if (drawn <= LEAST) return;
      this.ceiling = drawn;
      this.raised = now + PATIENCE;
      this.budget = Math.max(LEAST, Math.min(drawn, this.budget) * (middle > 2 * SLOW ? 0.4 : 0.7));
    } else if (middle < QUICK) {
      if (drawn >= total) {
        if (now > this.raisedScale) this.scale = Math.min(1, this.scale * 1.25);
        return;
      }
      if (now > this.raised) this.ceiling = Infinity;
      this.budget = Math.min(this.budget * 1.5, 0.9 * this.ceiling);
    }
  }
}
