/** The landscape as a shaded surface with contour lines, over a floor with a grid. */
import { FLOOR, TALL } from "./box.js";
import { ramp, rgb, themeOf } from "../colours.js";
import { contourSegments } from "../contour/marching.js";
import { BufferAttribute, BufferGeometry, DoubleSide, LineSegments, Mesh, ShaderMaterial } from "../../vendor/three.js";

/** @typedef {import("../ground.js").Ground} Ground */

const LINES = 16;
const STUB = 0.02; // how far the grid's lines extend beyond the floor as tick marks
// Lines and points lie on the surface, so it is drawn slightly farther away.
const GIVES_WAY = { side: DoubleSide, polygonOffset: true, polygonOffsetFactor: 1.5, polygonOffsetUnits: 2 };
const SUN = [-0.48, 0.78, 0.4];

const COLOURED = `attribute vec4 tint; varying vec4 shown;
  void main() { shown = tint; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`;
const AS_IT_IS = `varying vec4 shown; void main() { gl_FragColor = shown; }`;

/** Create a material with one colour per vertex: shading is computed when the surface changes, not in every frame. */
export function ownColours(options = {}) {
  return new ShaderMaterial({ vertexShader: COLOURED, fragmentShader: AS_IT_IS, ...options });
}

/**
 * Create a geometry of places (x, y, z, ...) and colours (r, g, b, a, ...).
 * @param {ArrayLike<number>} places
 * @param {ArrayLike<number>} tints
 */
export function colouredGeometry(places, tints) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(Float32Array.from(places), 3));
  geometry.setAttribute("tint", new BufferAttribute(Float32Array.from(tints), 4));
  return geometry;
}

/**
 * Return functions that convert columns and rows of the ground's grid to places in the box: {x(column), z(row)}.
 * @param {Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 */
function gridPlaces({ size, extent: [u0, u1, v0, v1] }, box) {
  return {
    x: (/** @type {number} */ column) => box.x(u0 + ((u1 - u0) * column) / (size - 1)),
    z: (/** @type {number} */ row) => box.z(v0 + ((v1 - v0) * row) / (size - 1)),
  };
}

/**
 * Create the surface of a Ground as a mesh; cells without a height are left out.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {string} theme
 */
export function surfaceMesh(ground, box, theme) {
  const { size, heights } = ground;
  const grid = gridPlaces(ground, box);
  const places = new Float32Array(size * size * 3);
  const tints = new Float32Array(size * size * 4);
  for (let k = 0; k < size * size; k++) {
    const [i, j] = [k % size, Math.floor(k / size)];
    places[3 * k] = grid.x(i);
    places[3 * k + 1] = Number.isNaN(heights[k]) ? 0 : heights[k] * TALL;
    places[3 * k + 2] = grid.z(j);
    const light = shade(ground, box, i, j);
    const colour = ramp(theme, heights[k]);
    tints.set([...colour.map((value) => Math.min(value * light, 1)), 1], 4 * k);
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(places, 3));
  geometry.setAttribute("tint", new BufferAttribute(tints, 4));
  geometry.setIndex(new BufferAttribute(triangles(ground), 1));
  return new Mesh(geometry, ownColours(GIVES_WAY));
}

/**
 * Create the sides between the surface and the floor, so that they look like a solid block.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {string} theme
 */
export function sideMesh(ground, box, theme) {
  const { size, heights } = ground;
  const grid = gridPlaces(ground, box);
  /** @type {number[]} */
  const places = [];
  /** @type {number[]} */
  const tints = [];
  const low = rgb(themeOf(theme).side);
  /** @type {[number, (k: number) => [number, number]][]} the brightness of a side, and the places of its corners on the grid */
  const borders = [
    [0.97, (k) => [k, 0]], [0.9, (k) => [k, size - 1]], [0.93, (k) => [0, k]], [0.88, (k) => [size - 1, k]],
  ];
  for (const [shade, corner] of borders) {
    const tint = [...low.map((value) => value * shade), 1];
    for (let k = 0; k < size - 1; k++) {
      const [a, b] = [corner(k), corner(k + 1)].map(([i, j]) => [
        grid.x(i), heights[j * size + i] * TALL, grid.z(j),
      ]);
      if (Number.isNaN(a[1] + b[1])) continue;
      const [c, d] = [a, b].map(([x, , z]) => [x, FLOOR, z]);
      places.push(...c, ...d, ...b, ...c, ...b, ...a);
      for (let corners = 0; corners < 6; corners++) tints.push(...tint);
    }
  }
  return new Mesh(colouredGeometry(places, tints), ownColours(GIVES_WAY));
}

/**
 * Create lines on the sides at the ticks of the loss axis.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {string} theme
 * @param {import("../../types.d.ts").Scale} scale
 */
export function sideLines(ground, box, theme, scale) {
  const { size, heights } = ground;
  const grid = gridPlaces(ground, box);
  const places = [];
  const ends = [[0, 0, 1, 0], [0, size - 1, 1, 0], [0, 0, 0, 1], [size - 1, 0, 0, 1]];
  for (const [i0, j0, di, dj] of ends) {
    for (let k = 0; k < size - 1; k++) {
      const corners = [k, k + 1].map((step) => [i0 + step * di, j0 + step * dj]);
      const lower = Math.min(...corners.map(([i, j]) => heights[j * size + i]));
      for (const { height } of scale.ticks) {
        if (!(height < lower)) continue;
        for (const [i, j] of corners) {
          places.push(grid.x(i), height * TALL, grid.z(j));
        }
      }
    }
  }
  const tint = [...rgb(theme === "dark" ? "#ffffff" : "#1c2530"), 0.13];
  const tints = Array.from({ length: places.length / 3 }, () => tint).flat();
  return new LineSegments(colouredGeometry(places, tints), ownColours({ transparent: true, depthWrite: false }));
}

/** @param {Ground} ground */
function triangles({ size, heights }) {
  const corners = [];
  for (let j = 0; j < size - 1; j++) {
    for (let i = 0; i < size - 1; i++) {
      const at = j * size + i;
      const [a, b, c, d] = [at, at + 1, at + size + 1, at + size];
      if (Number.isNaN(heights[a] + heights[b] + heights[c] + heights[d])) continue;
      // Split along the flatter diagonal, so that ridges and valleys are not jagged.
      if (Math.abs(heights[a] - heights[c]) < Math.abs(heights[b] - heights[d])) corners.push(a, b, c, a, c, d);
      else corners.push(a, b, d, b, c, d);
    }
  }
  return Uint32Array.from(corners);
}

/**
 * @param {Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {number} i
 * @param {number} j
 */
function shade({ size, heights, extent }, box, i, j) {
  /**
   * @param {number} column
   * @param {number} row
   */
  const at = (column, row) => {
    const value = heights[clamp(row, size) * size + clamp(column, size)];
    return Number.isNaN(value) ? heights[j * size + i] : value;
  };
  const stepU = (extent[1] - extent[0]) / (size - 1) / box.side;
  const stepV = (extent[3] - extent[2]) / (size - 1) / box.side;
  const slopeX = ((at(i + 1, j) - at(i - 1, j)) * TALL) / (2 * stepU);
  const slopeZ = (-(at(i, j + 1) - at(i, j - 1)) * TALL) / (2 * stepV);
  const length = Math.hypot(slopeX, 1, slopeZ);
  const facing = (-slopeX * SUN[0] + SUN[1] - slopeZ * SUN[2]) / length;
  return Number.isNaN(facing) ? 1 : 0.72 + 0.36 * Math.max(facing, -0.2);
}

/**
 * @param {number} value
 * @param {number} size
 */
function clamp(value, size) {
  return Math.min(Math.max(value, 0), size - 1);
}

/**
 * Create contour lines on the surface, evenly spaced in height: every fourth one if `strong`, otherwise the others.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {string} theme
 * @param {boolean} strong
 */
export function surfaceLines(ground, box, theme, strong) {
  const places = [];
  const tints = [];
  const grid = gridPlaces(ground, box);
  const ink = theme === "dark" ? [0.9, 0.94, 1] : [0.1, 0.15, 0.22];
  for (let k = 1; k < LINES; k++) {
    if ((k % 4 === 0) !== strong) continue;
    const segments = contourSegments(ground.heights, ground.size, k / LINES);
    for (let s = 0; s < segments.length; s += 2) {
      places.push(grid.x(segments[s]), (k / LINES) * TALL, grid.z(segments[s + 1]));
      tints.push(...ink, (theme === "dark" ? 0.2 : 0.24) * (strong ? 1.5 : 1));
    }
  }
  return new LineSegments(colouredGeometry(places, tints), ownColours({ transparent: true, depthWrite: false }));
}

/**
 * Create the frame of the floor, and its grid at the ticks [us, vs].
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {{grid: string}} theme
 * @param {[number[], number[]]} ticks
 */
export function floorLines(box, theme, [us, vs]) {
  const [wide, deep] = [box.halfWide, box.halfDeep];
  /** @type {number[]} */
  const places = [];
  /**
   * @param {number} x0
   * @param {number} z0
   * @param {number} x1
   * @param {number} z1
   */
  const line = (x0, z0, x1, z1) => places.push(x0, FLOOR, z0, x1, FLOOR, z1);
  for (const x of [-wide, wide]) line(x, -deep, x, deep);
  for (const z of [-deep, deep]) line(-wide, z, wide, z);
  for (const x of us.map((u) => box.x(u))) line(x, -deep - STUB, x, deep + STUB);
  for (const z of vs.map((v) => box.z(v))) line(-wide - STUB, z, wide + STUB, z);
  const tint = [...rgb(theme.grid), 1];
  const tints = Array.from({ length: places.length / 3 }, () => tint).flat();
  return new LineSegments(colouredGeometry(places, tints), ownColours());
}
