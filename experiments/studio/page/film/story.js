/** The moments of a run that matter: for captions, the marks on the slider, and the pace of the replay. */

import { giverOf, lineageOf } from "./lineage.js";
import { gapOf, evaluationsToFind } from "./progress.js";
import { countUpTo } from "../base/search.js";
import { brief } from "../base/wording.js";

/** Shares of the budget: two moments of one kind are at least this far apart; records closer than this are one. */
const APART = 0.015;
/** A spell without a lower best loss is told if it lasts this share of the budget. */
const SPELL = 0.2;
/** The most moments of a run that get a caption. */
const MOST = 10;
/** A new best point this far from the one before (in the unit cube) lies in another valley. */
const OTHER_VALLEY = 0.03;
const LONGEST_NAME = 18;
/** The kinds of insights on how a search has ended. */
const ENDED = new Set(["stuck", "oscillates", "stagnates"]);

/**
 * @typedef {import("./film.js").Film} Film
 * @typedef {object} Moment
 * @property {number} at in evaluations
 * @property {string} kind start, record, handed, region, spell, or the kind of an insight
 * @property {number} agent the agent that acts
 * @property {number[]} others the agents that it hands its point to
 * @property {string} text at most eight words
 * @property {number} [loss] of a record: the best loss then
 * @property {number} weight how much it matters; below 0.3 it gets a mark, and no caption
 */

/**
 * Return the moments of a run that matter, in their order.
 * @param {Film} film
 * @returns {Moment[]}
 */
export function storyOf(film) {
  if (!film.count) return [];
  const insights = tellInsights(film);
  const found = [tellBeginning(film), ...insights, ...tellSources(film, insights), ...tellDrops(film), ...tellRegions(film), ...tellSpells(film)];
  return limitCaptions(found.sort((a, b) => a.at - b.at || b.weight - a.weight), film.evaluations);
}

/**
 * Return the last moment with a caption at or before a number of evaluations; null if there is none.
 * @param {Moment[]} story
 * @param {number} at
 */
export function captionAt(story, at) {
  return story.findLast((moment) => moment.at <= at + 1e-9 && moment.weight >= 0.3) ?? null;
}

/**
 * Return a name short enough for a caption.
 * @param {Film} film
 * @param {number} agent
 */
export function shortNameOf(film, agent) {
  const { name } = film.team[agent];
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

/**
 * @param {Film} film
 * @returns {Moment}
 */
function tellBeginning(film) {
  const alone = film.team.length === 1;
  const wide = film.header.start.radius >= 0.5 ? "everywhere" : "around the start";
  const text = alone ? `${shortNameOf(film, 0)} searches alone, ${wide}` : `${film.team.length} agents search ${wide}`;
  return { at: 0, kind: "start", agent: 0, others: [], text, weight: 0.8 };
}

/**
 * Return moments for what the server has noticed: hand-overs, agents that are stuck, the minimum found.
 * @param {Film} film
 * @returns {(Moment & {lease?: number})[]}
 */
function tellInsights(film) {
  const given = new Set(lineageOf(film, film.bestAt(film.count)).map(({ lease }) => lease));
  /** @type {(Moment & {lease?: number})[]} */
  const told = [];
  for (const insight of film.insights) {
    const { kind, agent } = insight;
    const at = kind === "found" ? Math.min(evaluationsToFind(film, agent), film.evaluationsAtTime(insight.time)) : film.evaluationsAtTime(insight.time);
    if (kind === "handed") {
      const giver = giverOf(film, insight);
      if (giver < 0) continue;
      const same = told.find((each) => each.kind === "handed" && each.at === at && each.agent === giver);
      if (same) same.others.push(agent);
      const moment = same ?? { at, kind, agent: giver, others: [agent], text: "", weight: 0.25, lease: insight.lease };
      if (!same) told.push(moment);
      moment.text = wordHandOver(film, insight, giver, moment.others.length);
      if (given.has(insight.lease)) moment.weight = 2;
      else if (told.filter((each) => each.kind === "handed").length === 1) moment.weight = Math.max(moment.weight, 1);
      continue;
    }
    const [text, weight] = wordsOf(kind, shortNameOf(film, agent));
    // An agent that gives up and starts again at once does one thing.
    const ended = kind === "restart" ? told.find((each) => each.at === at && each.agent === agent && ENDED.has(each.kind)) : undefined;
    if (ended) ended.text = wordNewStart(film, ended);
    else if (text) told.push({ at, kind, agent, others: [], text, weight, ...(insight.loss === null ? {} : { loss: insight.loss }) });
  }
  return told;
}

/**
 * Say where a receiver goes on, and what it gains there: a lower loss, or only another place.
 * @param {Film} film
 * @param {import("../types.d.ts").Insight} insight
 * @param {number} giver
 * @param {number} receivers
 */
function wordHandOver(film, insight, giver, receivers) {
  const lease = film.leases[insight.lease];
  const loss = lease.incumbent?.loss ?? Infinity;
  const own = film.ofAgent[insight.agent];
  const known = countUpTo(own.index, countUpTo(film.time, insight.time) - 1);
  const before = known ? own.best[known - 1] : Infinity;
  const source = `${shortNameOf(film, giver)}'s point`;
  const near = lease.radius < 0.5;
  if (receivers > 1) return `${receivers} agents ${near ? "move to" : "get"} ${source}: ${brief(loss)}`;
  const gain = !Number.isFinite(before) ? brief(loss) : brief(before) === brief(loss) ? "same loss, elsewhere" : `${brief(before)} → ${brief(loss)}`;
  return `${shortNameOf(film, insight.agent)} ${near ? "moves to" : "gets"} ${source}: ${gain}`;
}

/**
 * @param {Film} film
 * @param {Moment} ended
 */
function wordNewStart(film, { kind, agent, text, loss }) {
  const name = shortNameOf(film, agent);
  const end = kind === "stuck" && loss !== undefined ? `${name} is stuck at ${brief(loss)}` : text;
  return `${end}; starts again elsewhere`;
}

/**
 * @param {string} kind of an insight
 * @param {string} name
 * @returns {[string, number]} the caption and its weight
 */
function wordsOf(kind, name) {
  /** @type {Record<string, [string, number]>} */
  const words = {
    found: [`${name} has found the minimum`, 2], stuck: [`${name} is stuck in a local minimum`, 2],
    oscillates: [`${name} jumps to and fro`, 1.5], stagnates: [`${name} gets no further`, 1.2],
    restart: [`${name} starts again elsewhere`, 0.5], failed: [`${name} has failed`, 1],
  };
  return words[kind] ?? ["", 0];
}

/**
 * Return the records behind the hand-overs that are told: when the point that was handed over was found.
 * @param {Film} film
 * @param {(Moment & {lease?: number})[]} insights
 * @returns {Moment[]}
 */
function tellSources(film, insights) {
  const records = new Set(film.records);
  return insights.flatMap(({ kind, agent, weight, lease }) => {
    const handed = kind === "handed" && weight >= 0.3 && lease !== undefined ? film.leases[lease].incumbent : null;
    if (!handed) return [];
    const own = film.ofAgent[agent];
    const index = own.index[own.best.findIndex((loss) => loss <= handed.loss)];
    if (!records.has(index)) return [];
    return [{ at: film.spent[index], kind: "record", agent, others: [], text: wordDrop(film, index, false), loss: film.loss[index], weight: 0.85 }];
  });
}

/**
 * Return the drops of the best loss that can be seen: records of one agent that follow each other closely are one drop.
 * @param {Film} film
 * @returns {Moment[]}
 */
function tellDrops(film) {
  const { records } = film;
  /** @type {(Moment & {size: number, largest: number})[]} */
  const drops = [];
  let before = 0;
  for (let k = 1; k < records.length; k++) {
    const index = records[k];
    const loss = film.loss[index];
    const size = Math.log10(gapOf(film, film.loss[records[k - 1]]) / gapOf(film, loss));
    const last = drops.at(-1);
    const goesOn = last && last.agent === film.agent[index] && film.spent[index] - before < APART * film.header.budget;
    before = film.spent[index];
    if (goesOn && size < 0.5) {
      last.size += size;
      // The words are those of its largest step: they are true when they are said.
      if (size > last.largest) Object.assign(last, { largest: size, at: film.spent[index], loss, text: wordDrop(film, index, false) });
    } else {
      const jumps = Math.hypot(film.u[index] - film.u[records[k - 1]], film.v[index] - film.v[records[k - 1]]) > OTHER_VALLEY;
      const text = wordDrop(film, index, jumps && size > 0.5);
      drops.push({ at: film.spent[index], kind: "record", agent: film.agent[index], others: [], text, loss, weight: 0, size, largest: size });
    }
  }
  const late = drops.filter(({ at, size }) => at > 0.05 * film.evaluations && size > 0.3);
  const greatest = late.sort((a, b) => b.size - a.size).slice(0, 3);
  return greatest.map(({ size, largest: _, ...moment }) => ({ ...moment, weight: Math.min(2.2, 0.5 + size) }));
}

/**
 * @param {Film} film
 * @param {number} index of the new best point
 * @param {boolean} jumps whether it lies in another valley
 */
function wordDrop(film, index, jumps) {
  const loss = brief(film.loss[index]);
  const name = shortNameOf(film, film.agent[index]);
  return jumps ? `${name} finds a deeper valley: ${loss}` : `${name} gets down to ${loss}`;
}

/**
 * Return when the search tightens: when the first region is smaller, and when one is a small part of the plane.
 * @param {Film} film
 * @returns {Moment[]}
 */
function tellRegions(film) {
  const first = film.leases[0]?.radius ?? 0;
  const steps = [0.6, 0.15].map((part) => film.leases.find(({ radius }) => radius < part * first));
  const told = [...new Set(steps)].filter((lease) => lease !== undefined);
  return told.map((lease, k) => ({
    at: film.evaluationsAtTime(lease.starts), kind: "region", agent: lease.agent, others: [], weight: k ? 0.6 : 0.8,
    text: k ? `${shortNameOf(film, lease.agent)} closes in` : `${shortNameOf(film, lease.agent)} tightens its search`,
  }));
}

/**
 * Return the first long spell in which the best loss, as it is shown, stayed the same, before the minimum was found.
 * @param {Film} film
 * @returns {Moment[]}
 */
function tellSpells(film) {
  const { budget, minimum } = film.header;
  const { records } = film;
  for (let k = 0, next = 1; k < records.length; k = next) {
    const shown = brief(film.loss[records[k]]);
    for (next = k + 1; next < records.length && brief(film.loss[records[next]]) === shown;) next++;
    const reached = minimum !== null && gapOf(film, film.loss[records[k]]) <= gapOf(film, minimum);
    const began = film.spent[records[k]];
    const end = next < records.length ? film.spent[records[next]] : film.evaluations;
    if (end - began <= SPELL * budget || reached) continue;
    const agent = film.agent[records[k]];
    const text = film.team.length === 1 ? `${shortNameOf(film, 0)} stays at ${shown}` : `The best loss stays at ${shown}`;
    return [{ at: began + (SPELL / 2) * budget, kind: "spell", agent, others: [], text, weight: 1.2 }];
  }
  return [];
}

/**
 * Let only the weightiest moments have captions. Of one kind and agent, only the first has its full weight: what happens
 * again and again is no news.
 * @param {Moment[]} moments in order
 * @param {number} length
 */
function limitCaptions(moments, length) {
  /** @type {Moment[]} */
  const kept = [];
  for (const moment of moments) {
    const same = kept.filter((each) => each.kind === moment.kind && each.agent === moment.agent);
    if (same.some((each) => moment.at - each.at < APART * length && moment.weight <= each.weight)) continue;
    const again = same.length > 0 && moment.kind !== "handed" && moment.kind !== "record";
    kept.push(again ? { ...moment, weight: moment.weight / (1 + 2 * same.length) } : moment);
  }
  const ranks = [...kept].sort((a, b) => b.weight - a.weight);
  return kept.map((moment) => (ranks.indexOf(moment) < MOST ? moment : { ...moment, weight: Math.min(moment.weight, 0.2) }));
}
