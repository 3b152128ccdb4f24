/** What is always to be seen of a run: its name, whose move it is, the best loss, and how much of the budget is spent. */

import { COLOURS } from "../../drawing/colours.js";
import { el, fill, say } from "../../base/dom.js";
import { gapOf, lastFall } from "../../film/progress.js";
import { evaluationsAt } from "../../film/moment.js";
import { numbersOf } from "../caption.js";
import { swatch } from "./swatch.js";
import { brief, whole } from "../../base/wording.js";

/** The most agents that are named; of a larger team, only the one whose move it is. */
const NAMED = 4;
/** The share of the budget without a lower best loss after which that is said. */
const STALE = 0.12;

/** @typedef {import("../../film/film.js").Film} Film */

export class Hud {
  /** @type {HTMLElement[]} */
  #chips = [];
  /** @type {HTMLElement[]} */
  #parts = [];

  constructor() {
    this.title = el("h3", { class: "stage-title" });
    this.badge = el("span", { class: "badge", hidden: true });
    this.movers = el("div", { class: "movers" });
    this.stale = el("span", { class: "stale" });
    this.best = el("strong", { class: "best" });
    this.finder = el("span", { class: "finder" });
    // For screen readers: all that is known of the best point, in words.
    this.numbers = el("p", { class: "numbers visually-hidden" });
    this.bar = el("div", { class: "budget-bar", "aria-hidden": "true" });
    this.spent = el("span", { class: "spent" });
    this.element = el("header", { class: "hud" }, [
      el("div", { class: "hud-name" }, [this.title, this.badge]),
      el("div", { class: "hud-best", "aria-hidden": "true" }, ["best loss ", this.best, this.finder]),
      el("div", { class: "hud-team" }, [this.movers, this.stale]),
      this.numbers,
      el("div", { class: "budget" }, [this.bar, this.spent]),
    ]);
  }

  /**
   * @param {Film} film
   * @param {string} name
   */
  setTeam(film, name) {
    say(this.title, name);
    this.#chips = film.team.map((agent, i) => el("span", { class: "mover" }, [swatch(i), el("span", { text: agent.name })]));
    this.#parts = film.team.map((_, i) => {
      const part = el("div", { class: "budget-part" });
      part.style.background = COLOURS[i % COLOURS.length];
      this.#chips[i].style.setProperty("--mover", COLOURS[i % COLOURS.length]);
      return part;
    });
    fill(this.movers, this.#chips);
    fill(this.bar, this.#parts);
  }

  /**
   * @param {Film} film
   * @param {number} head
   * @param {import("../../film/moment.js").AgentNow[]} agents
   * @param {string} badge
   */
  show(film, head, agents, badge) {
    const newest = Math.min(Math.ceil(head), film.count) - 1;
    const mover = newest < 0 || agents[0]?.over ? -1 : film.agent[newest];
    const few = film.team.length <= NAMED;
    this.#chips.forEach((chip, i) => {
      chip.dataset.moves = String(i === mover);
      chip.hidden = !few && i !== Math.max(mover, 0);
    });
    const budget = film.header.budget || 1;
    this.#parts.forEach((part, i) => { part.style.width = `${((100 * agents[i].spent) / budget).toFixed(2)}%`; });
    const best = film.bestAt(head);
    say(this.best, best < 0 ? "none" : brief(film.loss[best]));
    say(this.finder, best < 0 || film.team.length === 1 ? "" : `by ${film.team[film.agent[best]].name}`);
    say(this.spent, `${whole(evaluationsAt(film, head))} of ${whole(budget)} evaluations`);
    say(this.stale, wordsOfStandstill(film, head));
    say(this.badge, badge);
    this.badge.hidden = !badge;
    this.badge.dataset.state = film.header.state;
  }

  /**
   * Say all that is known of the best point, in words.
   * @param {Film} film
   * @param {number} head
   */
  tell(film, head) {
    say(this.numbers, numbersOf(film, head));
  }
}

/**
 * Say how long the best loss has stayed what is shown; "" if that is not long, or if nothing can get better.
 * @param {Film} film
 * @param {number} head
 */
function wordsOfStandstill(film, head) {
  const since = lastFall(film, head);
  if (since < 0) return "";
  const { minimum, budget } = film.header;
  const reached = minimum !== null && gapOf(film, film.loss[since]) <= gapOf(film, minimum);
  const spell = evaluationsAt(film, head) - film.spent[since];
  return spell > STALE * budget && !reached ? `at ${brief(film.loss[since])} for ${whole(spell)} evaluations` : "";
}
