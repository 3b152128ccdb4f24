/** The intersection of a lease's region, a box in the unit cube, with a plane. */

/**
 * Return the polygon [[u, v], ...] in which a plane cuts the box of a region within the cube; empty if it does not.
 * @param {{origin: number[], first: number[], second: number[], extent: number[]}} plane
 * @param {number[]} center
 * @param {number} radius
 * @returns {[number, number][]}
 */
export function regionOnPlane(plane, center, radius) {
  const [left, right, bottom, top] = plane.extent;
  /** @type {[number, number][]} */
  let polygon = [[left, bottom], [right, bottom], [right, top], [left, top]];
  for (let d = 0; d < plane.origin.length && polygon.length; d++) {
    const a = plane.first[d];
    const b = plane.second[d];
    polygon = halfOf(polygon, a, b, plane.origin[d] - Math.max(0, center[d] - radius));
    polygon = halfOf(polygon, -a, -b, Math.min(1, center[d] + radius) - plane.origin[d]);
  }
  return polygon;
}

/**
 * Return the part of a convex polygon where a u + b v + c >= 0 (Sutherland & Hodgman 1974), with a tolerance for rounding.
 * @param {[number, number][]} polygon
 * @param {number} a
 * @param {number} b
 * @param {number} c
 */
function halfOf(polygon, a, b, c) {
  /** @param {[number, number]} place */
  const side = ([u, v]) => a * u + b * v + c + 1e-9;
  /** @type {[number, number][]} */
  const kept = [];
  polygon.forEach((here, i) => {
    const other = polygon[(i + polygon.length - 1) % polygon.length];
    const now = side(here);
    const before = side(other);
    if (now >= 0 !== before >= 0) {
      const part = before / (before - now);
      kept.push([other[0] + (here[0] - other[0]) * part, other[1] + (here[1] - other[1]) * part]);
    }
    if (now >= 0) kept.push(here);
  });
  return kept;
}
