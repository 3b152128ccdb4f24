/** A small picture of a race that moves: real runs, drawn from above on a canvas from the few bytes that `loops.json` holds. */

import { COLOURS, ramp, themeOf } from "../drawing/colours.js";
import { traceStar } from "../drawing/markers.js";

/** Seconds in which a run is shown, and for which its end stays. */
const SECONDS = 5;
const HOLD = 2;
const GAP = 6;
/** Points are young for this share of a run. */
const YOUNG = 0.06;

/**
 * @typedef {object} SideLoop
 * @property {number} size
 * @property {Uint8Array} surface
 * @property {Uint8Array} u
 * @property {Uint8Array} v
 * @property {Uint8Array} agent
 * @property {number[]} records
 * @typedef {{size: number, surface?: string, u: string, v: string, agent: string, records: number[]}} StoredLoop
 */

export class Loop {
  /** @type {(HTMLCanvasElement|null)[]} */
  #grounds = [];
  #theme = "";

  /** @param {StoredLoop[]} stored the sides of a question */
  constructor(stored) {
    const surface = decodeBytes(stored[0].surface ?? "");
    /** @type {SideLoop[]} */
    this.sides = stored.map((side) => ({
      size: side.size, surface: side.surface ? decodeBytes(side.surface) : surface,
      u: decodeBytes(side.u), v: decodeBytes(side.v), agent: decodeBytes(side.agent), records: side.records,
    }));
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
  }

  /**
   * Draw the moment after some seconds; it starts again and again. Infinity is the end.
   * @param {number} seconds
   * @param {string} theme
   */
  draw(seconds, theme) {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const size = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    if (theme !== this.#theme) this.#grounds = this.sides.map((side) => paintGround(side, theme));
    this.#theme = theme;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const part = Number.isFinite(seconds) ? Math.min(1, (seconds % (SECONDS + HOLD)) / SECONDS) : 1;
    const each = (width - GAP * (this.sides.length - 1)) / this.sides.length;
    this.sides.forEach((side, i) => {
      context.save();
      context.translate(i * (each + GAP), 0);
      context.beginPath();
      context.roundRect(0, 0, each, height, 5);
      context.clip();
      const ground = this.#grounds[i];
      if (ground) context.drawImage(ground, 0, 0, each, height);
      drawPoints(context, side, part, [each, height], theme);
      context.restore();
    });
  }
}

/**
 * @param {string} text in base64
 * @returns {Uint8Array}
 */
function decodeBytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/**
 * Paint the surface by its heights, its first row below.
 * @param {SideLoop} side
 * @param {string} theme
 */
function paintGround({ size, surface }, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (!context) return null;
  const image = context.createImageData(size, size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const colour = ramp(theme, surface[row * size + column] / 255);
      const at = 4 * ((size - 1 - row) * size + column);
      image.data.set([...colour.map((value) => Math.round(255 * value)), 255], at);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * Draw the points up to a part of the run: young ones bright and in a ring, old ones faint, and a star at the best.
 * @param {CanvasRenderingContext2D} context
 * @param {SideLoop} side
 * @param {number} part
 * @param {[number, number]} size
 * @param {string} theme
 */
function drawPoints(context, { u, v, agent, records }, part, [width, height], theme) {
  const shown = Math.max(1, Math.round(part * u.length));
  /** @type {(i: number) => [number, number]} */
  const place = (i) => [(u[i] / 255) * width, (1 - v[i] / 255) * height];
  const { edge, rim, star } = themeOf(theme);
  for (let i = 0; i < shown; i++) {
    const age = (shown - i) / (YOUNG * u.length);
    const young = part < 1 && age < 1;
    const [x, y] = place(i);
    context.globalAlpha = young ? 1 : 0.5;
    context.fillStyle = COLOURS[agent[i] % COLOURS.length];
    context.strokeStyle = edge;
    context.lineWidth = 0.8;
    context.beginPath();
    context.arc(x, y, young ? 3.2 : 2, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    if (!young) continue;
    context.globalAlpha = 1 - age;
    context.strokeStyle = COLOURS[agent[i] % COLOURS.length];
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(x, y, 4 + 7 * age, 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 1;
  const best = records.filter((i) => i < shown).at(-1);
  if (best === undefined) return;
  traceStar(context, ...place(best), 7);
  context.fillStyle = star;
  context.strokeStyle = rim;
  context.lineWidth = 1.2;
  context.fill();
  context.stroke();
}
