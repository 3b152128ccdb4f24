/** The landscape as a shaded surface with contour lines, and as a map on the floor below it. */
import { BASE, FLOOR, TALL } from "./box.js";
import { ramp, rgb, themeOf, TONE } from "../colours.js";
import { lightOf } from "./light.js";
import { drawGround, inkOf, LINES, quickMaterial, STRENGTH } from "./picture.js";
import {
  BufferAttribute, BufferGeometry, CanvasTexture, DoubleSide, LinearFilter, LineSegments, Mesh, ShaderMaterial,
} from "../../vendor/three.js";

/** @typedef {import("../ground.js").Ground} Ground */

/** The most regions that are framed on the surface. */
export const MOST_FRAMES = 6;
/** Columns of a band of triangles: two rows of its places are fewer than a processor that draws remembers. */
const BAND = 8;
// Lines and points lie on the surface, so it is drawn slightly farther away.
const GIVES_WAY = { polygonOffset: true, polygonOffsetFactor: 1.5, polygonOffsetUnits: 2 };

const COLOURED = `attribute vec4 tint; varying vec4 shown;
  void main() { shown = tint; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`;
const AS_IT_IS = `varying vec4 shown; void main() { gl_FragColor = shown; }`;

const SHADED = `attribute vec2 level; uniform float flat_at, flat_part; varying vec2 about, ground_at;
  void main() {
    about = level;
    ground_at = position.xz;
    vec3 place = vec3(position.x, mix(position.y, flat_at, flat_part), position.z);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(place, 1.0);
  }`;
// The contour lines are drawn per pixel, so that they are thin from nearby too; where they would run together, they fade.
const LINED = `uniform sampler2D ramp; uniform vec3 ink, paper; uniform float lines, strength, flat_part;
  uniform vec4 frames[MOST_FRAMES]; uniform vec3 tints[MOST_FRAMES]; uniform int shown;
  varying vec2 about, ground_at;
  void main() {
    float tone = pow(clamp(about.x, 0.0, 1.0), ${TONE});
    vec3 colour = texture2D(ramp, vec2(tone, 0.5)).rgb;
    colour = mix(colour * about.y, mix(colour, paper, 0.42), flat_part);
    float along = tone * lines;
    float wide = fwidth(along);
    float line = 1.0 - smoothstep(0.4, 1.3, abs(fract(along - 0.5) - 0.5) / max(wide, 0.0001));
    float strong = step(abs(fract(along / 3.0 + 0.5) - 0.5), 0.17) * 0.45 + 0.55;
    colour = mix(colour, ink, line * strength * strong * clamp(1.6 - 2.0 * wide, 0.0, 1.0));
    // Outside the regions that are searched, there is less light. Their frames are as wide wherever they are.
    float outside = float(min(shown, 1));
    for (int k = 0; k < MOST_FRAMES; k++) {
      if (k >= shown) break;
      vec2 off = abs(ground_at - frames[k].xy) - frames[k].zw;
      float away = max(off.x, off.y);
      float pixels = abs(away) / max(fwidth(away), 0.00001);
      float inside = 1.0 - step(0.0, away);
      outside *= 1.0 - inside;
      colour = mix(colour, tints[k], 0.14 * inside);
      colour = mix(colour, paper, 0.85 * (1.0 - smoothstep(2.8, 3.6, pixels)));
      colour = mix(colour, tints[k], 1.0 - smoothstep(1.6, 2.3, pixels));
    }
    colour = mix(colour, mix(paper, ink, 0.35), 0.16 * outside);
    gl_FragColor = vec4(colour, 1.0);
  }`;

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
 * Create the surface of a Ground and its map on the floor; cells without a height are left out.
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 * @param {string} theme
 */
export function surfaceMeshes(ground, box, theme) {
  const { size, heights } = ground;
  const grid = gridPlaces(ground, box);
  const places = new Float32Array(size * size * 3);
  const levels = new Float32Array(size * size * 2);
  const light = lightOf(ground, box);
  for (let k = 0; k < size * size; k++) {
    const height = Number.isNaN(heights[k]) ? 0 : heights[k];
    places.set([grid.x(k % size), height * TALL, grid.z(Math.floor(k / size))], 3 * k);
    levels.set([height, light[k]], 2 * k);
  }
  // The floor is flat, so that fewer places along each side are enough, unless it has holes.
  const coarsest = heights.some(Number.isNaN) ? 4 : 8;
  const colours = rampTexture(theme);
  /** @type {CanvasTexture|undefined} */
  let picture;
  // The picture is drawn when it is first needed, and only then.
  const draw = (/** @type {ShaderMaterial} */ fine) => quickMaterial(fine, picture ??= drawGround(ground, theme), box, GIVES_WAY);
  return [[1, 2], [2, coarsest]].map((steps, flat) => {
    const [fine, coarse] = steps.map((step) => ((size - 1) % step ? 1 : step)).map((step) => makeBands(triangles(ground, step), places, levels));
    return detailedMesh(fine, coarse, shadedMaterial(colours, theme, flat), draw);
  });
}

/**
 * Create a geometry of these triangles alone, with its places numbered as they come: a processor that draws keeps the last
 * places that it has computed, and finds those of a narrow band of triangles again.
 * @param {Uint32Array} corners
 * @param {Float32Array} places
 * @param {Float32Array} levels
 */
function makeBands(corners, places, levels) {
  const numbers = new Map();
  const renumbered = corners.map((corner) => {
    if (!numbers.has(corner)) numbers.set(corner, numbers.size);
    return numbers.get(corner);
  });
  const used = [...numbers.keys()];
  const geometry = new BufferGeometry();
  geometry.setIndex(new BufferAttribute(renumbered, 1));
  for (const [name, from, parts] of /** @type {[string, Float32Array, number][]} */ ([["position", places, 3], ["level", levels, 2]])) {
    geometry.setAttribute(name, new BufferAttribute(Float32Array.from({ length: used.length * parts }, (_, k) => from[used[Math.floor(k / parts)] * parts + (k % parts)]), parts));
  }
  return geometry;
}

/**
 * Create a mesh with two levels of detail; `userData.detail(fine)` changes between them, and `userData.dispose()` gives back
 * what both need.
 * @param {BufferGeometry} fine
 * @param {BufferGeometry} coarse
 * @param {ShaderMaterial} material
 * @param {(fine: ShaderMaterial) => ShaderMaterial} simplify returns the material of the coarse level
 */
function detailedMesh(fine, coarse, material, simplify) {
  const mesh = new Mesh(fine, material);
  /** @type {ShaderMaterial|undefined} */
  let quick;
  mesh.userData.detail = (/** @type {boolean} */ all) => {
    mesh.geometry = all ? fine : coarse;
    mesh.material = all ? material : quick ??= simplify(material);
  };
  mesh.userData.dispose = () => {
    fine.dispose();
    coarse.dispose();
    material.dispose();
    quick?.uniforms.picture.value.dispose();
    quick?.dispose();
  };
  return mesh;
}

/**
 * @param {CanvasTexture} colours
 * @param {string} theme
 * @param {number} flat 1 for the map on the floor
 */
function shadedMaterial(colours, theme, flat) {
  return new ShaderMaterial({
    vertexShader: SHADED, fragmentShader: LINED, defines: { MOST_FRAMES }, side: DoubleSide, ...GIVES_WAY,
    uniforms: {
      ramp: { value: colours }, ink: { value: inkOf(theme) }, paper: { value: rgb(themeOf(theme).paper) }, lines: { value: LINES },
      strength: { value: flat ? 0.4 : STRENGTH }, flat_at: { value: FLOOR }, flat_part: { value: flat },
      shown: { value: 0 }, frames: { value: new Float32Array(4 * MOST_FRAMES) }, tints: { value: new Float32Array(3 * MOST_FRAMES) },
    },
  });
}

/** @param {string} theme */
function rampTexture(theme) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [256, 1];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(256, 1);
  for (let k = 0; k < 256; k++) {
    const colour = ramp(theme, (k / 255) ** (1 / TONE)).map((value) => Math.round(value * 255));
    image.data.set([...colour, 255], 4 * k);
  }
  context.putImageData(image, 0, 0);
  const texture = new CanvasTexture(canvas);
  texture.generateMipmaps = false;
  texture.minFilter = texture.magFilter = LinearFilter;
  return texture;
}

/**
 * Create the sides of the surface, so that it looks like a cut block.
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
  /** @type {[number, (k: number) => [number, number]][]} the brightness of a side, and the places of its corners on the grid */
  const borders = [
    [0.86, (k) => [k, 0]], [0.7, (k) => [k, size - 1]], [0.78, (k) => [0, k]], [0.66, (k) => [size - 1, k]],
  ];
  for (const [shade, corner] of borders) {
    for (let k = 0; k < size - 1; k++) {
      const pair = [corner(k), corner(k + 1)];
      const [a, b] = pair.map(([i, j]) => [grid.x(i), heights[j * size + i] * TALL, grid.z(j)]);
      if (Number.isNaN(a[1] + b[1])) continue;
      const [c, d] = [a, b].map(([x, , z]) => [x, BASE, z]);
      places.push(...c, ...d, ...b, ...c, ...b, ...a);
      const [tintA, tintB] = [a, b].map((place) => [...ramp(theme, place[1] / TALL).map((value) => value * shade), 1]);
      tints.push(...tintA, ...tintB, ...tintB, ...tintA, ...tintB, ...tintA);
    }
  }
  return new Mesh(colouredGeometry(places, tints), ownColours({ side: DoubleSide, ...GIVES_WAY }));
}

/**
 * Return the corners of the triangles between every `step`th place of the grid, in bands of a few columns.
 * @param {Ground} ground
 * @param {number} step
 */
function triangles({ size, heights }, step) {
  const corners = [];
  for (let band = 0; band < size - step; band += BAND * step) {
    for (let j = 0; j < size - step; j += step) {
      for (let i = band; i < Math.min(band + BAND * step, size - step); i += step) {
        const at = j * size + i;
        const [a, b, c, d] = [at, at + step, at + step * (size + 1), at + step * size];
        if (Number.isNaN(heights[a] + heights[b] + heights[c] + heights[d])) continue;
        // Split along the flatter diagonal, so that ridges and valleys are not jagged.
        if (Math.abs(heights[a] - heights[c]) < Math.abs(heights[b] - heights[d])) corners.push(a, b, c, a, c, d);
        else corners.push(a, b, d, b, c, d);
      }
    }
  }
  return Uint32Array.from(corners);
}

/**
 * Create the frame of the floor, and without a map its grid at the ticks [us, vs].
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
  for (const x of us.map((u) => box.x(u))) line(x, -deep, x, deep);
  for (const z of vs.map((v) => box.z(v))) line(-wide, z, wide, z);
  const tint = [...rgb(theme.grid), 1];
  const tints = Array.from({ length: places.length / 3 }, () => tint).flat();
  return new LineSegments(colouredGeometry(places, tints), ownColours());
}
