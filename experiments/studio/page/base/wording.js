/** Formatting of numbers for the page's texts. */

const WHOLE = new Intl.NumberFormat("en");

/**
 * Format a number with four significant digits, or return "none" if it is not finite.
 * @param {number|null|undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "none";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

/**
 * Format a loss with three significant digits, as it is shown above a scene and in captions.
 * @param {number} loss
 */
export function brief(loss) {
  return number(Number(loss.toPrecision(3)));
}

/**
 * Format a whole number with thousands separators.
 * @param {number} value
 */
export function whole(value) {
  return WHOLE.format(Math.round(value));
}

/**
 * Format a share as a percentage.
 * @param {number} part
 */
export function percent(part) {
  return `${Math.round(100 * part)} %`;
}
