/** The details of a chosen point: its agent, lease and reason, its loss, and its distance from the plane. */

import { el, fill } from "../../base/dom.js";
import { evaluationsAt } from "../../film/moment.js";
import { nameSetting } from "../../film/setting.js";
import { swatch } from "./swatch.js";
import { number, whole } from "../../base/wording.js";

/**
 * @param {HTMLElement} host
 * @param {import("../../film/film.js").Film} film
 * @param {number} index
 * @param {() => void} onClose
 */
export function describePoint(host, film, index, onClose) {
  const lease = film.leases[film.lease[index]];
  const { plane, dimension } = film.header;
  const agent = film.agent[index];
  /**
   * @param {import("../../types.d.ts").Tick} tick
   * @param {number} coordinate
   */
  const value = (tick, coordinate) => `${tick.name} ${number((tick.offset ?? 0) + (tick.scale ?? 1) * coordinate)}`;
  const place = nameSetting(film, index) || `${value(plane.ticks.u, film.u[index])}, ${value(plane.ticks.v, film.v[index])}`;
  const off = dimension > 2 ? `; ${number(film.distance[index])} from the plane (in the unit cube)` : "";
  fill(host, [
    el("p", { class: "who" }, [swatch(agent), el("strong", { text: film.team[agent].name }), el("span", { text: ` tried this point: loss ${number(film.loss[index])}` })]),
    el("p", { text: `${place}${off}. Evaluation ${whole(evaluationsAt(film, index + 1))}; row ${film.row[index]} of lease ${lease.id}, which had ${lease.budget} evaluations within radius ${number(lease.radius)}.` }),
    el("p", {}, [el("em", { text: "Why: " }), lease.reason]),
    ...(lease.outcome ? [el("p", {}, [el("em", { text: "Ended: " }), lease.outcome.outcome])] : []),
    el("button", { type: "button", text: "Close", onclick: onClose }),
  ]);
}
