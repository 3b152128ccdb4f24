/**
 * The landscape seen from above, drawn once as a picture. While a scene that a processor draws is moving, the picture lies on
 * the surface: to compute colours and contour lines anew for each pixel of each frame would take most of the time.
 */
import { ramp, toneOf } from "../colours.js";
import { CanvasTexture, LinearFilter, ShaderMaterial } from "../../vendor/three.js";

/** Contour lines between the lowest and the highest loss. */
export const LINES = 18;
export const STRENGTH = 0.5;
const SIDE = 1024; // px per side of the picture
const TONES = 4096;

// Light is computed at the corners of triangles, and frames of regions are drawn over the scene: a pixel needs only its place
// on the picture.
const QUICK_CORNERS = `attribute vec2 level; uniform float flat_at, flat_part; uniform vec2 spread; uniform vec3 ink, paper;
  uniform vec4 frames[MOST_FRAMES]; uniform int shown;
  varying vec2 at; varying vec4 more;
  void main() {
    at = 0.5 + position.xz * spread;
    more = mix(vec4(0.0, 0.0, 0.0, level.y), vec4(0.42 * paper, 0.58), flat_part);
    float outside = float(min(shown, 1));
    for (int k = 0; k < MOST_FRAMES; k++) {
      if (k >= shown) break;
      vec2 off = abs(position.xz - frames[k].xy) - frames[k].zw;
      outside *= step(0.0, max(off.x, off.y));
    }
    more = mix(more, vec4(mix(paper, ink, 0.35), 0.0), 0.16 * outside);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position.x, mix(position.y, flat_at, flat_part), position.z, 1.0);
  }`;
const QUICK = `uniform sampler2D picture; varying vec2 at; varying vec4 more;
  void main() { gl_FragColor = vec4(texture2D(picture, at).rgb * more.a + more.rgb, 1.0); }`;

/**
 * Create a material that draws the same as one of the surface or the floor, from a picture of the landscape.
 * @param {ShaderMaterial} fine
 * @param {CanvasTexture} picture
 * @param {import("./box.js").Box} box
 * @param {Record<string, unknown>} options
 */
export function quickMaterial(fine, picture, box, options) {
  return new ShaderMaterial({
    // Only what faces the eye is drawn: from above, it hides the rest.
    ...options, vertexShader: QUICK_CORNERS, fragmentShader: QUICK, defines: fine.defines,
    uniforms: { ...fine.uniforms, picture: { value: picture }, spread: { value: [0.5 / box.halfWide, -0.5 / box.halfDeep] } },
  });
}

/**
 * Return the colour of lines, [r, g, b], each 0 to 1.
 * @param {string} theme
 */
export function inkOf(theme) {
  return theme === "dark" ? [0.02, 0.04, 0.09] : [0.05, 0.1, 0.2];
}

/**
 * Draw the colours and contour lines of a Ground; the first row is at the lowest v. Places without a height are left empty.
 * @param {import("../ground.js").Ground} ground
 * @param {string} theme
 */
export function drawGround(ground, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  const colours = Array.from({ length: TONES + 1 }, (_, k) => ramp(theme, k / TONES).map((part) => 255 * part));
  const tones = Float32Array.from({ length: TONES + 1 }, (_, k) => LINES * toneOf(k / TONES));
  const ink = inkOf(theme).map((part) => 255 * part);
  let [row, below] = [new Float32Array(SIDE), new Float32Array(SIDE)];
  const heights = new Float32Array(SIDE);
  for (let y = 0; y < SIDE; y++) {
    [row, below] = [below, row];
    readRow(ground, ((y + 0.5) / SIDE) * (ground.size - 1), heights);
    for (let x = 0; x < SIDE; x++) {
      const place = Math.round(heights[x] * TONES) || 0;
      row[x] = tones[place];
      const line = lineAt(row[x], Math.abs(row[x] - row[x && x - 1]) + (y ? Math.abs(row[x] - below[x]) : 0));
      const colour = colours[place];
      const at = 4 * (y * SIDE + x);
      for (let part = 0; part < 3; part++) image.data[at + part] = colour[part] + (ink[part] - colour[part]) * line;
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  const texture = new CanvasTexture(canvas);
  texture.flipY = false;
  texture.generateMipmaps = false;
  texture.minFilter = texture.magFilter = LinearFilter;
  return texture;
}

/**
 * Write the heights along a row of the grid, which may lie between two.
 * @param {import("../ground.js").Ground} ground
 * @param {number} row
 * @param {Float32Array} to
 */
function readRow({ size, heights }, row, to) {
  const [low, part] = [Math.min(Math.floor(row), size - 2), row - Math.min(Math.floor(row), size - 2)];
  for (let x = 0; x < to.length; x++) {
    const along = ((x + 0.5) / to.length) * (size - 1);
    const column = Math.min(Math.floor(along), size - 2);
    const at = low * size + column;
    const first = heights[at] + (heights[at + size] - heights[at]) * part;
    const second = heights[at + 1] + (heights[at + size + 1] - heights[at + 1]) * part;
    to[x] = first + (second - first) * (along - column);
  }
}

/**
 * Return how strong a contour line is, as the surface's shader does.
 * @param {number} along the tone, in units of lines
 * @param {number} wide how much it changes from a pixel to the next
 */
function lineAt(along, wide) {
  const off = along - 0.5 - Math.floor(along - 0.5);
  const away = Math.abs(off - 0.5) / Math.max(wide, 0.0001);
  if (away >= 1.3) return 0;
  const part = Math.max(0, (away - 0.4) / 0.9);
  const third = along / 3 + 0.5 - Math.floor(along / 3 + 0.5);
  const strong = Math.abs(third - 0.5) <= 0.17 ? 1 : 0.55;
  return (1 - part * part * (3 - 2 * part)) * STRENGTH * strong * Math.min(1, Math.max(0, 1.6 - 2 * wide));
}
