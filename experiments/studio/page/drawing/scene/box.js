/** The box that contains the scene, and the conversion of plane coordinates and heights to places in it. */

export const TALL = 0.24; // the height of the highest loss, in units of the longer side of the plane
export const BASE = -0.025; // where the sides of the surface end
export const FLOOR = -0.24; // the map of the landscape below it

/**
 * Return the height of (u, v) in the box: that of the surface of a Ground, or else of the floor.
 * @param {import("../ground.js").Ground} ground
 * @param {number} u
 * @param {number} v
 */
export function heightInBox(ground, u, v) {
  const height = ground.height(u, v);
  return Number.isNaN(height) ? FLOOR : height * TALL;
}

/** Places in the scene: x increases with u, z (towards the viewer) as v decreases, and y with height. */
export class Box {
  /** @param {import("../../types.d.ts").Extent} extent */
  constructor([u0, u1, v0, v1]) {
    this.extent = [u0, u1, v0, v1];
    this.side = Math.max(u1 - u0, v1 - v0) || 1;
    this.middle = [(u0 + u1) / 2, (v0 + v1) / 2];
    this.halfWide = (u1 - u0) / 2 / this.side;
    this.halfDeep = (v1 - v0) / 2 / this.side;
  }

  /** @param {number} u */
  x(u) {
    return (u - this.middle[0]) / this.side;
  }

  /** @param {number} v */
  z(v) {
    return (this.middle[1] - v) / this.side;
  }

  /** @param {number} x */
  u(x) {
    return x * this.side + this.middle[0];
  }

  /** @param {number} z */
  v(z) {
    return this.middle[1] - z * this.side;
  }
}
