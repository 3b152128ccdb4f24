/** A short explanation beside the pointer while it is at the outline of a region: whose search area that is. */

import { el } from "../../base/dom.js";
import { number } from "../../base/wording.js";

/** How near to an outline the pointer must be, in px. */
const NEAR = 9;

export class RegionTip {
  #frame = 0;

  /**
   * @param {HTMLElement} host what the tip lies in
   * @param {HTMLElement} canvas the picture with the outlines
   * @param {import("./filmview.js").FilmView} view
   */
  constructor(host, canvas, view) {
    this.view = view;
    this.element = el("p", { class: "region-tip", hidden: true, "aria-hidden": "true" });
    host.append(this.element);
    canvas.addEventListener("pointermove", (event) => {
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => this.#show(event.clientX, event.clientY, host));
    });
    canvas.addEventListener("pointerleave", () => {
      cancelAnimationFrame(this.#frame);
      this.element.hidden = true;
    });
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {HTMLElement} host
   */
  #show(x, y, host) {
    const region = this.#regionAt(x, y);
    this.element.hidden = !region;
    if (!region) return;
    const name = this.view.film?.team[region.agent]?.name ?? "";
    this.element.textContent = `${name}'s search area now (radius ${number(region.radius)}): it tries points inside only`;
    const { left, top, width } = host.getBoundingClientRect();
    this.element.style.left = `${Math.min(x - left + 12, width - this.element.offsetWidth - 4)}px`;
    this.element.style.top = `${y - top + 14}px`;
  }

  /**
   * Return the region whose outline is near a place in client coordinates.
   * @param {number} x
   * @param {number} y
   */
  #regionAt(x, y) {
    const place = this.view.regions.length ? this.view.place(x, y) : null;
    const beside = place && (this.view.place(x + NEAR, y) ?? this.view.place(x - NEAR, y));
    if (!place || !beside) return null;
    const near = Math.hypot(beside[0] - place[0], beside[1] - place[1]);
    return this.view.regions.findLast(({ polygon }) => distanceToOutline(polygon, place) < near) ?? null;
  }
}

/**
 * Return the distance of a place from the sides of a polygon.
 * @param {[number, number][]} polygon
 * @param {ArrayLike<number>} place
 */
function distanceToOutline(polygon, place) {
  const distances = polygon.map(([u, v], k) => {
    const [endU, endV] = polygon[(k + 1) % polygon.length];
    const [du, dv] = [endU - u, endV - v];
    const along = ((place[0] - u) * du + (place[1] - v) * dv) / (du * du + dv * dv || 1);
    const part = Math.min(1, Math.max(0, along));
    return Math.hypot(place[0] - u - part * du, place[1] - v - part * dv);
  });
  return Math.min(...distances);
}
