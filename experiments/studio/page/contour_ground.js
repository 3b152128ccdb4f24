/** The landscape as a map: a filled ground, and crisp contour lines over it. */
import { ramp } from "./colours.js";
import { contourSegments } from "./marching.js";

const FINE = 512; // px a side of the filled ground
export const LINES = 16;

/** The ground as a canvas of FINE x FINE, its first row at the highest v; null without a surface. */
export function filledGround(ground, theme) {
  if (ground.size < 2) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = FINE;
  const context = canvas.getContext("2d");
  const image = context.createImageData(FINE, FINE);
  const colours = Array.from({ length: 256 }, (_, k) => ramp(theme, k / 255).map((value) => Math.round(value * 255)));
  const [u0, u1, v0, v1] = ground.extent;
  for (let row = 0; row < FINE; row++) {
    const v = v1 + ((v0 - v1) * (row + 0.5)) / FINE;
    for (let column = 0; column < FINE; column++) {
      const height = ground.height(u0 + ((u1 - u0) * (column + 0.5)) / FINE, v);
      if (Number.isNaN(height)) continue;
      const at = 4 * (row * FINE + column);
      image.data.set(colours[Math.round(height * 255)], at);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Contour lines in plane coordinates: a Path2D of all, and one of every fourth. */
export function contourPaths(ground) {
  const [all, strong] = [new Path2D(), new Path2D()];
  const [u0, u1, v0, v1] = ground.extent;
  const last = ground.size - 1;
  for (let k = 1; k < LINES; k++) {
    const segments = contourSegments(ground.heights, ground.size, k / LINES);
    const path = k % 4 ? all : strong;
    for (let s = 0; s < segments.length; s += 4) {
      path.moveTo(u0 + ((u1 - u0) * segments[s]) / last, v0 + ((v1 - v0) * segments[s + 1]) / last);
      path.lineTo(u0 + ((u1 - u0) * segments[s + 2]) / last, v0 + ((v1 - v0) * segments[s + 3]) / last);
    }
  }
  return [all, strong];
}
