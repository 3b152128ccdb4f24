/** Sentences that explain where one run ended and why, or compare two runs. */

import { lineageOf } from "./lineage.js";
import { isFound } from "./progress.js";
import { nameSetting } from "./setting.js";
import { number, whole } from "../base/wording.js";

const TRAPS = new Set(["stuck", "oscillates", "stagnates"]);

/** @typedef {import("./film.js").Film} Film */

/**
 * @param {Film} film
 * @returns {string[]} sentences on one run that has ended
 */
export function verdictOf(film) {
  const best = film.bestAt(film.count);
  if (best < 0) return [film.count ? "No evaluation gave a finite loss." : "Nothing was evaluated; the events below say why."];
  return [endOf(film, best), ...nameBestSetting(film, best), ...(isFound(film, film.loss[best]) ? [] : trapOf(film, best)), ...pathOf(film, best)];
}

/**
 * @param {Film} first
 * @param {Film} second
 * @param {string[]} names the names of the runs on the page
 * @returns {string[]} sentences on two runs that have ended
 */
export function comparison(first, second, names) {
  const films = [first, second];
  const bests = films.map((film) => film.bestAt(film.count));
  // Losses on different landscapes cannot be compared.
  const apart = first.header.landscape !== second.header.landscape;
  if (apart || bests.some((best) => best < 0)) return films.flatMap((film, i) => verdictOf(film).map((s) => `${names[i]}: ${s}`));
  const gaps = films.map((film, i) => film.loss[bests[i]] - (film.header.minimum ?? 0));
  const found = films.map((film, i) => isFound(film, film.loss[bests[i]]));
  /** @type {string[]} */
  const said = [];
  if (found[0] && found[1]) {
    const reached = films.map((film) => evaluationsToMinimum(film));
    const quicker = reached[0] <= reached[1] ? 0 : 1;
    said.push(`Both found the minimum; ${names[quicker]} after ${whole(reached[quicker])} evaluations, ${names[1 - quicker]} after ${whole(reached[1 - quicker])}.`);
  } else if (number(gaps[0]) === number(gaps[1])) {
    // This includes losses that differ by less than the digits shown.
    said.push(`Both ended at a loss of ${number(films[0].loss[bests[0]])}.`);
  } else {
    const winner = gaps[0] < gaps[1] ? 0 : 1;
    const how = found[winner] ? "found the minimum" : "did better";
    said.push(`${names[winner]} ${how}: loss ${number(films[winner].loss[bests[winner]])}, compared with ${number(films[1 - winner].loss[bests[1 - winner]])} for ${names[1 - winner]}.`);
  }
  films.forEach((film, i) => said.push(...nameBestSetting(film, bests[i]).map((sentence) => `${names[i]}: ${sentence}`)));
  films.forEach((film, i) => {
    if (!found[i]) said.push(...trapOf(film, bests[i]).map((sentence) => `${names[i]}: ${sentence}`));
  });
  films.forEach((film, i) => {
    if (found[i] || gaps[i] < gaps[1 - i]) said.push(...pathOf(film, bests[i]).map((sentence) => `${names[i]}: ${sentence}`));
  });
  return said;
}

/**
 * Return the evaluations after which the minimum was found, or infinity.
 * @param {Film} film
 */
function evaluationsToMinimum(film) {
  const first = film.records.find((index) => isFound(film, film.loss[index]));
  return first === undefined ? Infinity : film.spent[first];
}

/**
 * @param {Film} film
 * @param {number} best
 */
function endOf(film, best) {
  const { minimum } = film.header;
  const loss = film.loss[best];
  const who = film.team[film.agent[best]].name;
  if (isFound(film, loss)) return `The minimum was found by ${who} after ${whole(evaluationsToMinimum(film))} of ${whole(film.evaluations)} evaluations.`;
  const gap = minimum === null ? "" : `, ${number(loss - minimum)} above the known minimum`;
  return `The search ended at loss ${number(loss)}${gap}, found by ${who} after ${whole(film.spent[best])} of ${whole(film.evaluations)} evaluations.`;
}

/**
 * Name the best setting, if the parameters have names.
 * @param {Film} film
 * @param {number} best
 */
function nameBestSetting(film, best) {
  const setting = nameSetting(film, best);
  return setting ? [`The best setting: ${setting}.`] : [];
}

/**
 * Explain why a run got no further, by the insight about an agent that was stuck at the best loss.
 * @param {Film} film
 * @param {number} best
 */
function trapOf(film, best) {
  const loss = number(film.loss[best]);
  const traps = film.insights.filter((i) => TRAPS.has(i.kind) && i.loss !== null && number(i.loss) === loss);
  const ended = traps.filter((i) => i.kind !== "stagnates");
  const [trap] = [...ended, ...traps].filter((i) => i.agent === film.agent[best]).concat(ended, traps);
  if (!trap) return [];
  const others = film.team.length === 1
    ? "It searched alone, so no other agent could lead it to a better valley."
    : "No other agent had found a better valley.";
  return [`${sentence(trap.text)} ${others}`];
}

/**
 * @param {Film} film
 * @param {number} best
 */
function pathOf(film, best) {
  const links = lineageOf(film, best);
  if (links.length < 2) return [];
  /** @param {{agent: number}} link */
  const name = (link) => film.team[link.agent].name;
  const steps = links.slice(0, -1).map((link, i) => `${name(link)} found a point of loss ${number(link.loss)} and handed it to ${name(links[i + 1])} (evaluation ${whole(link.spent)})`);
  const last = links[links.length - 1];
  return [`${steps.join("; ")}; from there, ${name(last)} reached ${number(last.loss)}.`];
}

/** @param {string} text */
function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
