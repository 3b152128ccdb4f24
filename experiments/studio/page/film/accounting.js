/** The cumulative cost and the best losses of a film's points, for the team and for each agent. */

import { countBelow, countUpTo } from "../base/search.js";

/**
 * @typedef {import("./film.js").Film} Film
 * @typedef {import("./film.js").Charge} Charge
 * @typedef {"spent"|"cost"} Sums columns that hold sums
 */

/** @type {Sums[]} */
const SUMS = ["spent", "cost"];

/**
 * Return the cumulative cost of a lease up to and including a row: whole evaluations that add up to its charge.
 * @param {import("../types.d.ts").Lease} lease
 * @param {number} row
 */
export function payment({ outcome }, row) {
  if (!outcome || !outcome.rows) return row + 1;
  const base = Math.floor(outcome.charged / outcome.rows);
  const more = outcome.charged % outcome.rows;
  return base * (row + 1) + Math.max(0, row + 1 - (outcome.rows - more));
}

/**
 * Undo what `account` has added up from the point at `from` on.
 * @param {Film} film
 * @param {number} from
 */
export function forget(film, from) {
  for (const { cost } of film.trailing) film.spent[film.count - 1] -= cost;
  for (let i = from; i < film.count; i++) film.paidUp[film.lease[i]] -= film.cost[i];
  film.records.length = countBelow(film.records, from);
  for (const own of film.ofAgent) {
    const last = own.index.at(-1) ?? NaN;
    const points = countBelow(own.index, from);
    if (last < from && film.records[countUpTo(film.records, last) - 1] !== last) film.kept[last] = 0;
    own.index.length = own.spent.length = own.best.length = points;
    const { charged } = own;
    while (charged.index.length && (charged.index[charged.index.length - 1] >= from || charged.trails.at(-1))) {
      for (const list of Object.values(charged)) list.pop();
    }
  }
  [film.trailing, film.unhung] = [[], 0];
}

/**
 * Add up charges and best losses from the point at `from` on, for the team and for each agent.
 * @param {Film} film
 * @param {number} from
 */
export function account(film, from) {
  makeRoom(film, from);
  const extra = chargesWithoutPoints(film, from);
  let spent = from ? film.spent[from - 1] : 0;
  let best = film.records.length ? film.loss[film.records[film.records.length - 1]] : Infinity;
  let next = 0;
  for (let i = from; i < film.count; i++) {
    while (next < extra.length && extra[next].time <= film.time[i]) {
      spent += extra[next].cost;
      charge(film, extra[next++], i);
    }
    const lease = film.lease[i];
    const cost = Math.max(0, payment(film.leases[lease], film.row[i]) - film.paidUp[lease]);
    film.paidUp[lease] += cost;
    film.cost[i] = cost;
    spent += cost;
    film.spent[i] = spent;
    if (film.loss[i] < best) {
      best = film.loss[i];
      film.records.push(i);
      film.kept[i] = 1;
    }
    const own = film.ofAgent[film.agent[i]];
    own.index.push(i);
    own.spent.push((own.spent.at(-1) ?? 0) + cost);
    own.best.push(Math.min(own.best.at(-1) ?? Infinity, film.loss[i]));
  }
  film.trailing = film.count ? extra.slice(next) : [];
  for (const each of extra.slice(next)) {
    // Charges after the last point are added to that point, because there is no later one.
    if (film.count) film.spent[film.count - 1] += each.cost;
    else film.unhung += each.cost;
    charge(film, each, film.count - 1, true);
  }
  for (const own of film.ofAgent) if (own.index.length) film.kept[own.index[own.index.length - 1]] = 1;
}

/**
 * Resize the columns of sums to the number of points; the first `from` entries stay.
 * @param {Film} film
 * @param {number} from
 */
function makeRoom(film, from) {
  for (const name of SUMS) {
    const all = new Float64Array(film.count);
    all.set(film[name].subarray(0, from));
    film[name] = all;
  }
  const kept = new Uint8Array(film.count);
  kept.set(film.kept.subarray(0, from));
  film.kept = kept;
  if (film.paidUp.length < film.leases.length) {
    const all = new Float64Array(film.leases.length * 2);
    all.set(film.paidUp);
    film.paidUp = all;
  }
}

/**
 * Record what an agent was charged in addition to its points, from the point at `index` on.
 * @param {Film} film
 * @param {Charge} charge
 * @param {number} index
 * @param {boolean} trails whether the charge is added to the last point only because there is no later one
 */
function charge(film, { agent, cost }, index, trails = false) {
  const { charged } = film.ofAgent[agent];
  charged.index.push(index);
  charged.spent.push((charged.spent.at(-1) ?? 0) + cost);
  charged.trails.push(trails);
}

/**
 * Return the charges that belong to no point, for leases that end after the point before `from`. They come from leases
 * that failed before their first point, and from rows that were left out by thinning.
 * @param {Film} film
 * @param {number} from
 */
function chargesWithoutPoints(film, from) {
  const known = from ? film.time[from - 1] : -1;
  /** @type {Map<number, number>} */
  const shown = new Map();
  for (let i = from; i < film.count; i++) shown.set(film.lease[i], Math.max(shown.get(film.lease[i]) ?? 0, film.row[i] + 1));
  /** @type {Charge[]} */
  const extra = [];
  for (const { lease, charged } of film.outcomes) {
    const { ends, agent } = film.leases[lease];
    if (ends <= known) continue;
    const rows = shown.get(lease);
    const cost = charged - (rows ? payment(film.leases[lease], rows - 1) : film.paidUp[lease]);
    if (cost > 0) extra.push({ time: ends, agent, cost });
  }
  return extra.sort((a, b) => a.time - b.time);
}
