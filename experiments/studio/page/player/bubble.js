/** A few words over the picture: what has just happened, where it happened. */

import { el, say } from "../base/dom.js";

/** So far it stays from the picture's edges, in CSS pixels. */
const EDGE = 4;

export class Bubble {
  constructor() {
    this.element = el("div", { class: "bubble", hidden: true });
  }

  /**
   * Says what an insight says, at a place within a picture; nothing where there is none, or it is not seen.
   * @param {import("../types.d.ts").Insight|null} insight
   * @param {{x: number, y: number, visible: boolean}|null|undefined} at
   * @param {HTMLElement} picture
   */
  show(insight, at, picture) {
    this.element.hidden = !at || !at.visible;
    if (!insight || !at || this.element.hidden) return;
    say(this.element, insight.text);
    this.element.dataset.kind = insight.kind;
    const { clientWidth, clientHeight } = picture;
    const { offsetWidth, offsetHeight } = this.element;
    this.element.style.left = `${Math.max(EDGE, Math.min(at.x + 10, clientWidth - offsetWidth - EDGE))}px`;
    this.element.style.top = `${Math.max(EDGE, Math.min(at.y - offsetHeight - 12, clientHeight - offsetHeight - EDGE))}px`;
  }
}
