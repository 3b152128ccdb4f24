/** The last words on a run: how it ended, and the moments that show why. */

import { lineageOf } from "./lineage.js";
import { shortNameOf, storyOf } from "./story.js";
import { gapOf, isFound } from "./progress.js";
import { brief, number, whole } from "../base/wording.js";

/** @typedef {import("./film.js").Film} Film */

/** The most moments that are named as reasons. */
const REASONS = 3;
/** Two runs are equally good if what is missing to the minimum differs by less than this part. */
const LEVEL = 0.9;

/**
 * Return one short sentence on how a run has ended, and whether it found the minimum, was stuck, or just ended.
 * @param {Film} film
 * @returns {{text: string, kind: "found"|"stuck"|"ended"}}
 */
export function nameEnd(film) {
  const best = film.bestAt(film.count);
  if (best < 0) return { text: "No finite loss was found", kind: "ended" };
  const loss = brief(film.loss[best]);
  if (isFound(film, film.loss[best])) {
    const chain = namesAlong(film, best);
    return { text: chain.length > 1 ? `Minimum found: ${chain.join(" → ")}` : `${chain[0]} found the minimum`, kind: "found" };
  }
  if (film.insights.some((insight) => insight.kind === "stuck" && insight.loss !== null && number(insight.loss) === number(film.loss[best]))) {
    const why = film.team.length === 1 ? "nobody could lead it out" : "no agent found a better valley";
    return { text: `Stuck at ${loss}: ${why}`, kind: "stuck" };
  }
  return { text: `Ended at loss ${loss}`, kind: "ended" };
}

/**
 * Say why one of two runs did better, or how one run got to its end, in a sentence; "" if there is nothing to say.
 * @param {Film[]} films
 * @param {string[]} names
 */
export function reasonOf(films, names) {
  const bests = films.map((film) => film.bestAt(film.count));
  if (bests.some((best) => best < 0)) return "";
  const [first, second] = films.map((film, i) => film.loss[bests[i]]);
  const winner = films.length > 1 && second < first ? 1 : 0;
  const links = lineageOf(films[winner], bests[winner]);
  const team = films[winner];
  const budgets = films.map(({ evaluations }) => evaluations);
  const fair = films.length > 1 && budgets[0] === budgets[1] ? `Both had the same ${budgets[0].toLocaleString("en")} evaluations. ` : "";
  if (links.length < 2) return fair.trim();
  const [giver, receiver] = links.map(({ agent }) => shortNameOf(team, agent));
  const alone = films.length > 1 && films[1 - winner].team.length === 1;
  const other = alone ? ` ${names[1 - winner]} had nobody to hand it such a point.` : "";
  const loss = team.loss[bests[winner]];
  const end = isFound(team, loss) ? "the minimum" : `loss ${brief(loss)}`;
  const level = alone ? levelAt(films[winner], films[1 - winner], links[0]) : "";
  return `${fair}${level}${giver} handed its best point to ${receiver}, and that led to ${end}.${other}`;
}

/**
 * Say that two runs were equally good when a point was handed over, if they were: then its place made the difference.
 * @param {Film} team
 * @param {Film} other
 * @param {{loss: number, spent: number}} link
 */
function levelAt(team, other, { loss, spent }) {
  const best = other.bestAt(other.headAt(spent));
  if (best < 0) return "";
  const [mine, others] = [gapOf(team, loss), gapOf(other, other.loss[best])];
  if (Math.min(mine, others) < LEVEL * Math.max(mine, others)) return "";
  return `After ${whole(spent)}, the best losses of both were nearly the same (${brief(other.loss[best])} and ${brief(loss)}), but in other places. `;
}

/**
 * Return the moments that show why runs ended as they did: a hand-over and a drop on the way of the better one, and where
 * the other one was stuck.
 * @param {Film[]} films
 * @returns {{film: number, moment: import("./story.js").Moment}[]}
 */
export function reasonsOf(films) {
  const stories = films.map(storyOf);
  const all = stories.flatMap((story, film) => story.map((moment) => ({ film, moment })));
  /** @type {Record<string, number>} */
  const telling = { handed: 3, record: 2.5, found: 2, stuck: 2, oscillates: 2, stagnates: 1.5, spell: 1 };
  /** @param {{moment: import("./story.js").Moment}} each */
  const value = ({ moment }) => (telling[moment.kind] ?? 0) * moment.weight;
  /** @type {typeof all} */
  const chosen = [];
  for (const each of all.filter((one) => value(one) > 0).sort((a, b) => value(b) - value(a))) {
    if (chosen.length < REASONS && !chosen.some(({ moment }) => moment.kind === each.moment.kind)) chosen.push(each);
  }
  return chosen.sort((a, b) => a.moment.at - b.moment.at);
}

/**
 * Return the names of the agents along the way to a best point, each once in a row.
 * @param {Film} film
 * @param {number} best
 */
function namesAlong(film, best) {
  const names = lineageOf(film, best).map(({ agent }) => shortNameOf(film, agent));
  const chain = names.filter((name, i) => name !== names[i - 1]);
  return chain.length > 4 ? [...chain.slice(0, 2), "…", chain[chain.length - 1]] : chain;
}
