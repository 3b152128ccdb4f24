/** The visible state of a film at one moment: the agents, their regions, and the latest insights and hand-overs. */

import { regionOnPlane } from "../base/region.js";
import { countUpTo } from "../base/search.js";

const PAST_REGIONS = 10;
const FLAGS = 8;
/** Share of the budget for which a hand-over is animated; the text of a flag is shown for twice as long. */
const LINGER = 0.03;

/**
 * @typedef {import("./film.js").Film} Film
 * @typedef {import("../types.d.ts").Lease} Lease
 * @typedef {import("../types.d.ts").Overlay} Overlay
 * @typedef {{list: Lease[], starts: number[]}[]} ByAgent the leases of each agent, in order
 */

/**
 * @typedef {object} AgentNow
 * @property {Lease|null} lease the lease it works on, or else its last
 * @property {boolean} working whether that lease is out
 * @property {boolean} over whether the run has ended
 * @property {number} part the share of the lease's budget that is spent, 0..1
 * @property {number} spent evaluations charged to it so far
 * @property {number} best its best loss so far
 * @property {number} last index of its last point, or -1 for none
 */

/**
 * Group the leases by agent, in order. Call it whenever a film has grown.
 * @param {Film} film
 * @returns {ByAgent}
 */
export function leasesByAgent(film) {
  /** @type {ByAgent} */
  const mine = film.team.map(() => ({ list: [], starts: [] }));
  for (const lease of film.leases) {
    mine[lease.agent].list.push(lease);
    mine[lease.agent].starts.push(lease.starts);
  }
  return mine;
}

/**
 * @param {Film} film
 * @param {ByAgent} byAgent
 * @param {number} head
 * @returns {AgentNow[]} of every agent of the team, in order.
 */
export function agentsAt(film, byAgent, head) {
  const time = film.timeAt(head);
  const shown = Math.floor(head);
  return film.team.map((_, agent) => {
    const { list, starts } = byAgent[agent];
    const granted = countUpTo(starts, time);
    const lease = granted ? list[granted - 1] : null;
    const own = film.ofAgent[agent];
    const points = countUpTo(own.index, shown - 1);
    const spent = film.evaluationsBy(agent, shown);
    const out = lease !== null && time < lease.ends;
    const before = lease ? film.evaluationsBy(agent, countUpTo(film.time, lease.starts)) : 0;
    return {
      lease,
      working: out,
      over: time === Infinity,
      part: lease ? Math.min(1, (spent - before) / lease.budget) : 0,
      spent,
      best: points ? own.best[points - 1] : Infinity,
      last: points ? own.index[points - 1] : -1,
    };
  });
}

/**
 * Return the number of insights up to a moment.
 * @param {Film} film
 * @param {number} head
 */
export function insightsAt(film, head) {
  const time = film.timeAt(head);
  let low = 0;
  let high = film.insights.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (film.insights[middle].time <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Build the overlay that a view draws over the points; see `show` of the views.
 * @param {Film} film
 * @param {ByAgent} byAgent
 * @param {number} head
 * @param {{chosen?: number|null, start?: {u: number, v: number}|null}} given
 * @returns {Overlay}
 */
export function overlayAt(film, byAgent, head, { chosen = null, start = null } = {}) {
  const agents = agentsAt(film, byAgent, head);
  const spent = evaluationsAt(film, head);
  const said = insightsAt(film, head);
  const best = film.bestAt(head);
  return {
    regions: regions(film, agents, head),
    agents: agents.flatMap(({ last }, agent) => (last < 0 ? [] : [{ agent, ...pointAt(film, last) }])),
    arrows: arrows(film, said, spent),
    best: best < 0 ? null : pointAt(film, best),
    minimizers: film.header.minimizers,
    start,
    callouts: flagsAt(film, said),
    chosen,
    trail: film.records.slice(0, countUpTo(film.records, Math.floor(head) - 1)),
  };
}

/**
 * Return the latest flagged insights, each with the number of its flag.
 * @param {Film} film
 * @param {number} said
 */
function flagsAt(film, said) {
  return film.insights.slice(0, said).filter((insight) => insight.flag).slice(-FLAGS).map((insight) => ({ ...insight, number: insight.flag }));
}

/**
 * Return the newest flagged insight if it is recent enough to be shown as text at its place; otherwise null.
 * @param {Film} film
 * @param {number} head
 */
export function freshFlag(film, head) {
  const said = insightsAt(film, head);
  const spent = evaluationsAt(film, head);
  for (let i = said - 1; i >= 0 && i >= said - FLAGS; i--) {
    const insight = film.insights[i];
    if (!insight.flag) continue;
    return spent - film.evaluationsAtTime(insight.time) <= LINGER * 2 * film.header.budget ? insight : null;
  }
  return null;
}

/**
 * Return the evaluations spent at a fractional number of points.
 * @param {Film} film
 * @param {number} head
 */
export function evaluationsAt(film, head) {
  const whole = Math.floor(head);
  if (whole >= film.count) return film.evaluations;
  const before = whole ? film.spent[whole - 1] : 0;
  return before + (head - whole) * (film.spent[whole] - before);
}

/**
 * @param {Film} film
 * @param {number} index
 */
export function pointAt(film, index) {
  return { u: film.u[index], v: film.v[index], loss: film.loss[index], distance: film.distance[index] };
}

/**
 * @param {Film} film
 * @param {AgentNow[]} agents
 * @param {number} head
 */
function regions(film, agents, head) {
  const { plane } = film.header;
  /**
   * @param {Lease} lease
   * @param {boolean} now
   */
  const outline = (lease, now) => ({
    agent: lease.agent, radius: lease.radius, now, polygon: lease.polygon ?? regionOnPlane(plane, lease.center, lease.radius),
  });
  const time = film.timeAt(head);
  const granted = countUpTo(film.starts, time);
  const recent = film.leases.slice(Math.max(0, granted - PAST_REGIONS - agents.length), granted);
  const past = recent.filter((lease) => lease.ends <= time && lease.radius < 0.5);
  const out = agents.flatMap(({ working, lease }) => (working && lease ? [outline(lease, true)] : []));
  return [...past.slice(-PAST_REGIONS).map((lease) => outline(lease, false)), ...out].filter((r) => r.polygon.length > 2);
}

/**
 * Return the arrows of recent hand-overs, from the agent that found a point to the agent that received it.
 * @param {Film} film
 * @param {number} said
 * @param {number} spent
 */
function arrows(film, said, spent) {
  const found = [];
  for (let i = said - 1; i >= 0; i--) {
    const insight = film.insights[i];
    const since = spent - film.evaluationsAtTime(insight.time);
    if (since > LINGER * film.header.budget) break;
    const { incumbent } = film.leases[insight.lease];
    if (insight.kind !== "handed" || !incumbent) continue;
    const own = film.ofAgent[insight.agent];
    const points = countUpTo(own.index, countUpTo(film.time, insight.time) - 1);
    if (!points) continue;
    const to = pointAt(film, own.index[points - 1]);
    const part = Math.min(1, since / (LINGER * film.header.budget));
    found.push({ agent: incumbent.agent, from: insight, to, part });
  }
  return found;
}
