/** What counts as progress of a search. */

import { countUpTo } from "../base/search.js";
import { brief } from "../base/wording.js";

/** @typedef {import("./film.js").Film} Film */

/** A loss this close to the known minimum, relative to its size or to 1, counts as found, as in the server's insights. */
const NEAR = 1e-6;

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
 * Return the index of the record since which the best loss, as it is shown, has stayed the same up to a moment; -1 if
 * there is none. What is said of a standstill is so measured by what can be read.
 * @param {Film} film
 * @param {number} head
 */
export function lastFall(film, head) {
  let k = countUpTo(film.records, Math.floor(head) - 1) - 1;
  if (k < 0) return -1;
  const shown = brief(film.loss[film.records[k]]);
  while (k > 0 && brief(film.loss[film.records[k - 1]]) === shown) k--;
  return film.records[k];
}

/**
 * Return the evaluations after which an agent first had a loss that counts as the minimum; infinity if it never had.
 * @param {Film} film
 * @param {number} agent
 */
export function evaluationsToFind(film, agent) {
  const { index, best } = film.ofAgent[agent];
  const k = best.findIndex((loss) => isFound(film, loss));
  return k < 0 ? Infinity : film.spent[index[k]];
}

/**
 * @param {Film} film
 * @param {number} loss
 */
export function isFound(film, loss) {
  const { minimum } = film.header;
  return minimum !== null && loss - minimum <= NEAR * Math.max(1, Math.abs(minimum));
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
