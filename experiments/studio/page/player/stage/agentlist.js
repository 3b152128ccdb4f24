/** The list of agents: their markers and names, evaluations, best losses, leases and radii. */

import { COLOURS } from "../../drawing/colours.js";
import { el, fill, say } from "../../base/dom.js";
import { swatch } from "./swatch.js";
import { number, percent, whole } from "../../base/wording.js";

/** Maximum number of agents listed; of a larger team, those that spent most are chosen. */
const LISTED = 12;

export class AgentList {
  /** @type {ReturnType<typeof line>[]} */
  #lines = [];
  /** @type {import("../../film/film.js").Film|null} */
  film = null;
  longest = 1;

  /**
   * @param {HTMLElement} host
   * @param {Record<string, Record<string, string>>} cards
   */
  constructor(host, cards) {
    this.host = host;
    this.cards = cards;
    this.more = el("p", { class: "soft" });
  }

  /**
   * Show the team of a film.
   * @param {import("../../film/film.js").Film} film
   */
  setTeam(film) {
    this.film = film;
    this.longest = film.leases.reduce((most, lease) => Math.max(most, lease.budget), 1);
    const same = this.#lines.length === film.team.length && this.#lines.every((line, i) => line.name === film.team[i].name);
    if (!same) this.#lines = film.team.map((agent, i) => line(agent, i, this.cards));
    fill(this.host, this.#listLines(film));
  }

  /** @param {import("../../film/moment.js").AgentNow[]} agents */
  show(agents) {
    if (!this.film) return;
    const { budget } = this.film.header;
    agents.forEach((now, i) => {
      const parts = this.#lines[i];
      const share = now.spent / budget;
      parts.share.style.width = percentage(share);
      parts.lease.style.width = percentage(now.lease && now.working ? now.lease.budget / this.longest : 0);
      parts.used.style.width = percentage(now.part);
      const region = now.lease ? `radius ${number(now.lease.radius)}` : "no lease yet";
      const lease = now.lease && now.working ? `lease of ${now.lease.budget}, ${region}` : now.over ? "ended" : now.lease ? "waiting" : region;
      say(parts.text, `${whole(now.spent)} evaluations (${percent(share)}) · best ${number(now.best)} · ${lease}`);
    });
  }

  /** @param {import("../../film/film.js").Film} film */
  #listLines(film) {
    const order = film.team.map((_, i) => i);
    if (order.length > LISTED) {
      /** @param {number} i */
      const evaluationsOf = (i) => film.evaluationsBy(i, film.count);
      order.sort((a, b) => evaluationsOf(b) - evaluationsOf(a) || a - b);
      say(this.more, `and ${order.length - LISTED} more, which spent less`);
    }
    const shown = order.slice(0, LISTED).sort((a, b) => a - b).map((i) => this.#lines[i].element);
    return order.length > LISTED ? [...shown, this.more] : shown;
  }
}

/** @param {number} part */
function percentage(part) {
  return `${Math.min(100, Math.max(0, 100 * part)).toFixed(2)}%`;
}

/**
 * @param {{name: string, kind: string}} agent
 * @param {number} index
 * @param {Record<string, Record<string, string>>} cards
 */
function line(agent, index, cards) {
  const share = el("div", { class: "share" });
  const used = el("div", { class: "used" });
  const lease = el("div", { class: "lease" }, [used]);
  const text = el("span", { class: "soft" });
  const colour = COLOURS[index % COLOURS.length];
  for (const bar of [share, used]) bar.style.background = colour;
  lease.style.borderColor = colour;
  const card = cards.agents?.[agent.kind];
  const about = card ? [el("details", { class: "about" }, [el("summary", { "aria-label": `What is ${agent.kind}?`, text: "?" }), el("p", { text: card })])] : [];
  const element = el("div", { class: "agent" }, [
    el("div", { class: "who" }, [swatch(index), el("strong", { text: agent.name }), ...about]),
    el("div", { class: "bars", "aria-hidden": "true" }, [
      el("div", { class: "track", title: "share of the budget spent" }, [share]),
      el("div", { class: "track thin", title: "current lease: its size, and how much of it is spent" }, [lease]),
    ]),
    text,
  ]);
  return { name: agent.name, element, share, lease, used, text };
}
