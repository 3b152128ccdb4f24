/** The page's state in its address, after the #: what is sent to others shows the same frame. */

/** @returns {URLSearchParams} */
export function readAddress() {
  return new URLSearchParams(location.hash.slice(1));
}

/** Replaces the address without a new entry in the history; null values are left out. */
export function writeAddress(values) {
  history.replaceState(null, "", `#${hashOf(values)}`);
}

/** The whole address of such a state. */
export function linkTo(values) {
  return `${location.href.split("#")[0]}#${hashOf(values)}`;
}

function hashOf(values) {
  const known = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return new URLSearchParams(known).toString();
}
