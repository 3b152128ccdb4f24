/** A text that says where the search starts, and a button that moves the start back to the center. */

import { el, say } from "../base/dom.js";
import { number } from "../base/wording.js";
import { confineToCube } from "./settings.js";

/**
 * @typedef {import("../types.d.ts").Header} Header
 * @typedef {import("../types.d.ts").Side} Side
 */

export class StartField {
  /** @param {() => void} onMiddle */
  constructor(onMiddle) {
    this.text = el("p", { class: "soft" });
    this.middle = el("button", { type: "button", class: "small", text: "Start at the center", onclick: onMiddle });
  }

  /**
   * @param {number|number[]} center in the unit cube: one number for all axes, or one per axis
   * @param {Side[]} sides
   * @param {Header|undefined} header of a run on the landscape, if there is one already
   */
  show(center, sides, header) {
    const middle = center === 0.5;
    const wide = Math.max(...sides.map(({ settings }) => settings.radius));
    const room = confineToCube({ center, radius: wide }).radius;
    const cut = room < wide ? ` This close to the edge, its radius is reduced to ${number(room)}.` : "";
    const where = middle ? "the center" : describeCenter(center, header);
    say(this.text, `The search starts around ${where}. Click the surface to move the start.${cut}`);
    this.middle.hidden = middle;
  }
}

/**
 * Describe a place in the units of the landscape, as on the axes, or in those of the unit cube if they are not known yet.
 * @param {number|number[]} center
 * @param {Header|undefined} header
 */
function describeCenter(center, header) {
  const known = Array.isArray(center) && header !== undefined && header.lower?.length === center.length ? header : null;
  const values = [center].flat().map((c, d) => number(known ? known.lower[d] + c * (known.upper[d] - known.lower[d]) : c));
  const listed = values.slice(0, 6).join(", ") + (values.length > 6 ? ", …" : "");
  return known ? `(${listed})` : `${listed} in the unit cube`;
}
