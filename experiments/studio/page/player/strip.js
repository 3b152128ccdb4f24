/** The curve of the best losses of all runs shown, coloured by the agent that found each drop; it lies over the slider. */

import { COLOURS, fadeColour, themeOf } from "../drawing/colours.js";
import { paint, trace } from "../drawing/markers.js";
import { Stack } from "../drawing/stack.js";
import { askDrawing } from "../base/frames.js";
import { brief } from "../base/wording.js";
import { countUpTo } from "../base/search.js";

/** The plot's distance from the sides of the host; the slider below has the same (see style.css). */
export const MARGIN = { left: 14, right: 160, top: 8, bottom: 6 };
/** Gaps smaller than this part of the first are drawn at the bottom. */
const DEEPEST = 1e-6;
const LINE = 14; // px

/** @typedef {import("../film/film.js").Film} Film */

export class LossStrip {
  /** @type {Film[]} */
  #films = [];
  /** @type {string[]} */
  #names = [];
  /** @type {import("../film/story.js").Moment[][]} */
  #stories = [];
  #at = 0;
  #length = 1;
  #onFrame = () => this.#draw();

  /** @param {{theme: string, onSeek: (evaluations: number) => void}} given */
  constructor({ theme, onSeek }) {
    this.theme = theme;
    this.element = document.createElement("div");
    this.element.className = "strip";
    this.stack = new Stack(this.element, 1, () => this.#ask());
    const canvas = this.stack.canvases[0];
    canvas.removeAttribute("aria-hidden");
    canvas.setAttribute("role", "img");
    /** @param {PointerEvent} event */
    const seek = (event) => {
      if (!(event.buttons & 1)) return;
      const { left, width } = canvas.getBoundingClientRect();
      onSeek(Math.round(((event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * this.#length));
    };
    for (const name of /** @type {const} */ (["pointerdown", "pointermove"])) canvas.addEventListener(name, seek);
  }

  /**
   * @param {Film[]} films
   * @param {string[]} names
   * @param {import("../film/story.js").Moment[][]} stories
   */
  setFilms(films, names, stories) {
    [this.#films, this.#names, this.#stories] = [films, names, stories];
    this.#length = Math.max(1, ...films.map((film) => film.evaluations));
    this.#ask();
  }

  /** @param {number} at */
  show(at) {
    this.#at = at;
    const told = this.#films.map((film, i) => `${this.#names[i]} ${wordBest(film, at)}`);
    this.stack.canvases[0].setAttribute("aria-label", `Best loss after ${Math.round(at)} evaluations: ${told.join("; ")}`);
    this.#ask();
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    this.#ask();
  }

  #ask() {
    askDrawing(this.#onFrame);
  }

  #draw() {
    const context = this.stack.clearLayer(0);
    const { width, height } = this.stack;
    const theme = themeOf(this.theme);
    const y = heightsOf(this.#films, height);
    /** @param {number} at */
    const x = (at) => MARGIN.left + ((width - MARGIN.left - MARGIN.right) * at) / this.#length;
    context.fillStyle = theme.grid;
    context.fillRect(MARGIN.left, height - MARGIN.bottom + 1, width - MARGIN.left - MARGIN.right, 1);
    this.#films.forEach((film, side) => {
      drawRun(context, film, { x, y, at: Infinity, ink: fadeColour(theme.ink, 0.22), faint: true, dash: side ? [] : [5, 3] });
      drawRun(context, film, { x, y, at: this.#at, ink: theme.soft, faint: false, dash: side ? [] : [5, 3] });
      drawHandOvers(context, film, this.#stories[side] ?? [], { x, y, at: this.#at, theme });
    });
    context.fillStyle = theme.ink;
    context.fillRect(x(this.#at) - 0.75, 0, 1.5, height);
    this.#nameRuns(context, y, theme);
  }

  /**
   * Write each run's name and best loss at the right, at the height of its curve, but not over each other.
   * @param {CanvasRenderingContext2D} context
   * @param {(film: Film, loss: number) => number} y
   * @param {ReturnType<typeof themeOf>} theme
   */
  #nameRuns(context, y, theme) {
    const left = this.stack.width - MARGIN.right + 8;
    const bottom = this.stack.height - LINE / 2 - 1;
    const rows = this.#films.map((film, i) => {
      const best = film.bestAt(film.headAt(this.#at));
      return { i, top: best < 0 ? LINE : y(film, film.loss[best]), text: `${this.#names[i]}`, loss: wordBest(film, this.#at) };
    }).sort((a, b) => a.top - b.top);
    rows.forEach((row, k) => {
      const least = k ? rows[k - 1].top + LINE : LINE / 2;
      row.top = Math.max(least, Math.min(row.top, bottom - (rows.length - 1 - k) * LINE));
    });
    context.textBaseline = "middle";
    for (const { top, text, loss } of rows) {
      context.font = "700 12px system-ui, sans-serif";
      context.fillStyle = theme.ink;
      const wide = context.measureText(loss).width;
      context.fillText(loss, left, top);
      context.font = "11px system-ui, sans-serif";
      context.fillStyle = theme.soft;
      context.fillText(fitText(context, text, MARGIN.right - 16 - wide), left + wide + 5, top);
    }
  }
}

/**
 * Return the heights of losses in px: logarithmic in the distance from the least loss known.
 * @param {Film[]} films
 * @param {number} height
 */
function heightsOf(films, height) {
  const losses = films.flatMap((film) => [film.records[0], film.records.at(-1)].flatMap((i) => (i === undefined ? [] : [film.loss[i]])));
  const minimum = films[0]?.header.minimum ?? null;
  const most = Math.max(...losses);
  const last = Math.min(...losses);
  const least = minimum ?? last - 0.01 * (most - last || 1);
  const span = most - least || 1;
  const deepest = Math.min(0.5, Math.max(DEEPEST, (0.6 * (last - least)) / span));
  /** @type {(film: Film, loss: number) => number} */
  return (_, loss) => {
    const part = Math.log(Math.max((loss - least) / span, deepest)) / Math.log(deepest);
    return MARGIN.top + part * (height - MARGIN.top - MARGIN.bottom);
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Film} film
 * @param {{x: (at: number) => number, y: (film: Film, loss: number) => number, at: number, ink: string, faint: boolean, dash: number[]}} given
 */
function drawRun(context, film, { x, y, at, ink, faint, dash }) {
  const end = Math.min(at, film.evaluations);
  const shown = film.records.slice(0, countUpTo(film.records.map((i) => film.spent[i]), end));
  shown.forEach((index, k) => {
    const [here, next] = [film.spent[index], k + 1 < shown.length ? film.spent[shown[k + 1]] : end];
    const level = y(film, film.loss[index]);
    context.setLineDash(dash);
    strokeLine(context, x(here), level, x(next), level, ink, 1.6);
    context.setLineDash([]);
    if (!k) return;
    const colour = COLOURS[film.agent[index] % COLOURS.length];
    strokeLine(context, x(here), y(film, film.loss[shown[k - 1]]), x(here), level, faint ? fadeColour(colour, 0.3) : colour, faint ? 1.5 : 3.4);
  });
}

/**
 * Draw the marker of the giver where a point was handed over.
 * @param {CanvasRenderingContext2D} context
 * @param {Film} film
 * @param {import("../film/story.js").Moment[]} story
 * @param {{x: (at: number) => number, y: (film: Film, loss: number) => number, at: number, theme: ReturnType<typeof themeOf>}} given
 */
function drawHandOvers(context, film, story, { x, y, at, theme }) {
  for (const moment of story) {
    if (moment.kind !== "handed" || moment.weight < 0.3) continue;
    const best = film.bestAt(film.headAt(moment.at));
    if (best < 0) continue;
    context.globalAlpha = moment.at <= at ? 1 : 0.35;
    trace(context, moment.agent % 8, x(moment.at), y(film, film.loss[best]), 5);
    paint(context, COLOURS[moment.agent % COLOURS.length], theme.paper, 1.4, theme.rim);
    context.globalAlpha = 1;
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {string} colour
 * @param {number} width
 */
function strokeLine(context, x0, y0, x1, y1, colour, width) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/**
 * @param {Film} film
 * @param {number} at
 */
function wordBest(film, at) {
  const best = film.bestAt(film.headAt(at));
  return best < 0 ? "none" : brief(film.loss[best]);
}

/**
 * The last texts that were shortened: in most frames, the same ones are asked for.
 * @type {Map<string, string>}
 */
const fitted = new Map();
const MOST_FITTED = 64;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} room
 */
function fitText(context, text, room) {
  const key = `${Math.floor(room)} ${text}`;
  const known = fitted.get(key);
  if (known !== undefined) return known;
  if (fitted.size > MOST_FITTED) fitted.clear();
  let short = text;
  while (short.length > 1 && context.measureText(short === text ? text : `${short}…`).width > room) short = short.slice(0, -1);
  const found = short === text ? text : `${short.trimEnd()}…`;
  fitted.set(key, found);
  return found;
}
