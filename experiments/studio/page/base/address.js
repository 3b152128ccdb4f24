/** The page's state in its address, after the #: what is sent to others shows the same frame. */

/** @returns {URLSearchParams} */
export function readAddress() {
  return new URLSearchParams(location.hash.slice(1));
}

/**
 * The evaluation at which an address says that it is to be seen; null where it says none.
 * @param {URLSearchParams} address
 */
export function momentIn(address) {
  const text = address.get("at");
  return text === null || text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

/**
 * What it is to be seen as: "3d" or "contour"; null where the address says neither.
 * @param {URLSearchParams} address
 */
export function lookIn(address) {
  return ["3d", "contour"].find((look) => look === address.get("look")) ?? null;
}

/**
 * What an address says; null values are left out.
 * @typedef {Record<string, string|number|null|undefined>} State
 */

/**
 * Replaces the address without a new entry in the history.
 * @param {State} values
 */
export function writeAddress(values) {
  history.replaceState(null, "", `#${hashOf(values)}`);
}

/**
 * The whole address of such a state.
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
