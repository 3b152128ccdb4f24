/**
 * A run as the page knows it: its points in the order of logical time, its leases, what came of them, what is worth
 * saying. It grows as messages come.
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
 * @typedef {Record<string, ArrayLike<number>>} Arrays what a message brings, by name
 * @typedef {{time: number, agent: number, cost: number}} Charge evaluations that no point carries
 */

/** Kinds of insights that are flagged where they happened, by numbers. */
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
    this.loss = new Float64Array(0);
    this.time = new Float64Array(0);
    this.spent = new Float64Array(0);
    this.cost = new Float64Array(0);
    this.lease = new Int32Array(0);
    this.row = new Uint32Array(0);
    this.agent = new Uint16Array(0);
    this.kept = new Uint8Array(0);
    /** When leases were granted, in their order; and when any was granted or ended, in the order of time. */
    this.starts = new Float64Array(0);
    this.edges = new Float64Array(0);
    this.failed = failuresOf([], []);
    /** @type {number[]} */
    this.records = [];
    /** @type {Account[]} */
    this.ofAgent = header.agents.map(() => ({ index: [], spent: [], best: [], charged: { index: [], spent: [], trails: [] } }));
    /** By lease, what its points so far have cost. */
    this.paidUp = new Float64Array(0);
    /**
     * Charges hung on the last point.
     * @type {Charge[]}
     */
    this.trailing = [];
    /** What was charged while there was no point to hang it on. */
    this.unhung = 0;
    /** When a lease was last granted or collected. */
    this.now = 0;
    const grid = header.arrays.find((a) => a.name === "surface");
    this.surface = grid
      ? { size: grid.shape[0], extent: header.plane.extent, losses: arrays.surface }
      : null;
    this.#take(header, arrays);
    /** How many points there were at first, when plane and surface were made. */
    this.firstCount = this.count;
  }

  /**
   * Adds a later message of the same run. Returns whether anything was new.
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
   * How many points have come when so many evaluations are spent; a fraction leads on to the next.
   * @param {number} evaluations
   */
  headAt(evaluations) {
    if (evaluations >= this.evaluations || !this.count) return this.count;
    const whole = countUpTo(this.spent, evaluations);
    const before = whole ? this.spent[whole - 1] : 0;
    return whole + (evaluations - before) / (this.spent[whole] - before || 1);
  }

  /**
   * The logical time up to which leases have begun and ended when so many points have come: all that is due before the
   * next point. So a decision is seen at the evaluation that it is listed under, be its lease cut short before its end.
   * All is over when all points have come.
   * @param {number} head
   */
  timeAt(head) {
    const whole = Math.floor(head);
    if (whole >= this.count) return this.done ? Infinity : this.now;
    const due = countBelow(this.edges, this.time[whole]);
    return due ? this.edges[due - 1] : 0;
  }

  /**
   * Evaluations that an agent was charged when so many points have come.
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
   * Evaluations spent by the team at a logical time.
   * @param {number} time
   */
  evaluationsAtTime(time) {
    const count = countUpTo(this.time, time);
    return count ? this.spent[count - 1] : 0;
  }

  /**
   * How many evaluations had failed at a logical time, in the leases that had come back.
   * @param {number} time
   */
  failuresAt(time) {
    const count = countUpTo(this.failed.times, time);
    return count ? this.failed.sums[count - 1] : 0;
  }

  /**
   * The best point among the first so many: its index, or -1.
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
    // Their moments are known once the points are in order.
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
 * When evaluations failed, and how many up to then.
 * @param {Outcome[]} outcomes
 * @param {Lease[]} leases
 */
function failuresOf(outcomes, leases) {
  const known = outcomes.filter(({ failures }) => failures).map(({ lease, failures }) => ({ time: leases[lease].ends, failures }));
  known.sort((a, b) => a.time - b.time);
  let sum = 0;
  return { times: known.map(({ time }) => time), sums: known.map(({ failures }) => (sum += failures)) };
}
