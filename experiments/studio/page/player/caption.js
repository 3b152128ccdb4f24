/** The texts about a run beside its view: its progress, its policy, and what the view shows. */

import { el } from "../base/dom.js";
import { number, whole } from "../base/wording.js";
import { evaluationsAt } from "../film/moment.js";

/** @typedef {import("../film/film.js").Film} Film */

/**
 * Describe the moment shown, for readers who cannot see the view.
 * @param {Film} film
 * @param {number} head
 */
export function describeMoment(film, head) {
  const best = film.bestAt(head);
  const spent = `evaluation ${whole(evaluationsAt(film, head))} of ${whole(film.header.budget)}`;
  if (best < 0) return `${spent}, no finite loss yet`;
  return `${spent}, best loss ${number(film.loss[best])} by ${film.team[film.agent[best]].name}`;
}

/**
 * Return the line of numbers above the view.
 * @param {Film} film
 * @param {number} head
 */
export function numbersOf(film, head) {
  const best = film.bestAt(head);
  const loss = best < 0 ? null : film.loss[best];
  const { minimum } = film.header;
  const gap = loss === null || minimum === null ? "" : ` (${number(Math.max(0, loss - minimum))} above the minimum)`;
  const by = best < 0 ? "" : `, found by ${film.team[film.agent[best]].name}`;
  const failures = film.failuresAt(film.timeAt(head));
  const failed = failures ? `; ${whole(failures)} ${failures === 1 ? "evaluation" : "evaluations"} failed` : "";
  return `${loss === null ? "No finite loss yet" : `Best loss ${number(loss)}${gap}${by}`}${failed}`;
}

/**
 * Return a short text on a run's state; "" if there is nothing to say. Why it ended is said only at its end.
 * @param {Film} film
 * @param {number} head
 */
export function badgeOf({ header: { state, stopped }, count }, head) {
  /** @type {Partial<Record<typeof state, string>>} */
  const words = { running: "running", waiting: "waiting", failed: "failed", unfinished: "interrupted" };
  return words[state] ?? (head >= count ? stopped : null) ?? "";
}

/**
 * Explain what the view shows, if that needs an explanation.
 * @param {Film} film
 */
export function groundOf({ header, surface }) {
  const seen = header.dimension > 2 ? `Shown on ${header.plane.text}. Points off this plane fade.` : "";
  const between = header.surface_from === "points" ? "The surface is interpolated between the points found; nothing else is known of this landscape." : "";
  const none = surface ? "" : "No surface is drawn, because this function is evaluated only at the points of a search.";
  const cube = header.bounded === false ? "Coordinates are shown in the unit cube, because this log does not have the bounds." : "";
  return [seen, between, none, cube].filter(Boolean).join(" ");
}

/**
 * Return a summary of the policy in one line, and the explanations that it unfolds to.
 * @param {import("../types.d.ts").Policy} policy
 * @param {Record<string, Record<string, string>>} cards
 */
export function policyOf(policy, cards) {
  /** @type {["budget"|"radius"|"sharing", string][]} */
  const parts = [ ["budget", "budgets"], ["radius", "radii"], ["sharing", "sharings"]];
  const chosen = parts.flatMap(([name, family]) => {
    const kind = policy[name]?.kind;
    return kind ? [[kind, cards[family]?.[kind], name]] : [];
  });
  const listed = chosen.map(([kind, , name]) => `${name} ${kind}`).join(", ");
  const told = [cards.policies?.[policy.kind], ...chosen.map(([, card]) => card)].filter(Boolean);
  return [el("summary", { text: `Policy: ${nameOf(policy)}${listed ? ` (${listed})` : ""}` }), ...told.map((text) => el("p", { text }))];
}

/**
 * Return the kind of a policy; of a branch, what it is a branch of.
 * @param {import("../types.d.ts").Policy} policy
 */
function nameOf(policy) {
  return policy.kind === "branch" ? `branch of run ${policy.run}, from evaluation ${policy.evaluation}` : policy.kind;
}
