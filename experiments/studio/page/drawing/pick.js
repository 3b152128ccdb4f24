/** The search for the point under the pointer. */

const REACH = 10; // px

/**
 * Return the index of the point nearest to `place` ({x, y} in CSS px) among the first `count`, or null if none is near.
 * @param {import("../types.d.ts").Screen} place
 * @param {number} count
 * @param {(index: number, screen: import("../types.d.ts").Screen) => void} project writes the point's place in CSS px into screen.x and
 *   screen.y
 * @param {(index: number) => boolean} isShown whether it is drawn, and not hidden
 */
export function pickPoint(place, count, project, isShown) {
  const screen = { x: 0, y: 0 };
  /** @type {number|null} */
  let nearest = null;
  let least = REACH;
  for (let index = 0; index < count; index++) {
    project(index, screen);
    const away = Math.hypot(screen.x - place.x, screen.y - place.y);
    if (away > least || !isShown(index)) continue;
    least = away;
    nearest = index;
  }
  return nearest;
}
