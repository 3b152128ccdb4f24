/** Intersections of lines of sight with the surface. */
import { BASE, TALL } from "./box.js";

const STEPS = 160;

/**
 * Return [u, v] where the line from `near` to `far` meets the surface, or else the floor; null if it misses the plane.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {number[]} near
 * @param {number[]} far
 */
export function placeOn(ground, box, near, far) {
  for (let k = 0; k <= STEPS; k++) {
    const [x, y, z] = between(near, far, k / STEPS);
    const [u, v] = [box.u(x), box.v(z)];
    if (y <= ground.height(u, v) * TALL) return [u, v];
  }
  const [u, v] = [box.u(far[0]), box.v(far[2])];
  const [u0, u1, v0, v1] = box.extent;
  const outside = u < u0 || u > u1 || v < v0 || v > v1;
  return outside || ground.size > 1 && !Number.isNaN(ground.height(u, v)) && far[1] > TALL ? null : [u, v];
}

/**
 * Return whether the surface hides a place (x, y, z) that is on or above it.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {number[]} place
 * @param {{x: number, y: number, z: number}} eye
 */
export function isHidden(ground, box, place, eye) {
  if (ground.size < 2) return false;
  const slack = 0.02;
  if (place[1] < ground.height(box.u(place[0]), box.v(place[2])) * TALL - slack) return false;
  const target = [eye.x, eye.y, eye.z];
  const reach = Math.min(1, (TALL * 1.02 - place[1]) / Math.max(target[1] - place[1], 1e-6));
  for (let k = 1; k <= 28; k++) {
    const [x, y, z] = between(place, target, (reach * k) / 28);
    if (y + slack < ground.height(box.u(x), box.v(z)) * TALL) return true;
  }
  return false;
}

/**
 * Return whether the block of the surface hides a place (x, y, z) below it.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {number[]} place
 * @param {{x: number, y: number, z: number}} eye
 */
export function isUnder(ground, box, place, eye) {
  if (ground.size < 2) return false;
  const target = [eye.x, eye.y, eye.z];
  /** @param {number} height */
  const reach = (height) => Math.min(1, (height - place[1]) / Math.max(target[1] - place[1], 1e-6));
  const [low, high] = [reach(BASE), reach(TALL)];
  for (let k = 0; k <= 14; k++) {
    const [x, y, z] = between(place, target, low + ((high - low) * k) / 14);
    if (y <= ground.height(box.u(x), box.v(z)) * TALL + 1e-6) return true;
  }
  return false;
}

/**
 * @param {number[]} from
 * @param {number[]} to
 * @param {number} part
 */
function between(from, to, part) {
  return [0, 1, 2].map((axis) => from[axis] + (to[axis] - from[axis]) * part);
}
