/** Numbers as a reader wants them. */

/**
 * Four significant digits, "none" where there is no finite number.
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
 * A whole number with thousands apart.
 * @param {number} value
 */
export function whole(value) {
  return Math.round(value).toLocaleString("en");
}

/**
 * A share in percent.
 * @param {number} part
 */
export function percent(part) {
  return `${Math.round(100 * part)} %`;
}
