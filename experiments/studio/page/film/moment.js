/** The visible state of a film at one moment: the agents, their regions, and the latest insights and hand-overs. */

import { regionOnPlane } from "../base/region.js";
import { countUpTo } from "../base/search.js";
import { isProgress, evaluationsToFind } from "./progress.js";

/** The share of the budget for which a region tightens from the one before to its own size. */
const TIGHTENING = 0.012;
/** The most signs that stay at their places. */
const SIGNS = 4;
/** Shares of the budget: how long the light of a hand-over travels, how long its arc stays, and where a search restarted. */
const TRAVEL = 0.013;
const LINGER = 0.07;
const AFRESH = 0.1;
/** A region of this radius is the whole cube. */
const WHOLE = 0.499;
/** A hand-over over less than this share of the plane cannot be seen as an arc. */
const SHORTEST = 0.012;

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
  const newest = Math.min(Math.ceil(head), film.count) - 1;
  const mover = newest < 0 ? -1 : film.agent[newest];
  const arrow = latestHandOver(film, said, spent);
  const places = regions(film, agents, byAgent, spent, arrow?.receiver ?? -1);
  return {
    // While a hand-over is shown, nothing else is drawn that leads from one place to another.
    regions: places.map((region) => ({ ...region, marked: region.agent === (arrow?.receiver ?? mover) && region.radius < WHOLE })),
    agents: agents.flatMap((now, agent) => (now.last < 0 ? [] : [{ agent, ...pointAt(film, now.last), mood: moodOf(film, now, agent, said), moves: agent === mover && !now.over }])),
    arrows: arrow ? [arrow] : [],
    best: best < 0 ? null : pointAt(film, best),
    minimizers: film.header.minimizers,
    start,
    callouts: signsAt(film, said, spent),
    chosen,
    trail: arrow ? [] : pathOfBest(film, film.records.slice(0, countUpTo(film.records, Math.floor(head) - 1))),
  };
}

/**
 * Return those of the records that were clearly better than the one before, and the last.
 * @param {Film} film
 * @param {number[]} records
 */
function pathOfBest(film, records) {
  /** @type {number[]} */
  const path = [];
  records.forEach((index, k) => {
    if (k === records.length - 1 || isProgress(film, path.at(-1) ?? -1, index)) path.push(index);
  });
  return path;
}

/**
 * @param {Film} film
 * @param {AgentNow} now
 * @param {number} agent
 * @param {number} said
 * @returns {"searching"|"waiting"|"stuck"|"ended"}
 */
function moodOf(film, now, agent, said) {
  if (now.over) return "ended";
  const last = film.insights.slice(0, said).findLast((insight) => insight.agent === agent && insight.kind === "stuck");
  if (last && last.time >= (now.lease?.ends ?? 0)) return "stuck";
  return now.working ? "searching" : "waiting";
}

/** What is written where an agent was stuck, has found the minimum, and so on. */
const SIGN_WORDS = /** @type {Record<string, string>} */ ({
  stuck: "stuck here", oscillates: "jumps to and fro", stagnates: "gets no further", found: "found the minimum", failed: "failed",
  restart: "starts again here",
});

/**
 * Return the signs that stay at their places: the latest of each agent and kind. Where one started again is shown for a while.
 * @param {Film} film
 * @param {number} said
 * @param {number} spent
 */
function signsAt(film, said, spent) {
  /** @type {Map<string, import("../types.d.ts").Insight>} */
  const latest = new Map();
  film.insights.forEach((insight, i) => {
    const { kind, agent, time } = insight;
    // That the minimum is found is noticed at the end of a lease; it is true as soon as the point is there.
    if (i >= said && !(kind === "found" && evaluationsToFind(film, agent) <= spent)) return;
    if (kind === "restart" && spent - film.evaluationsAtTime(time) > AFRESH * film.header.budget) return;
    if (insight.u !== null && SIGN_WORDS[kind]) latest.set(`${agent} ${kind}`, insight);
  });
  const shown = [...latest.values()].sort((a, b) => b.time - a.time).slice(0, SIGNS);
  return shown.map((insight) => ({ ...insight, text: `${film.team[insight.agent].name} ${SIGN_WORDS[insight.kind]}` }));
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
 * Return the regions of the leases that are out. A new one first has the place of the agent's region before it, but that of
 * an agent that has just received a point is at once where it goes on.
 * @param {Film} film
 * @param {AgentNow[]} agents
 * @param {ByAgent} byAgent
 * @param {number} spent
 * @param {number} receiver the agent whose hand-over is shown, and whose region alone is then drawn; or -1
 * @returns {import("../types.d.ts").Region[]}
 */
function regions(film, agents, byAgent, spent, receiver) {
  /** @param {Lease} lease */
  const outline = (lease) => lease.polygon ?? regionOnPlane(film.header.plane, lease.center, lease.radius);
  const out = agents.flatMap(({ working, lease }, agent) => {
    if (!working || !lease || (receiver >= 0 && agent !== receiver)) return [];
    const { list } = byAgent[agent];
    const before = list[list.indexOf(lease) - 1];
    const part = Math.min(1, (spent - film.evaluationsAtTime(lease.starts)) / (TIGHTENING * film.header.budget));
    const polygon = before && part < 1 && agent !== receiver ? mixPolygons(outline(before), outline(lease), part) : outline(lease);
    return [{ agent, radius: lease.radius, now: true, polygon }];
  });
  // Small regions are drawn over large ones.
  return out.filter(({ polygon }) => polygon.length > 2).sort((a, b) => b.radius - a.radius);
}

/**
 * @param {[number, number][]} from
 * @param {[number, number][]} to
 * @param {number} part
 * @returns {[number, number][]}
 */
function mixPolygons(from, to, part) {
  if (from.length !== to.length) return to;
  return to.map(([u, v], k) => [from[k][0] + (u - from[k][0]) * part, from[k][1] + (v - from[k][1]) * part]);
}

/**
 * Return the latest hand-over while it is shown: from where its receiver was to the point that it was handed, in the middle
 * of the region that it searches next. Of several at a time, the one that leads farthest is shown.
 * @param {Film} film
 * @param {number} said
 * @param {number} spent
 * @returns {import("../types.d.ts").HandOver|null}
 */
function latestHandOver(film, said, spent) {
  const [u0, u1, v0, v1] = film.header.plane.extent;
  const known = film.insights.slice(0, said);
  const last = known.findLast(({ kind }) => kind === "handed");
  if (!last) return null;
  const since = spent - film.evaluationsAtTime(last.time);
  if (since > LINGER * film.header.budget) return null;
  let far = SHORTEST * Math.max(u1 - u0, v1 - v0);
  /** @type {import("../types.d.ts").HandOver|null} */
  let shown = null;
  for (const { kind, time, lease, agent, u, v, loss } of known) {
    const { incumbent } = film.leases[lease];
    if (kind !== "handed" || time !== last.time || !incumbent || u === null || v === null) continue;
    const own = film.ofAgent[agent];
    const points = countUpTo(own.index, countUpTo(film.time, time) - 1);
    if (!points) continue;
    const from = pointAt(film, own.index[points - 1]);
    const way = Math.hypot(u - from.u, v - from.v);
    if (way < far) continue;
    far = way;
    const part = Math.min(1, since / (TRAVEL * film.header.budget));
    shown = { agent: incumbent.agent, receiver: agent, from, to: { u, v, loss }, part, age: since / (LINGER * film.header.budget) };
  }
  return shown;
}
