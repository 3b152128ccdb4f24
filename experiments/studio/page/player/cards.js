/** The glossary: every agent, policy and choice, explained in two sentences each. */

import { el, fill } from "../base/dom.js";

const FAMILIES = {
  agents: "Agents: the optimizers", policies: "Policies: how leases are decided", budgets: "Budgets: who gets how many evaluations",
  radii: "Radii: how large the search regions are", sharings: "Sharing: who learns of which points",
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
