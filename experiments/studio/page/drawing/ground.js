/** The surface as heights over the plane: what regions are draped on and what hides a point. */

export class Ground {
  /**
   * @param {import("../types.d.ts").Surface|null} surface
   * @param {import("../types.d.ts").Scale} scale
   * @param {import("../types.d.ts").Extent} extent of the plane where there is no surface
   */
  constructor(surface, scale, extent) {
    this.size = surface?.size ?? 0;
    this.extent = surface?.extent ?? extent;
    this.heights = new Float32Array(this.size * this.size);
    if (!surface) return;
    // A cell that failed (+inf) has no height, like one outside of the cube.
    for (let k = 0; k < this.heights.length; k++) {
      const loss = surface.losses[k];
      this.heights[k] = Number.isFinite(loss) ? scale.height(loss) : NaN;
    }
  }

  /**
   * The height at (u, v), between the grid's points; NaN where there is no surface.
   * @param {number} u
   * @param {number} v
   */
  height(u, v) {
    const [u0, u1, v0, v1] = this.extent;
    const last = this.size - 1;
    const x = ((u - u0) / (u1 - u0)) * last;
    const y = ((v - v0) / (v1 - v0)) * last;
    if (!(x >= 0 && x <= last && y >= 0 && y <= last) || last < 1) return NaN;
    const i = Math.min(Math.floor(x), last - 1);
    const j = Math.min(Math.floor(y), last - 1);
    const at = j * this.size + i;
    const below = this.heights[at] + (this.heights[at + 1] - this.heights[at]) * (x - i);
    const up = at + this.size;
    const above = this.heights[up] + (this.heights[up + 1] - this.heights[up]) * (x - i);
    return below + (above - below) * (y - j);
  }
}

/**
 * A closed polygon [[u, v], ...] with points added so that no two are more than `step` apart.
 * @param {[number, number][]} polygon
 * @param {number} step
 */
export function densifyPolygon(polygon, step) {
  /** @type {[number, number][]} */
  const points = [];
  polygon.forEach(([u, v], k) => {
    const [nextU, nextV] = polygon[(k + 1) % polygon.length];
    const parts = Math.max(1, Math.min(64, Math.ceil(Math.hypot(nextU - u, nextV - v) / step)));
    for (let p = 0; p < parts; p++) points.push([u + ((nextU - u) * p) / parts, v + ((nextV - v) * p) / parts]);
  });
  return points;
}

/**
 * How strongly a point at a distance (cube units) from the plane is drawn: 1 on it, a fifth far from it.
 * @param {number} distance
 */
export function nearness(distance) {
  return 0.2 + 0.8 / (1 + (4 * distance) ** 2);
}
