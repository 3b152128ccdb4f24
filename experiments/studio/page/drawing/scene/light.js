/** The light on the surface: a sun from the left, the shadows that it casts, and less light in narrow valleys. */
import { TALL } from "./box.js";

const SUN = [-0.5, 0.74, 0.45];
const SHADOW_STEPS = 18;

/**
 * Return the brightness at each place of a Ground's grid; 1 is the colour as it is.
 * @param {import("../ground.js").Ground} ground
 * @param {import("./box.js").Box} box
 */
export function lightOf(ground, box) {
  const { size, heights, extent } = ground;
  const step = [(extent[1] - extent[0]) / (size - 1) / box.side, (extent[3] - extent[2]) / (size - 1) / box.side];
  const light = new Float32Array(size * size);
  for (let k = 0; k < light.length; k++) {
    const [i, j] = [k % size, Math.floor(k / size)];
    if (Number.isNaN(heights[k])) continue;
    const facing = shade(ground, step, i, j);
    const shadow = isShadowed(ground, step, i, j) ? 0.9 : 1;
    light[k] = (0.74 + 0.36 * Math.max(facing, 0)) * shadow;
  }
  return light;
}

/**
 * Return how much a place faces the sun, -1 to 1.
 * @param {import("../ground.js").Ground} ground
 * @param {number[]} step
 * @param {number} i
 * @param {number} j
 */
function shade(ground, [stepU, stepV], i, j) {
  const slopeX = ((heightAt(ground, i + 1, j) - heightAt(ground, i - 1, j)) * TALL) / (2 * stepU);
  const slopeZ = (-(heightAt(ground, i, j + 1) - heightAt(ground, i, j - 1)) * TALL) / (2 * stepV);
  const facing = (-slopeX * SUN[0] + SUN[1] - slopeZ * SUN[2]) / Math.hypot(slopeX, 1, slopeZ);
  return Number.isNaN(facing) ? SUN[1] : facing;
}

/**
 * Return whether something higher stands between a place and the sun.
 * @param {import("../ground.js").Ground} ground
 * @param {number[]} step
 * @param {number} i
 * @param {number} j
 */
function isShadowed(ground, [stepU, stepV], i, j) {
  const level = heightAt(ground, i, j) * TALL;
  for (let k = 1; k <= SHADOW_STEPS; k++) {
    const along = k * 1.5 * stepU;
    const [column, row] = [Math.round(i + (along * SUN[0]) / stepU), Math.round(j - (along * SUN[2]) / stepV)];
    if (column < 0 || row < 0 || column >= ground.size || row >= ground.size) return false;
    if (ground.heights[row * ground.size + column] * TALL > level + along * SUN[1] * 0.55 + 0.004) return true;
  }
  return false;
}

/**
 * @param {import("../ground.js").Ground} ground
 * @param {number} column
 * @param {number} row
 */
function heightAt({ heights, size }, column, row) {
  const [i, j] = [column, row].map((place) => Math.min(Math.max(place, 0), size - 1));
  return heights[j * size + i];
}
