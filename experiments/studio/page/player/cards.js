/** The glossary: the terms, and every agent, policy and choice, explained in a sentence or two each. */

import { el, fill } from "../base/dom.js";

const FAMILIES = {
  agents: "Agents: the optimizers", policies: "Policies: how leases are decided", budgets: "Budgets: who gets how many evaluations",
  radii: "Radii: how large the search regions are", sharings: "Sharing: who learns of which points",
};

export class Cards {
  /**
   * @param {HTMLElement} host
   * @param {{cards: Record<string, Record<string, string>>, terms: Record<string, string>}} catalogue
   */
  constructor(host, { cards, terms }) {
    const families = Object.entries(FAMILIES).map(([family, title]) => sectionOf(title, cards[family]));
    fill(host, [sectionOf("Terms", terms), ...families]);
  }
}

/**
 * @param {string} title
 * @param {Record<string, string>} texts what is explained, and how
 */
function sectionOf(title, texts) {
  return el("section", {}, [
    el("h2", { text: title }),
    el("div", { class: "cards" }, Object.entries(texts).map(([name, text]) => el("article", { class: "card" }, [el("h3", { text: name }), el("p", { text })]))),
  ]);
}
