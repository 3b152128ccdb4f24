/** What counts as progress of a search. */

import { countUpTo } from "../base/search.js";

/** @typedef {import("./film.js").Film} Film */

/**
 * Return how far a loss is above the least known: above the minimum, or else above the best loss of the film.
 * @param {Film} film
 * @param {number} loss
 */
export function gapOf(film, loss) {
  const first = film.loss[film.records[0]];
  const last = film.loss[film.records[film.records.length - 1]];
  const { minimum } = film.header;
  const least = minimum ?? last - 0.02 * (first - last);
  // Steps far below what can be seen in the picture are no events.
  return Math.max(loss - least, 1e-4 * (first - least), Number.MIN_VALUE);
}

/**
 * Return the index of the record after which the best loss has not become clearly better, up to a moment.
 * @param {Film} film
 * @param {number} head
 */
export function lastProgress(film, head) {
  const known = countUpTo(film.records, Math.floor(head) - 1);
  let since = known ? film.records[0] : -1;
  for (let k = 1; k < known; k++) if (isProgress(film, since, film.records[k])) since = film.records[k];
  return since;
}

/**
 * Return whether a record is clearly better than an earlier one: by a twentieth of what was missing.
 * @param {Film} film
 * @param {number} before
 * @param {number} index
 */
export function isProgress(film, before, index) {
  return before < 0 || gapOf(film, film.loss[index]) < 0.95 * gapOf(film, film.loss[before]);
}
