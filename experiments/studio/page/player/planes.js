/** The list of planes on which a run of more than two dimensions can be shown. */

import { el, fill } from "../base/dom.js";

/** Pairs of this many first axes are offered. */
const AXES = 6;

export class PlaneChoice {
  /** @param {((spec: string) => void)|undefined} onPlane requests another plane; without it, none is offered */
  constructor(onPlane) {
    this.onPlane = onPlane;
    this.list = el("select", { class: "planes", "aria-label": "Plane of the view" });
    this.list.addEventListener("change", () => onPlane?.(this.list.value));
    this.element = el("label", { class: "plane", hidden: true }, ["Plane ", this.list]);
  }

  /**
   * Offer the planes of a run.
   * @param {import("../types.d.ts").Header} header
   */
  offer({ dimension, plane, axes }) {
    this.element.hidden = dimension <= 2 || !this.onPlane;
    if (this.element.hidden) return;
    const pairs = [];
    /** @param {number} i */
    const name = (i) => axes?.[i].name ?? `x${i + 1}`;
    for (let i = 0; i < Math.min(dimension, AXES); i++) {
      for (let j = i + 1; j < Math.min(dimension, AXES); j++) pairs.push([`axes:${i}:${j}`, `${name(i)} and ${name(j)}`]);
    }
    const offered = [["best", "through three agents' best points"], ["pca", "principal components of the points"], ...pairs];
    const now = plane.spec.split("@")[0];
    // If this plane is not available (yet), the server has chosen another.
    if (now === "best" && !plane.text.includes("best points of")) offered[0][1] = `${offered[0][1]} (not available yet; shown: ${plane.text})`;
    if (!offered.some(([spec]) => spec === now)) offered.push([now, plane.text]);
    // Do not refill the list as the run grows if it has not changed: it may be open.
    const version = JSON.stringify(offered);
    if (this.list.dataset.offered !== version) {
      this.list.dataset.offered = version;
      fill(this.list, offered.map(([value, text]) => el("option", { value, text })));
    }
    if (this.list.value !== now) this.list.value = now;
  }
}
