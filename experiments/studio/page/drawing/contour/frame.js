/** The mapping of the plane to the contour view, and the visible part of the plane. */

const MARGINS = { left: 52, right: 14, top: 14, bottom: 44 };

export class ContourFrame {
  constructor() {
    /** @type {import("../../types.d.ts").Extent} */
    this.extent = [0, 1, 0, 1];
    this.zoom = 1;
    this.u = 0.5;
    this.v = 0.5;
    this.width = 1;
    this.height = 1;
    /** What something else covers above and below, in px. */
    this.insets = { top: 0, bottom: 0 };
    this.inner = innerOf(1, 1, this.insets);
  }

  reset() {
    this.zoom = 1;
    [this.u, this.v] = [(this.extent[0] + this.extent[1]) / 2, (this.extent[2] + this.extent[3]) / 2];
  }

  /** @param {import("../../types.d.ts").Extent} extent */
  setExtent(extent) {
    if (extent.every((value, k) => value === this.extent[k])) return;
    this.extent = extent;
    this.reset();
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.inner = innerOf(width, height, this.insets);
  }

  /** CSS pixels per unit of the plane. */
  get pixels() {
    const [u0, u1, v0, v1] = this.extent;
    return Math.min(this.inner.width / (u1 - u0), this.inner.height / (v1 - v0)) * this.zoom;
  }

  /** @param {number} u */
  x(u) {
    return this.inner.left + this.inner.width / 2 + (u - this.u) * this.pixels;
  }

  /** @param {number} v */
  y(v) {
    return this.inner.top + this.inner.height / 2 - (v - this.v) * this.pixels;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  plane(x, y) {
    return [
      (x - this.inner.left - this.inner.width / 2) / this.pixels + this.u,
      (this.inner.top + this.inner.height / 2 - y) / this.pixels + this.v,
    ];
  }

  /** Return the part of the view that the plane covers: {left, top, width, height} in CSS pixels. */
  window() {
    const [u0, u1, v0, v1] = this.extent;
    const { left, top, width, height } = this.inner;
    const [x0, y0] = [Math.max(this.x(u0), left), Math.max(this.y(v1), top)];
    const [x1, y1] = [Math.min(this.x(u1), left + width), Math.min(this.y(v0), top + height)];
    return { left: x0, top: y0, width: Math.max(x1 - x0, 1), height: Math.max(y1 - y0, 1) };
  }

  /**
   * Move the visible part by CSS pixels.
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.u -= dx / this.pixels;
    this.v += dy / this.pixels;
    this.#confine();
  }

  /**
   * Zoom by a factor and keep the place at (x, y) where it is.
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   */
  zoomAt(factor, x, y) {
    const [u, v] = this.plane(x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), 400);
    const [newU, newV] = this.plane(x, y);
    this.u += u - newU;
    this.v += v - newV;
    this.#confine();
  }

  /** Keep the visible part on the plane; without zoom, the whole plane is visible. */
  #confine() {
    const [u0, u1, v0, v1] = this.extent;
    const slack = 1 - 1 / this.zoom;
    /**
     * @param {number} value
     * @param {number} low
     * @param {number} high
     */
    const clamp = (value, low, high) => {
      const [middle, half] = [(low + high) / 2, ((high - low) / 2) * slack];
      return Math.min(Math.max(value, middle - half), middle + half);
    };
    this.u = clamp(this.u, u0, u1);
    this.v = clamp(this.v, v0, v1);
  }
}

/**
 * Return the part of a view that is available for the plane within the margins.
 * @param {number} width
 * @param {number} height
 * @param {{top: number, bottom: number}} insets
 */
function innerOf(width, height, insets) {
  return {
    left: MARGINS.left,
    top: MARGINS.top + insets.top,
    width: Math.max(width - MARGINS.left - MARGINS.right, 10),
    height: Math.max(height - MARGINS.top - MARGINS.bottom - insets.top - insets.bottom, 10),
  };
}
