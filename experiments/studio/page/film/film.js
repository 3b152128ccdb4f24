/**
 * A run as the page knows it: its points in the order of logical time, its leases, what came of them, what is worth
 * saying. It grows as messages come.
 */

import { readMessage } from "./message.js";
import { countBelow, countUpTo } from "../base/search.js";

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
    this.count = 0;
    for (const name of ["u", "v", "distance"]) this[name] = new Float32Array(0);
    for (const name of ["loss", "time", "spent", "cost"]) this[name] = new Float64Array(0);
    [this.lease, this.row, this.agent, this.kept] = [new Int32Array(0), new Uint32Array(0), new Uint16Array(0), new Uint8Array(0)];
    this.records = [];
    this.ofAgent = header.agents.map(() => ({ index: [], spent: [], best: [], charged: { index: [], spent: [], trails: [] } }));
    /** By lease, what its points so far have cost. */
    this.paidUp = new Float64Array(0);
    /** Charges hung on the last point, and those for which there is none. */
    [this.trailing, this.unhung] = [[], 0];
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
    this.starts = Float64Array.from(this.leases, (lease) => lease.starts);
    this.edges = Float64Array.from(this.leases.flatMap(({ starts, ends }) => [starts, ends])).sort();
    const from = this.#keptFrom(header);
    this.#forget(from);
    this.#order(from, header.chunks, arrays);
    this.#account(from);
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

  /** How many points keep their places and their costs: those before any lease that a message tells something of. */
  #keptFrom({ outcomes, chunks }) {
    const touched = [...outcomes.map(({ lease }) => lease), ...chunks.map(([lease]) => lease)];
    const first = touched.reduce((least, lease) => Math.min(least, this.leases[lease].starts), Infinity);
    return countUpTo(this.time, first);
  }

  /** Takes back what was added up from the point at `from` on. */
  #forget(from) {
    for (const { cost } of this.trailing) this.spent[this.count - 1] -= cost;
    for (let i = from; i < this.count; i++) this.paidUp[this.lease[i]] -= this.cost[i];
    this.records.length = countBelow(this.records, from);
    for (const own of this.ofAgent) {
      const last = own.index.at(-1);
      const points = countBelow(own.index, from);
      if (last < from && this.records[countUpTo(this.records, last) - 1] !== last) this.kept[last] = 0;
      own.index.length = own.spent.length = own.best.length = points;
      while (own.charged.index.length && (own.charged.index.at(-1) >= from || own.charged.trails.at(-1))) {
        for (const list of Object.values(own.charged)) list.pop();
      }
    }
    [this.trailing, this.unhung] = [[], 0];
  }

  /** Brings the points from `from` on, and new ones, into the order of logical time; ties by lease and row. */
  #order(from, chunks, arrays) {
    const old = this.count - from;
    const fresh = chunks.reduce((sum, [, n]) => sum + n, 0);
    const time = new Float64Array(old + fresh);
    const lease = new Int32Array(old + fresh);
    const row = new Uint32Array(old + fresh);
    lease.set(this.lease.subarray(from));
    row.set(this.row.subarray(from));
    row.set(arrays.row, old);
    let at = old;
    for (const [number, n] of chunks) lease.fill(number, at, (at += n));
    for (let i = 0; i < time.length; i++) time[i] = this.leases[lease[i]].starts + payment(this.leases[lease[i]], row[i]) * this.header.seconds;
    const order = Uint32Array.from(time, (_, i) => i);
    if (!isOrdered(time, lease, row)) order.sort((a, b) => time[a] - time[b] || lease[a] - lease[b] || row[a] - row[b]);
    // New arrays each time: views compare them with those before.
    const joined = (name, kept, read) => {
      const all = new this[name].constructor(from + order.length);
      all.set(kept.subarray(0, from));
      for (let i = 0; i < order.length; i++) all[from + i] = read(order[i]);
      return all;
    };
    for (const name of ["u", "v", "distance", "loss"]) {
      const kept = this[name];
      this[name] = joined(name, kept, (i) => (i < old ? kept[from + i] : (arrays[name]?.[i - old] ?? 0)));
    }
    this.time = joined("time", this.time, (i) => time[i]);
    this.lease = joined("lease", this.lease, (i) => lease[i]);
    this.row = joined("row", this.row, (i) => row[i]);
    this.agent = joined("agent", this.agent, (i) => this.leases[lease[i]].agent);
    this.count = from + order.length;
  }

  /** Adds up, from the point at `from` on, what was charged and what was best, for the team and for each agent. */
  #account(from) {
    for (const name of ["spent", "cost", "kept"]) {
      const all = new this[name].constructor(this.count);
      all.set(this[name].subarray(0, from));
      this[name] = all;
    }
    if (this.paidUp.length < this.leases.length) {
      const all = new Float64Array(this.leases.length * 2);
      all.set(this.paidUp);
      this.paidUp = all;
    }
    const extra = this.#withoutPoints(from);
    let spent = from ? this.spent[from - 1] : 0;
    let best = this.records.length ? this.loss[this.records.at(-1)] : Infinity;
    let next = 0;
    for (let i = from; i < this.count; i++) {
      while (next < extra.length && extra[next].time <= this.time[i]) {
        spent += extra[next].cost;
        this.#charge(extra[next++], i);
      }
      const lease = this.lease[i];
      const cost = Math.max(0, payment(this.leases[lease], this.row[i]) - this.paidUp[lease]);
      this.paidUp[lease] += cost;
      this.cost[i] = cost;
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
    this.trailing = this.count ? extra.slice(next) : [];
    for (const each of extra.slice(next)) {
      // What was charged after the last point: nothing is left to hang it on but that point.
      if (this.count) this.spent[this.count - 1] += each.cost;
      else this.unhung += each.cost;
      this.#charge(each, this.count - 1, true);
    }
    for (const own of this.ofAgent) if (own.index.length) this.kept[own.index.at(-1)] = 1;
  }

  /** Notes what an agent was charged beside its points, from the point at `index` on. */
  #charge({ agent, cost }, index, trails = false) {
    const { charged } = this.ofAgent[agent];
    charged.index.push(index);
    charged.spent.push((charged.spent.at(-1) ?? 0) + cost);
    charged.trails.push(trails);
  }

  /**
   * Charges that no point carries, of leases that end after the point before `from`: those that failed before their
   * first point, and rows that were left out for brevity.
   */
  #withoutPoints(from) {
    const known = from ? this.time[from - 1] : -1;
    const shown = new Map();
    for (let i = from; i < this.count; i++) shown.set(this.lease[i], Math.max(shown.get(this.lease[i]) ?? 0, this.row[i] + 1));
    const extra = [];
    for (const { lease, charged } of this.outcomes) {
      const { ends, agent } = this.leases[lease];
      if (ends <= known) continue;
      const rows = shown.get(lease);
      const cost = charged - (rows ? payment(this.leases[lease], rows - 1) : this.paidUp[lease]);
      if (cost > 0) extra.push({ time: ends, agent, cost });
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
function payment({ outcome }, row) {
  if (!outcome || !outcome.rows) return row + 1;
  const base = Math.floor(outcome.charged / outcome.rows);
  const more = outcome.charged % outcome.rows;
  return base * (row + 1) + Math.max(0, row + 1 - (outcome.rows - more));
}

function isOrdered(time, lease, row) {
  for (let i = 1; i < time.length; i++) {
    const gap = time[i] - time[i - 1] || lease[i] - lease[i - 1] || row[i] - row[i - 1];
    if (gap < 0) return false;
  }
  return true;
}
