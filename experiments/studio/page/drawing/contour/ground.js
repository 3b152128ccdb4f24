/** The ground of the contour view: filled with colours, and the contour lines on it. */
import { ramp } from "../colours.js";
import { contourSegments } from "./marching.js";

const FINE = 512; // px per side of the filled ground
const LINES = 16;

/**
 * Draw the ground on a canvas of FINE x FINE, its first row at the highest v. Return null if there is no surface.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {any} theme
 */
export function filledGround(ground, theme) {
  if (ground.size < 2) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = FINE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
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

/**
 * Return the contour lines in plane coordinates: a Path2D of the fine ones, and one of every fourth.
 * @param {import("../ground.js").Ground} ground
 * @returns {[Path2D, Path2D]}
 */
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

/**
 * Stroke contour lines; every fourth one is thicker.
 * @param {CanvasRenderingContext2D} context
 * @param {[Path2D, Path2D]} paths
 * @param {{contour: string}} theme
 * @param {[number, number, number, number]} place pixels per u and per v, x of u = 0, y of v = 0
 * @param {number} line the width of a line, in pixels
 */
export function strokeContours(context, [fine, strong], theme, [scaleU, scaleV, x, y], line) {
  context.save();
  context.strokeStyle = theme.contour;
  /** @type {[Path2D, number][]} */
  const strokes = [[fine, 0.8], [strong, 1.5]];
  for (const [path, width] of strokes) {
    const placed = new Path2D();
    placed.addPath(path, { a: scaleU, b: 0, c: 0, d: -scaleV, e: x, f: y });
    context.lineWidth = width * line;
    context.stroke(placed);
  }
  context.restore();
}

/**
 * Draw the filled ground with its lines as one picture, which is used while the view moves.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {HTMLCanvasElement} filled
 * @param {[Path2D, Path2D]} paths
 * @param {any} theme
 */
export function linedGround(ground, filled, paths, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * FINE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(filled, 0, 0, canvas.width, canvas.height);
  const [u0, u1, v0, v1] = ground.extent;
  const [scaleU, scaleV] = [canvas.width / (u1 - u0), canvas.height / (v1 - v0)];
  strokeContours(context, paths, theme, [scaleU, scaleV, -u0 * scaleU, v1 * scaleV], 1.4);
  return canvas;
}
