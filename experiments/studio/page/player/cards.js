/** Every agent, policy and choice, explained in two sentences. */

import { el, fill } from "../base/dom.js";

const FAMILIES = {
  agents: "Agents: who searches", policies: "Policies: who decides", budgets: "Budgets: who gets how much",
  radii: "Radii: how far round", sharings: "Sharing: who hears of what",
};

export class Cards {
  /**
   * @param {HTMLElement} host
   * @param {{cards: Record<string, Record<string, string>>}} catalogue
   */
  constructor(host, { cards }) {
    fill(host, Object.entries(FAMILIES).map(([family, title]) => el("section", {}, [
      el("h2", { text: title }),
      el("div", { class: "cards" }, Object.entries(cards[family]).map(([kind, text]) => el("article", { class: "card" }, [el("h3", { text: kind }), el("p", { text })]))),
    ])));
  }
}
