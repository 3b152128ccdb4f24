/** A short text over the view: the latest insight, at its place. */

import { el, say } from "../base/dom.js";

/** Minimum distance from the edges of the view, in CSS pixels. */
const EDGE = 4;

export class Bubble {
  constructor() {
    this.element = el("div", { class: "bubble", hidden: true });
  }

  /**
   * Show an insight's text at a place within the view; hide it if there is no insight or its place is not visible.
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
