/** The page's state in its address, after the #, so that a link shows the same frame to others. */

/** @returns {URLSearchParams} */
export function readAddress() {
  return new URLSearchParams(location.hash.slice(1));
}

/**
 * Return the evaluation at which an address shows a run; null if it names none.
 * @param {URLSearchParams} address
 */
export function momentIn(address) {
  const text = address.get("at");
  return text === null || text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

/**
 * Return the kind of view that an address names, "3d" or "contour"; null if it names neither.
 * @param {URLSearchParams} address
 */
export function lookIn(address) {
  return ["3d", "contour"].find((look) => look === address.get("look")) ?? null;
}

/**
 * The values of an address; null values are left out.
 * @typedef {Record<string, string|number|null|undefined>} State
 */

/**
 * Replace the page's address without a new entry in the history.
 * @param {State} values
 */
export function writeAddress(values) {
  history.replaceState(null, "", `#${hashOf(values)}`);
}

/**
 * Return the full address of a state.
 * @param {State} values
 */
export function linkTo(values) {
  return `${location.href.split("#")[0]}#${hashOf(values)}`;
}

/** @param {State} values */
function hashOf(values) {
  const known = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
}
