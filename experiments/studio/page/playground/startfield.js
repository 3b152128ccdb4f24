/** Where the search starts, in words, and a button that puts the start back in the middle. */

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
    this.middle = el("button", { type: "button", class: "small", text: "Start in the middle", onclick: onMiddle });
  }

  /**
   * @param {number|number[]} center in the unit cube: of all axes, or one for each
   * @param {Side[]} sides
   * @param {Header|undefined} header of a run on the landscape, once there is one
   */
  show(center, sides, header) {
    const middle = center === 0.5;
    const wide = Math.max(...sides.map(({ settings }) => settings.radius));
    const room = confineToCube({ center, radius: wide }).radius;
    const cut = room < wide ? ` So near the edge its radius is cut to ${number(room)}.` : "";
    const where = middle ? "the middle" : describeCenter(center, header);
    say(this.text, `The search starts round ${where}. Click on the surface to place it.${cut}`);
    this.middle.hidden = middle;
  }
}

/**
 * A place in the landscape's own units, as the axes are labelled; in the unit cube's where those are not known yet.
 * @param {number|number[]} center
 * @param {Header|undefined} header
 */
function describeCenter(center, header) {
  const known = Array.isArray(center) && header !== undefined && header.lower?.length === center.length ? header : null;
  const values = [center].flat().map((c, d) => number(known ? known.lower[d] + c * (known.upper[d] - known.lower[d]) : c));
  const listed = values.slice(0, 6).join(", ") + (values.length > 6 ? ", …" : "");
  return known ? `(${listed})` : `${listed} of each side`;
}
