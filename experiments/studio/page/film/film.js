/**
 * A run as the page knows it: its points in the order of logical time, its leases, their outcomes, and insights. It
 * grows as messages arrive.
 */

import { account, forget } from "./accounting.js";
import { readMessage } from "./message.js";
import { countKeptPoints, orderPoints } from "./ordering.js";
import { countBelow, countUpTo } from "../base/search.js";

/**
 * @typedef {import("../types.d.ts").Header} Header
 * @typedef {import("../types.d.ts").Lease} Lease
 * @typedef {import("../types.d.ts").Outcome} Outcome
 * @typedef {import("../types.d.ts").Insight} Insight
 * @typedef {import("../types.d.ts").Account} Account
 * @typedef {Record<string, ArrayLike<number>>} Arrays the arrays of a message, by name
 * @typedef {{time: number, agent: number, cost: number}} Charge evaluations that belong to no point
 */

/** Kinds of insights that get a numbered flag at their place. */
const FLAGGED = new Set(["stuck", "oscillates", "stagnates", "found", "failed"]);

export class Film {
  /** @param {ArrayBuffer} buffer the first message of a run */
  constructor(buffer) {
    const { header, arrays } = readMessage(buffer);
    this.header = header;
    /** @type {Lease[]} */
    this.leases = [];
    /** @type {Outcome[]} */
    this.outcomes = [];
    /** @type {Insight[]} */
    this.insights = [];
    this.count = 0;
    this.u = new Float32Array(0);
    this.v = new Float32Array(0);
    this.distance = new Float32Array(0);
    /** The numbers of the points on each axis, if the parameters have names. */
    this.settings = (header.axes ?? []).map(() => new Float32Array(0));
    this.loss = new Float64Array(0);
    this.time = new Float64Array(0);
    this.spent = new Float64Array(0);
    this.cost = new Float64Array(0);
    this.lease = new Int32Array(0);
    this.row = new Uint32Array(0);
    this.agent = new Uint16Array(0);
    /** The radius of the region that each point was searched in. */
    this.reach = new Float32Array(0);
    this.kept = new Uint8Array(0);
    /** The times at which leases were granted, in their order; and the sorted times of all grants and ends. */
    this.starts = new Float64Array(0);
    this.edges = new Float64Array(0);
    this.failed = failuresOf([], []);
    /** @type {number[]} */
    this.records = [];
    /** @type {Account[]} */
    this.ofAgent = header.agents.map(() => ({ index: [], spent: [], best: [], charged: { index: [], spent: [], trails: [] } }));
    /** The cost of the points of each lease so far. */
    this.paidUp = new Float64Array(0);
    /**
     * Charges that were added to the last point.
     * @type {Charge[]}
     */
    this.trailing = [];
    /** Evaluations that were charged while there was no point. */
    this.unhung = 0;
    /** The latest logical end of the collected leases. */
    this.now = 0;
    const grid = header.arrays.find((a) => a.name === "surface");
    this.surface = grid
      ? { size: grid.shape[0], extent: header.plane.extent, losses: arrays.surface }
      : null;
    this.#take(header, arrays);
    /** The number of points in the first message, for which the plane and the surface were computed. */
    this.firstCount = this.count;
  }

  /**
   * Add a later message of the same run. Return whether it contained anything new.
   * @param {ArrayBuffer} buffer
   */
  append(buffer) {
    const { header, arrays } = readMessage(buffer);
    const { state, stopped, error, budget, next } = header;
    Object.assign(this.header, { state, stopped, error, budget, next });
    if (!header.leases.length && !header.outcomes.length && !header.chunks.length) return false;
    this.#take(header, arrays);
    return true;
  }

  get team() {
    return this.header.agents;
  }

  get done() {
    return this.header.state !== "running" && this.header.state !== "waiting";
  }

  /** Evaluations spent by the whole team. */
  get evaluations() {
    return this.count ? this.spent[this.count - 1] : this.unhung;
  }

  /**
   * Return the number of points after a number of evaluations; its fraction is the progress towards the next point.
   * @param {number} evaluations
   */
  headAt(evaluations) {
    if (evaluations >= this.evaluations || !this.count) return this.count;
    const whole = countUpTo(this.spent, evaluations);
    const before = whole ? this.spent[whole - 1] : 0;
    return whole + (evaluations - before) / (this.spent[whole] - before || 1);
  }

  /**
   * Return the logical time up to which leases have begun and ended when `head` points are shown: the latest grant or
   * end before the next point. So a decision is shown at the evaluation that it is listed under, even if its lease was
   * cut short. When all points of an ended run are shown, the time is infinite.
   * @param {number} head
   */
  timeAt(head) {
    const whole = Math.floor(head);
    if (whole >= this.count) return this.done ? Infinity : this.now;
    const due = countBelow(this.edges, this.time[whole]);
    return due ? this.edges[due - 1] : 0;
  }

  /**
   * Return the evaluations that an agent was charged when the first `shown` points are shown.
   * @param {number} agent
   * @param {number} shown
   */
  evaluationsBy(agent, shown) {
    const own = this.ofAgent[agent];
    const points = countUpTo(own.index, shown - 1);
    const charges = countUpTo(own.charged.index, shown - 1);
    return (points ? own.spent[points - 1] : 0) + (charges ? own.charged.spent[charges - 1] : 0);
  }

  /**
   * Return the evaluations that the team has spent at a logical time.
   * @param {number} time
   */
  evaluationsAtTime(time) {
    const count = countUpTo(this.time, time);
    return count ? this.spent[count - 1] : 0;
  }

  /**
   * Return the number of failed evaluations at a logical time, in the leases that had been collected.
   * @param {number} time
   */
  failuresAt(time) {
    const count = countUpTo(this.failed.times, time);
    return count ? this.failed.sums[count - 1] : 0;
  }

  /**
   * Return the index of the best of the first `head` points, or -1 if there is none.
   * @param {number} head
   */
  bestAt(head) {
    const records = countUpTo(this.records, Math.floor(head) - 1);
    return records ? this.records[records - 1] : -1;
  }

  /**
   * @param {Header} header
   * @param {Arrays} arrays
   */
  #take(header, arrays) {
    for (const lease of header.leases) this.leases.push({ ...lease, outcome: null });
    for (const outcome of header.outcomes) {
      this.outcomes.push(outcome);
      this.leases[outcome.lease].outcome = outcome;
      this.now = Math.max(this.now, this.leases[outcome.lease].ends);
    }
    this.starts = Float64Array.from(this.leases, (lease) => lease.starts);
    this.edges = Float64Array.from(this.leases.flatMap(({ starts, ends }) => [starts, ends])).sort();
    const from = countKeptPoints(this, header);
    forget(this, from);
    orderPoints(this, from, header.chunks, arrays);
    account(this, from);
    this.failed = failuresOf(this.outcomes, this.leases);
    // The times of insights can be set once the points are in order.
    for (const insight of header.insights) {
      const lease = this.leases[insight.lease];
      this.insights.push({ ...insight, time: insight.kind === "handed" || insight.kind === "restart" ? lease.starts : lease.ends });
    }
    this.insights.sort((a, b) => a.time - b.time);
    let flag = 0;
    for (const insight of this.insights) insight.flag = insight.u !== null && FLAGGED.has(insight.kind) ? ++flag : 0;
  }
}

/**
 * Return the times at which evaluations failed, and the cumulative numbers of failures.
 * @param {Outcome[]} outcomes
 * @param {Lease[]} leases
 */
function failuresOf(outcomes, leases) {
  const known = outcomes.filter(({ failures }) => failures).map(({ lease, failures }) => ({ time: leases[lease].ends, failures }));
  known.sort((a, b) => a.time - b.time);
  let sum = 0;
  return { times: known.map(({ time }) => time), sums: known.map(({ failures }) => (sum += failures)) };
}
