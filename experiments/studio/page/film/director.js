/** The pace of a replay: any run takes the same time, slowly at the moments that matter and quickly between them. */

/** Duration of a whole run at speed 1. */
export const SECONDS = 12;
/** The share of the time that is spent at the moments that matter, and the most at one of them, in seconds. */
const SLOW_SHARE = 0.62;
const LONGEST = 1.9;
/** The share of a run for which a moment is shown slowly, and that of its beginning. */
const WINDOW = 0.014;
const BEGINNING = 0.04;
const BINS = 800;

/** The relation of seconds of playing and evaluations: a broken line. */
export class Director {
  /**
   * @param {number} length of the run, in evaluations
   * @param {{at: number, weight: number}[]} moments
   */
  constructor(length, moments) {
    this.length = length;
    const shares = sharesOf(length, moments);
    /** Seconds at the edges of evenly wide bins of evaluations. */
    this.seconds = new Float64Array(BINS + 1);
    for (let bin = 0; bin < BINS; bin++) this.seconds[bin + 1] = this.seconds[bin] + SECONDS * shares[bin];
  }

  /**
   * Return the seconds of playing after which a number of evaluations is shown.
   * @param {number} at
   */
  secondsAt(at) {
    const place = Math.min(Math.max(at / (this.length || 1), 0), 1) * BINS;
    const bin = Math.min(Math.floor(place), BINS - 1);
    return this.seconds[bin] + (place - bin) * (this.seconds[bin + 1] - this.seconds[bin]);
  }

  /**
   * Return the evaluations shown after some seconds of playing.
   * @param {number} seconds
   */
  evaluationsAt(seconds) {
    if (seconds >= this.seconds[BINS]) return this.length;
    let [low, high] = [0, BINS];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.seconds[middle] <= seconds) low = middle;
      else high = middle;
    }
    const part = (seconds - this.seconds[low]) / (this.seconds[low + 1] - this.seconds[low]);
    return ((low + Math.min(Math.max(part, 0), 1)) / BINS) * this.length;
  }
}

/**
 * Return the share of the time of each bin; together they are 1.
 * @param {number} length
 * @param {{at: number, weight: number}[]} moments
 */
function sharesOf(length, moments) {
  const told = moments.filter(({ weight }) => weight >= 0.3);
  const sum = told.reduce((total, { weight }) => total + weight, 0);
  const shares = new Float64Array(BINS);
  let slow = 0;
  for (const { at, weight } of told) {
    const share = Math.min((SLOW_SHARE * weight) / sum, LONGEST / SECONDS);
    const width = Math.max(1, Math.round((at ? WINDOW : BEGINNING) * BINS));
    const first = Math.min(Math.floor((at / (length || 1)) * BINS), BINS - width);
    for (let bin = first; bin < first + width; bin++) shares[bin] += share / width;
    slow += share;
  }
  return shares.map((share) => share + (1 - slow) / BINS);
}
