/**
 * A run as the page knows it: its points in the order of logical time, its leases, what came of them, what is worth
 * saying. It grows as messages come.
 */

import { readMessage } from "./message.js";
import { countBelow, countUpTo } from "./search.js";

/** Kinds of insights that are flagged where they happened, by numbers. */
const FLAGGED = new Set(["stuck", "oscillates", "stagnates", "found", "failed"]);

export class Film {
  /** @param {ArrayBuffer} buffer the first message of a run */
  constructor(buffer) {
    const { header, arrays } = readMessage(buffer);
    this.header = header;
    this.leases = [];
    this.outcomes = [];
    this.insights = [];
    this.parts = [];
    /** When a lease was last granted or collected. */
    this.now = 0;
    this.surface = arrays.surface
      ? { size: header.arrays.find((a) => a.name === "surface").shape[0], extent: header.plane.extent, losses: arrays.surface }
      : null;
    this.#take(header, arrays);
    /** How many points there were at first, when plane and surface were made. */
    this.firstCount = this.count;
  }

  /** Adds a later message of the same run. Returns whether anything was new. */
  append(buffer) {
    const { header, arrays } = readMessage(buffer);
    for (const key of ["state", "stopped", "error", "budget", "next"]) this.header[key] = header[key];
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

  /** How many points have come when so many evaluations are spent; a fraction leads on to the next. */
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
   */
  timeAt(head) {
    const whole = Math.floor(head);
    if (whole >= this.count) return this.done ? Infinity : this.now;
    const due = countBelow(this.edges, this.time[whole]);
    return due ? this.edges[due - 1] : 0;
  }

  /** Evaluations that an agent was charged when so many points have come. */
  spentBy(agent, shown) {
    const own = this.ofAgent[agent];
    const points = countUpTo(own.index, shown - 1);
    const charges = countUpTo(own.charged.index, shown - 1);
    return (points ? own.spent[points - 1] : 0) + (charges ? own.charged.spent[charges - 1] : 0);
  }

  /** Evaluations spent by the team at a logical time. */
  spentAtTime(time) {
    const count = countUpTo(this.time, time);
    return count ? this.spent[count - 1] : 0;
  }

  /** How many evaluations had failed at a logical time, in the leases that had come back. */
  failuresAt(time) {
    const count = countUpTo(this.failed.times, time);
    return count ? this.failed.sums[count - 1] : 0;
  }

  /** The best point among the first so many: its index, or -1. */
  bestAt(head) {
    const records = countUpTo(this.records, Math.floor(head) - 1);
    return records ? this.records[records - 1] : -1;
  }

  #take(header, arrays) {
    for (const lease of header.leases) this.leases.push({ ...lease, outcome: null });
    for (const outcome of header.outcomes) {
      this.outcomes.push(outcome);
      this.leases[outcome.lease].outcome = outcome;
      this.now = Math.max(this.now, this.leases[outcome.lease].ends);
    }
    let at = 0;
    for (const [lease, n] of header.chunks) {
      const piece = (name) => arrays[name]?.subarray(at, at + n);
      this.parts.push({ lease, n, u: piece("u"), v: piece("v"), distance: piece("distance"), loss: piece("loss"), row: piece("row") });
      at += n;
    }
    this.starts = Float64Array.from(this.leases, (lease) => lease.starts);
    this.edges = Float64Array.from(this.leases.flatMap(({ starts, ends }) => [starts, ends])).sort();
    this.#order();
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

  /** Brings all points into the order of logical time; ties by lease and row. */
  #order() {
    const total = this.parts.reduce((sum, part) => sum + part.n, 0);
    const time = new Float64Array(total);
    const lease = new Int32Array(total);
    const row = new Uint32Array(total);
    const source = new Int32Array(total);
    const place = new Int32Array(total);
    let at = 0;
    this.parts.forEach((part, number) => {
      const { starts } = this.leases[part.lease];
      const paid = payment(this.leases[part.lease]);
      for (let i = 0; i < part.n; i++, at++) {
        time[at] = starts + paid(part.row[i]) * this.header.seconds;
        lease[at] = part.lease;
        row[at] = part.row[i];
        source[at] = number;
        place[at] = i;
      }
    });
    const order = Uint32Array.from({ length: total }, (_, i) => i);
    if (!isOrdered(time, lease, row)) order.sort((a, b) => time[a] - time[b] || lease[a] - lease[b] || row[a] - row[b]);
    this.count = total;
    for (const [name, Kind] of [["u", Float32Array], ["v", Float32Array], ["distance", Float32Array], ["loss", Float64Array]]) {
      this[name] = new Kind(total);
      for (let i = 0; i < total; i++) this[name][i] = this.parts[source[order[i]]][name]?.[place[order[i]]] ?? 0;
    }
    this.time = Float64Array.from(order, (i) => time[i]);
    this.lease = Int32Array.from(order, (i) => lease[i]);
    this.row = Uint32Array.from(order, (i) => row[i]);
    this.agent = Uint16Array.from(order, (i) => this.leases[lease[i]].agent);
    this.#account();
  }

  /** Adds up what was charged and what was best, for the team and for each agent. */
  #account() {
    const extra = this.#withoutPoints();
    this.spent = new Float64Array(this.count);
    this.kept = new Uint8Array(this.count);
    this.ofAgent = this.team.map(() => ({ index: [], spent: [], best: [], charged: { index: [], spent: [] } }));
    /** What was charged where there is no point to hang it on. */
    this.unhung = 0;
    this.records = [];
    const paidUp = new Float64Array(this.leases.length);
    let spent = 0;
    let best = Infinity;
    let next = 0;
    for (let i = 0; i < this.count; i++) {
      while (next < extra.length && extra[next].time <= this.time[i]) {
        spent += extra[next].cost;
        this.#charge(extra[next++], i);
      }
      const lease = this.lease[i];
      const paid = payment(this.leases[lease])(this.row[i]);
      const cost = Math.max(0, paid - paidUp[lease]);
      paidUp[lease] = Math.max(paidUp[lease], paid);
      spent += cost;
      this.spent[i] = spent;
      if (this.loss[i] < best) {
        best = this.loss[i];
        this.records.push(i);
        this.kept[i] = 1;
      }
      const own = this.ofAgent[this.agent[i]];
      own.index.push(i);
      own.spent.push((own.spent.at(-1) ?? 0) + cost);
      own.best.push(Math.min(own.best.at(-1) ?? Infinity, this.loss[i]));
    }
    for (; next < extra.length; next++) {
      // What was charged after the last point: nothing is left to hang it on but that point.
      if (this.count) this.spent[this.count - 1] += extra[next].cost;
      else this.unhung += extra[next].cost;
      this.#charge(extra[next], this.count - 1);
    }
    for (const own of this.ofAgent) if (own.index.length) this.kept[own.index.at(-1)] = 1;
  }

  /** Notes what an agent was charged beside its points, from the point at `index` on. */
  #charge({ agent, cost }, index) {
    const { charged } = this.ofAgent[agent];
    charged.index.push(index);
    charged.spent.push((charged.spent.at(-1) ?? 0) + cost);
  }

  /** Charges that no point carries: leases that failed before their first, and rows that were left out for brevity. */
  #withoutPoints() {
    const shown = new Map();
    for (const part of this.parts) {
      const last = payment(this.leases[part.lease])(part.row[part.n - 1]);
      if (part.n) shown.set(part.lease, Math.max(shown.get(part.lease) ?? 0, last));
    }
    const extra = [];
    for (const { lease, charged } of this.outcomes) {
      const cost = charged - (shown.get(lease) ?? 0);
      if (cost > 0) extra.push({ time: this.leases[lease].ends, agent: this.leases[lease].agent, cost });
    }
    return extra.sort((a, b) => a.time - b.time);
  }
}

/** When evaluations failed, and how many up to then. */
function failuresOf(outcomes, leases) {
  const known = outcomes.filter(({ failures }) => failures).map(({ lease, failures }) => ({ time: leases[lease].ends, failures }));
  known.sort((a, b) => a.time - b.time);
  let sum = 0;
  return { times: known.map(({ time }) => time), sums: known.map(({ failures }) => (sum += failures)) };
}

/** What a lease has paid up to and with a row: whole evaluations that add up to what it was charged. */
function payment({ outcome }) {
  if (!outcome || !outcome.rows) return (row) => row + 1;
  const base = Math.floor(outcome.charged / outcome.rows);
  const more = outcome.charged % outcome.rows;
  return (row) => base * (row + 1) + Math.max(0, row + 1 - (outcome.rows - more));
}

function isOrdered(time, lease, row) {
  for (let i = 1; i < time.length; i++) {
    const gap = time[i] - time[i - 1] || lease[i] - lease[i - 1] || row[i] - row[i - 1];
    if (gap < 0) return false;
  }
  return true;
}
