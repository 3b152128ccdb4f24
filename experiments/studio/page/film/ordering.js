/** Sorting of a film's points by logical time. */

import { countUpTo } from "../base/search.js";
import { payment } from "./accounting.js";

/**
 * @typedef {import("./film.js").Film} Film
 * @typedef {import("../types.d.ts").Header} Header
 */

/**
 * Return how many points keep their places and costs: those before every lease that a message contains something about.
 * @param {Film} film
 * @param {Header} header
 */
export function countKeptPoints(film, { outcomes, chunks }) {
  const touched = [...outcomes.map(({ lease }) => lease), ...chunks.map(([lease]) => lease)];
  const first = touched.reduce((least, lease) => Math.min(least, film.leases[lease].starts), Infinity);
  return countUpTo(film.time, first);
}

/**
 * Sort the points from `from` on, together with new ones, by logical time; ties are broken by lease and row.
 * @param {Film} film
 * @param {number} from
 * @param {[number, number][]} chunks lease and number of new rows
 * @param {Record<string, ArrayLike<number>>} arrays the new rows
 */
export function orderPoints(film, from, chunks, arrays) {
  const old = film.count - from;
  const fresh = chunks.reduce((sum, [, n]) => sum + n, 0);
  const time = new Float64Array(old + fresh);
  const lease = new Int32Array(old + fresh);
  const row = new Uint32Array(old + fresh);
  lease.set(film.lease.subarray(from));
  row.set(film.row.subarray(from));
  row.set(arrays.row, old);
  let at = old;
  for (const [number, n] of chunks) lease.fill(number, at, (at += n));
  for (let i = 0; i < time.length; i++) {
    const granted = film.leases[lease[i]];
    time[i] = granted.starts + (payment(granted, row[i]) * film.header.seconds) / (granted.lanes ?? 1);
  }
  const order = Uint32Array.from(time, (_, i) => i);
  if (!isOrdered(time, lease, row)) order.sort((a, b) => time[a] - time[b] || lease[a] - lease[b] || row[a] - row[b]);
  /**
   * @param {ArrayLike<number>} kept
   * @param {ArrayLike<number>} [more]
   * @returns {(index: number) => number}
   */
  const readerOf = (kept, more) => (i) => (i < old ? kept[from + i] : (more?.[i - old] ?? 0));
  film.u = reorderColumn(film.u, from, order, readerOf(film.u, arrays.u));
  film.v = reorderColumn(film.v, from, order, readerOf(film.v, arrays.v));
  film.distance = reorderColumn(film.distance, from, order, readerOf(film.distance, arrays.distance));
  film.settings = film.settings.map((column, k) => {
    const more = arrays.settings;
    return reorderColumn(column, from, order, (i) => (i < old ? column[from + i] : more[k * fresh + i - old]));
  });
  film.loss = reorderColumn(film.loss, from, order, readerOf(film.loss, arrays.loss));
  film.time = reorderColumn(film.time, from, order, (i) => time[i]);
  film.lease = reorderColumn(film.lease, from, order, (i) => lease[i]);
  film.row = reorderColumn(film.row, from, order, (i) => row[i]);
  film.reach = reorderColumn(film.reach, from, order, (i) => film.leases[lease[i]].radius);
  film.agent = reorderColumn(film.agent, from, order, (i) => film.leases[lease[i]].agent);
  film.count = from + order.length;
}

/**
 * Return the first `from` entries of a column, followed by others in a new order. The result is always a new array,
 * because views compare it with the one before.
 * @template {Float32Array|Float64Array|Int32Array|Uint32Array|Uint16Array} A
 * @param {A} kept
 * @param {number} from how many entries stay
 * @param {Uint32Array} order
 * @param {(index: number) => number} read
 * @returns {A}
 */
function reorderColumn(kept, from, order, read) {
  const Kind = /** @type {new (length: number) => A} */ (kept.constructor);
  const all = new Kind(from + order.length);
  all.set(kept.subarray(0, from));
  for (let i = 0; i < order.length; i++) all[from + i] = read(order[i]);
  return all;
}

/**
 * @param {Float64Array} time
 * @param {Int32Array} lease
 * @param {Uint32Array} row
 */
function isOrdered(time, lease, row) {
  for (let i = 1; i < time.length; i++) {
    const gap = time[i] - time[i - 1] || lease[i] - lease[i - 1] || row[i] - row[i - 1];
    if (gap < 0) return false;
  }
  return true;
}
