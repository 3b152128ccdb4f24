/** Conversion of losses to heights: fine near the lowest loss, where searches differ, and coarse far above it. */
import { simplest } from "./numbers.js";

const TICKS = 5;

/**
 * Return a symmetric-logarithmic scale of losses: height 0 at the lowest loss, 1 at the highest finite one.
 *
 * It is approximately linear up to the 25th percentile of the losses, and logarithmic above.
 * @param {ArrayLike<number>} losses the losses that will be drawn; those that are not finite are left out
 * @param {number|null} minimum the known minimum of the landscape, or null
 * @returns {{height: (loss: number) => number, loss: (height: number) => number,
 *   ticks: {loss: number, height: number}[]}} `height` is clamped to 0..1, and is 1 for a loss that is not finite
 */
export function lossScale(losses, minimum) {
  const finite = Float64Array.from(losses).filter(Number.isFinite).sort();
  const known = minimum !== null && Number.isFinite(minimum) ? [minimum] : [];
  const low = finite.length ? Math.min(finite[0], ...known) : (known[0] ?? 0);
  const high = finite.length ? finite[finite.length - 1] : low;
  const span = high - low;
  const width = Math.max(quarter(finite) - low || span, span * 1e-12, Number.MIN_VALUE);
  const top = Math.asinh(span / width);
  const constant = !(span > 0) || !Number.isFinite(span);
  /** @param {number} loss */
  const height = (loss) => {
    if (!Number.isFinite(loss)) return 1;
    if (constant) return 0;
    return Math.min(Math.max(Math.asinh((loss - low) / width) / top, 0), 1);
  };
  /** @param {number} h */
  const loss = (h) => (constant ? low : low + width * Math.sinh(Math.min(Math.max(h, 0), 1) * top));
  return { height, loss, ticks: constant ? [{ loss: low, height: 0 }] : ticksOf(height, loss) };
}

/** @param {Float64Array} sorted */
function quarter(sorted) {
  if (!sorted.length) return 0;
  const at = (sorted.length - 1) / 4;
  const before = Math.floor(at);
  const after = Math.min(before + 1, sorted.length - 1);
  return sorted[before] + (sorted[after] - sorted[before]) * (at - before);
}

/**
 * Return ticks at round losses near evenly spaced heights.
 * @param {(loss: number) => number} height
 * @param {(height: number) => number} loss
 */
function ticksOf(height, loss) {
  /** @type {{loss: number, height: number}[]} */
  const ticks = [];
  for (let k = 0; k <= TICKS; k++) {
    const aim = k / TICKS;
    const value = simplest(loss(aim - 0.32 / TICKS), loss(aim + 0.32 / TICKS));
    if (!ticks.some((tick) => tick.loss === value)) ticks.push({ loss: value, height: height(value) });
  }
  return ticks;
}
