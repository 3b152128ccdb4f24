/** The surface as heights over the plane; regions are drawn on it, and it can hide points. */

/** A surface with fewer cells per side than this is interpolated, so that its valleys look round from nearby. */
const FEW = 120;

export class Ground {
  /**
   * @param {import("../types.d.ts").Surface|null} surface
   * @param {import("../types.d.ts").Scale} scale
   * @param {import("../types.d.ts").Extent} extent of the plane, used if there is no surface
   */
  constructor(surface, scale, extent) {
    this.size = surface?.size ?? 0;
    this.extent = surface?.extent ?? extent;
    this.heights = new Float32Array(this.size * this.size);
    if (!surface) return;
    // Grid points that failed (+inf) have no height, like those outside the cube.
    for (let k = 0; k < this.heights.length; k++) {
      const loss = surface.losses[k];
      this.heights[k] = Number.isFinite(loss) ? scale.height(loss) : NaN;
    }
    if (this.size > 3 && this.size < FEW) this.#refine();
  }

  /** Halve the steps of the grid; the heights between its places are those of cubic curves through them. */
  #refine() {
    const { size, heights } = this;
    const fine = 2 * size - 1;
    const wide = new Float32Array(size * fine);
    for (let row = 0; row < size; row++) refineLine(heights, row * size, 1, size, wide, row * fine, 1);
    this.heights = new Float32Array(fine * fine);
    for (let column = 0; column < fine; column++) refineLine(wide, column, fine, size, this.heights, column, fine);
    this.size = fine;
  }

  /**
   * Return the height at (u, v), interpolated between the grid's points; NaN where there is no surface.
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
 * Copy a line of heights to one with twice as many places (Catmull and Rom 1974); without a height on one side of a place,
 * it has none, or that of a straight line.
 * @param {Float32Array} from
 * @param {number} at the index of the first height
 * @param {number} step from one to the next
 * @param {number} count
 * @param {Float32Array} to
 * @param {number} start
 * @param {number} stride
 */
function refineLine(from, at, step, count, to, start, stride) {
  for (let k = 0; k < count; k++) {
    const here = from[at + k * step];
    to[start + 2 * k * stride] = here;
    if (k === count - 1) return;
    const next = from[at + (k + 1) * step];
    const before = k ? from[at + (k - 1) * step] : 2 * here - next;
    const after = k < count - 2 ? from[at + (k + 2) * step] : 2 * next - here;
    const cubic = (9 * (here + next) - before - after) / 16;
    to[start + (2 * k + 1) * stride] = Math.min(1, Math.max(0, Number.isNaN(cubic) ? (here + next) / 2 : cubic));
  }
}

/**
 * Add points to a closed polygon [[u, v], ...], so that neighbours are at most `step` apart (at most 64 parts per side).
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
 * Return the strength (opacity and size) of a point by its distance from the plane (in the unit cube): 1 on the plane,
 * 0.2 far from it.
 * @param {number} distance
 */
export function nearness(distance) {
  return 0.2 + 0.8 / (1 + (4 * distance) ** 2);
}
