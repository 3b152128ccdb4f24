/** Adaptation of the number of points that are drawn while something moves to the delay of frames. */

const SLOW = 31; // ms: under about 32 frames a second
const QUICK = 24;
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
    this.late = false; // whether frames stay late although few points are drawn; then fewer pixels must be drawn
    this.lateUntil = 0;
    this.slowly = 0;
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
    if (middle > SLOW && drawn <= LEAST) {
      this.slowly += 1;
      if (this.slowly >= 3) [this.late, this.lateUntil] = [true, now + 3 * PATIENCE];
    } else if (middle > SLOW) {
      this.ceiling = drawn;
      this.raised = now + PATIENCE;
      this.budget = Math.max(LEAST, Math.min(drawn, this.budget) * (middle > 2 * SLOW ? 0.4 : 0.7));
    } else if (middle < QUICK) {
      this.slowly = 0;
      if (now > this.lateUntil) this.late = false;
      if (drawn >= total) return;
      if (now > this.raised) this.ceiling = Infinity;
      this.budget = Math.min(this.budget * 1.5, 0.9 * this.ceiling);
    }
  }
}
