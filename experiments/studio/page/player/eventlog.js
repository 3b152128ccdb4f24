/** The log of a run up to the moment shown, as two lists: the insights, and the decisions with their reasons. */

import { el, fill } from "../base/dom.js";
import { insightsAt } from "../film/moment.js";
import { countUpTo } from "../base/search.js";
import { swatch } from "./stage/swatch.js";
import { number, whole } from "../base/wording.js";

/** Maximum number of entries listed; the latest are chosen. */
const LISTED = 60;

export class EventLog {
  #shown = ["", ""];

  /**
   * @param {HTMLElement} host
   * @param {{onSeek: (evaluations: number) => void}} given
   */
  constructor(host, { onSeek }) {
    this.onSeek = onSeek;
    this.events = el("ol", { class: "entries", "aria-label": "Events, the latest first" });
    this.decisions = el("ol", { class: "entries", "aria-label": "Decisions, the latest first" });
    host.append(
      el("section", { class: "panel" }, [el("h4", { text: "Events" }), this.events]),
      el("section", { class: "panel" }, [el("h4", { text: "Decisions of the orchestrator" }), this.decisions]),
    );
  }

  /**
   * @param {import("../film/film.js").Film} film
   * @param {number} head
   */
  show(film, head) {
    const said = insightsAt(film, head);
    const granted = film.count || film.leases.length ? countUpTo(film.starts, film.timeAt(head)) : 0;
    this.#list(0, this.events, `${film.header.run} ${said}`, film.insights.slice(Math.max(0, said - LISTED), said), (i) => this.#insight(film, i));
    const leases = film.leases.slice(Math.max(0, granted - LISTED), granted);
    this.#list(1, this.decisions, `${film.header.run} ${granted} ${film.outcomes.length}`, leases, (lease) => this.#lease(film, lease));
  }

  /**
   * List entries, unless this version of the list is shown already.
   * @param {0|1} which
   * @param {HTMLElement} host
   * @param {string} version
   * @param {any[]} entries
   * @param {(entry: any) => Element} make
   */
  #list(which, host, version, entries, make) {
    if (this.#shown[which] === version) return;
    this.#shown[which] = version;
    fill(host, entries.length ? entries.map(make).reverse() : [el("li", { class: "soft", text: "None yet." })]);
  }

  /**
   * @param {import("../film/film.js").Film} film
   * @param {import("../types.d.ts").Insight} insight
   */
  #insight(film, insight) {
    const flag = insight.flag ? [el("span", { class: "flag", "aria-label": `flag ${insight.flag}`, text: insight.flag })] : [];
    return this.#entry(insight.agent, film.evaluationsAtTime(insight.time), insight.text, insight.kind, flag);
  }

  /**
   * @param {import("../film/film.js").Film} film
   * @param {import("../types.d.ts").Lease} lease
   */
  #lease(film, lease) {
    const head = `${film.team[lease.agent].name}: ${lease.budget} evaluations within radius ${number(lease.radius)}. `;
    return this.#entry(lease.agent, film.evaluationsAtTime(lease.starts), head + lease.reason, "lease");
  }

  /**
   * @param {number} agent
   * @param {number} at
   * @param {string} text
   * @param {string} kind
   * @param {Element[]} flag
   */
  #entry(agent, at, text, kind, flag = []) {
    const time = el("button", { type: "button", class: "when", "aria-label": `Go to evaluation ${whole(at)}`, text: whole(at), onclick: () => this.onSeek(at) });
    return el("li", { "data-kind": kind }, [time, swatch(agent), ...flag, el("span", { text })]);
  }
}
