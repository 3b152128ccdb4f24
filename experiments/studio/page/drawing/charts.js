/** Step charts: each value holds until the next one. */
import { askDrawing, cancelFrame } from "../base/frames.js";
import { themeOf } from "./colours.js";
import { paint, trace } from "./markers.js";
import { formatNumber, linearTicks, logTicks } from "./numbers.js";
import { Stack } from "./stack.js";

const MARGIN = { left: 54, right: 12, top: 24, bottom: 34 };
/** @type {("pointerdown"|"pointermove")[]} */
const POINTS = ["pointerdown", "pointermove"];
const FONT = "12px system-ui, sans-serif";

/**
 * @typedef {{name: string, colour: string, dash?: number[], shape?: number, x: number[]|Float64Array,
 *   y: number[]|Float64Array, low?: number[]|null, high?: number[]|null}} Series
 * @typedef {{series: Series[], range: [number, number], at: number|null, title: string, xName: string, log: boolean,
 *   xLog?: boolean, until?: number, floor?: number, ceiling?: number, label?: string}} Data
 * @typedef {{left: number, right: number, top: number, bottom: number}} Plot
 * @typedef {ReturnType<typeof scales>} Scales
 * @typedef {ReturnType<typeof themeOf>} Colours
 */

/**
 * A chart that fills its host.
 *
 * `set({series, range, at, title, xName, log, until, floor})`: `series` are [{name, colour, dash, x, y}] with increasing
 * x; values of y that are not finite are left out. `range` is [low, high] of x. `at` is the position of the cursor. `log`
 * is false for a linear y axis; otherwise it is logarithmic if all values are positive. Each value holds until the next,
 * the last one until `until` (by default, where the longest series ends). `floor` and `ceiling` are values that the y axis includes.
 * `xLog` is true for a logarithmic x axis. A series with `low` and `high` has a band between them, and one with `shape`
 * has marks of that shape. `label` describes the chart for those who do not see it; by default, its last values do.
 */
export class LineChart {
  /** @type {Data} */
  #data = { series: [], range: [0, 1], at: null, title: "", xName: "", log: true };
  #onFrame = () => this.#draw();
  #seen = false;

  /**
   * @param {HTMLElement} host
   * @param {{theme?: string, onSeek?: ((x: number) => void)|null}} given `onSeek` is called when the chart is clicked or
   *   dragged over
   */
  constructor(host, { theme = "light", onSeek = null } = {}) {
    this.theme = theme;
    this.onSeek = onSeek;
    this.stack = new Stack(host, 1, () => this.#ask());
    this.canvas = this.stack.canvases[0];
    this.canvas.removeAttribute("aria-hidden");
    this.canvas.setAttribute("role", "img");
    this.canvas.style.touchAction = "pan-y";
    /** @param {PointerEvent} event */
    this.seek = (event) => this.#seek(event);
    for (const name of POINTS) this.canvas.addEventListener(name, this.seek);
    // A chart that is not in the window is drawn when it comes into it.
    this.watcher = new IntersectionObserver((entries) => {
      this.#seen = entries[entries.length - 1].isIntersecting;
      this.#ask();
    });
    this.watcher.observe(host);
    this.stack.measure();
  }

  /** @param {Partial<Data>} data */
  set(data) {
    this.#data = { ...this.#data, ...data };
    this.canvas.setAttribute("aria-label", this.#data.label ?? describeChart(this.#data));
    this.#ask();
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    this.#ask();
  }

  /** Draw at once, because a print will not wait for the next frame. */
  drawNow() {
    this.stack.measure();
    cancelFrame(this.#onFrame);
    this.#draw();
  }

  dispose() {
    this.watcher.disconnect();
    cancelFrame(this.#onFrame);
    for (const name of POINTS) this.canvas.removeEventListener(name, this.seek);
    this.stack.dispose();
  }

  #ask() {
    if (this.#seen) askDrawing(this.#onFrame);
  }

  /** @returns {Plot} */
  #plot() {
    const { width, height } = this.stack;
    return {
      left: MARGIN.left, right: Math.max(width - MARGIN.right, MARGIN.left + 10),
      top: MARGIN.top, bottom: Math.max(height - MARGIN.bottom, MARGIN.top + 10),
    };
  }

  /** @param {PointerEvent} event */
  #seek(event) {
    if (!this.onSeek || !(event.buttons & 1)) return;
    if (event.type === "pointerdown") this.canvas.setPointerCapture(event.pointerId);
    const { left, right } = this.#plot();
    const part = (event.clientX - this.canvas.getBoundingClientRect().left - left) / (right - left);
    const [low, high] = this.#data.range;
    const along = Math.min(Math.max(part, 0), 1);
    this.onSeek(this.#data.xLog ? low * (high / low) ** along : low + (high - low) * along);
  }

  #draw() {
    const context = this.stack.clearLayer(0);
    const theme = themeOf(this.theme);
    const plot = this.#plot();
    const scale = scales(this.#data, plot);
    drawGrid(context, this.#data, plot, scale, theme);
    context.save();
    context.beginPath();
    context.rect(plot.left, plot.top - 2, plot.right - plot.left + 1, plot.bottom - plot.top + 4);
    context.clip();
    const until = this.#data.until ?? Math.max(...this.#data.series.map(({ x }) => x[x.length - 1] ?? -Infinity));
    for (const one of this.#data.series) drawBand(context, one, scale, until);
    for (const one of this.#data.series) drawSteps(context, one, scale, until);
    drawCursor(context, this.#data, plot, scale, theme);
    context.restore();
    // Marks at the ends of the plot are whole; those beyond it are left out.
    this.#data.series.forEach((one, k) => drawMarks(context, one, plot, scale, theme, k / this.#data.series.length));
  }
}

/**
 * Return the conversion of data to pixels: {x(value), y(value), log, low, high}.
 * @param {Data} data
 * @param {Plot} plot
 */
function scales({ series, range, log, xLog, floor, ceiling }, plot) {
  let [low, high] = [Infinity, -Infinity];
  for (const one of series) {
    for (const values of [one.y, one.low ?? [], one.high ?? []]) {
      for (const value of values) {
        if (!Number.isFinite(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (floor !== undefined && Number.isFinite(floor) && low <= high) low = Math.min(low, floor);
  if (ceiling !== undefined && Number.isFinite(ceiling) && low <= high) high = Math.max(high, ceiling);
  if (!(low <= high)) [low, high] = [0, 1];
  const logarithmic = log !== false && low > 0;
  /** @type {(value: number) => number} */
  const bend = logarithmic ? Math.log10 : (value) => value;
  let [bottom, top] = [bend(low), bend(high)];
  const slack = (top - bottom) * 0.05 || Math.abs(top) * 0.05 || 0.5;
  bottom = !logarithmic && low >= 0 && bottom - slack < 0 ? 0 : bottom - slack;
  top += slack;
  const bendX = xLog && range[0] > 0 ? Math.log10 : (/** @type {number} */ value) => value;
  const [first, last] = range.map(bendX);
  return {
    log: logarithmic,
    low: logarithmic ? 10 ** bottom : bottom,
    high: logarithmic ? 10 ** top : top,
    x: (/** @type {number} */ value) => plot.left + ((bendX(value) - first) / (last - first || 1)) * (plot.right - plot.left),
    y: (/** @type {number} */ value) => plot.bottom - ((bend(value) - bottom) / (top - bottom)) * (plot.bottom - plot.top),
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Data} data
 * @param {Plot} plot
 * @param {Scales} scale
 * @param {Colours} theme
 */
function drawGrid(context, { range, title, xName, xLog }, plot, scale, theme) {
  const rows = Math.max(2, Math.floor((plot.bottom - plot.top) / 34));
  const columns = Math.max(2, Math.floor((plot.right - plot.left) / 90));
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = theme.grid;
  context.fillStyle = theme.soft;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of scale.log ? logTicks(scale.low, scale.high, rows) : linearTicks(scale.low, scale.high, rows)) {
    const y = Math.round(scale.y(value)) + 0.5;
    rule(context, plot.left, y, plot.right, y);
    context.fillText(formatNumber(value), plot.left - 6, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  const across = xLog && range[0] > 0 ? logTicks : linearTicks;
  let free = -Infinity;
  /** @param {number} value @param {string} text */
  const mark = (value, text) => {
    const x = Math.round(scale.x(value)) + 0.5;
    const half = context.measureText(text).width / 2;
    const middle = Math.min(x, plot.right - half);
    if (middle - half < free) return;
    free = middle + half + 8;
    rule(context, x, plot.bottom, x, plot.bottom + 4);
    context.fillText(text, middle, plot.bottom + 6);
  };
  for (const value of across(range[0], range[1], columns)) mark(value, formatNumber(value));
  // The powers of ten of a logarithmic axis seldom tell where it ends.
  if (across === logTicks) mark(range[1], formatNumber(range[1] < 100 ? Number(range[1].toPrecision(3)) : Math.round(range[1])));
  rule(context, plot.left, plot.bottom + 0.5, plot.right, plot.bottom + 0.5);
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText(xName, plot.right, plot.bottom + MARGIN.bottom - 1);
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = theme.ink;
  context.font = `600 ${FONT}`;
  context.fillText(title, 4, 4);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function rule(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/**
 * Draw the band between the lower and the upper values of a series.
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {Scales} scale
 * @param {number} until
 */
function drawBand(context, { x, low, high, colour }, scale, until) {
  if (!low || !high) return;
  // In JSON, what is not finite is null.
  const shown = [...x.keys()].filter((k) => Number.isFinite(low[k]) && Number.isFinite(high[k]) && (!scale.log || low[k] > 0));
  const corners = shown.flatMap((k, i) => {
    const right = scale.x(i + 1 < shown.length ? x[shown[i + 1]] : until);
    return [{ left: scale.x(x[k]), k }, { left: right, k }];
  });
  context.beginPath();
  for (const { left, k } of corners) context.lineTo(left, scale.y(high[k]));
  for (const { left, k } of corners.reverse()) context.lineTo(left, scale.y(low[k]));
  context.closePath();
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

/**
 * Draw a few marks on a series, so that lines are told apart without their colours; `part` moves them along the line.
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {Plot} plot
 * @param {Scales} scale
 * @param {Colours} theme
 * @param {number} part
 */
function drawMarks(context, { x, y, colour, shape }, plot, scale, theme, part) {
  if (shape === undefined) return;
  const apart = 90;
  let next = -Infinity;
  for (let k = 0; k < x.length; k++) {
    if (!Number.isFinite(y[k]) || (scale.log && y[k] <= 0)) continue;
    const left = scale.x(x[k]);
    if (left < plot.left - 0.5 || left > plot.right + 0.5) continue;
    if (next === -Infinity) next = left + part * apart;
    if (left < next && k < x.length - 1) continue;
    next = left + apart;
    trace(context, shape, left, scale.y(y[k]), 4);
    paint(context, colour, theme.paper, 0.6, null);
  }
}

/**
 * Draw a series as steps, at most a few per pixel: of steps within one pixel, the first, the extremes and the last.
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {Scales} scale
 * @param {number} until
 */
function drawSteps(context, { x, y, colour, dash }, scale, until) {
  context.beginPath();
  context.strokeStyle = colour;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.setLineDash(dash ?? []);
  /** @type {number|null} */
  let before = null;
  /** @type {{left: number, top: number, bottom: number}|null} */
  let column = null;
  for (let k = 0; k < x.length; k++) {
    if (!Number.isFinite(y[k]) || (scale.log && y[k] <= 0)) continue;
    const [left, height] = [scale.x(x[k]), scale.y(y[k])];
    if (column && k < x.length - 1 && left - column.left < 0.5 && height >= column.top && height <= column.bottom) {
      before = height;
      continue;
    }
    if (before === null) context.moveTo(left, height);
    else {
      context.lineTo(left, before);
      context.lineTo(left, height);
    }
    column = column && left - column.left < 0.5
      ? { left: column.left, top: Math.min(column.top, height), bottom: Math.max(column.bottom, height) }
      : { left, top: height, bottom: height };
    before = height;
  }
  if (before !== null) context.lineTo(scale.x(until), before);
  context.stroke();
  context.setLineDash([]);
}

/**
 * Draw the cursor, and a dot on each line at its value there.
 * @param {CanvasRenderingContext2D} context
 * @param {Data} data
 * @param {Plot} plot
 * @param {Scales} scale
 * @param {Colours} theme
 */
function drawCursor(context, { at, series }, plot, scale, theme) {
  if (at === null || !Number.isFinite(at)) return;
  const left = scale.x(at);
  context.strokeStyle = theme.ink;
  context.lineWidth = 1.2;
  rule(context, left, plot.top, left, plot.bottom);
  for (const { x, y, colour } of series) {
    const value = y[indexAt(x, at)];
    if (!Number.isFinite(value) || (scale.log && value <= 0)) continue;
    context.beginPath();
    context.arc(left, scale.y(value), 3.5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = theme.paper;
    context.lineWidth = 1.2;
    context.stroke();
  }
}

/**
 * Return the index of the last x that is at most `at`, or -1 before the first.
 * @param {ArrayLike<number>} x
 * @param {number} at
 */
export function indexAt(x, at) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @param {Data} data */
function describeChart({ title, xName, series, at }) {
  const values = series.map(({ name, x, y }) => {
    const value = y[at === null ? x.length - 1 : indexAt(x, at)];
    return `${name} ${value === undefined ? "no value yet" : formatNumber(Number(value.toPrecision(3)))}`;
  });
  return `${title} over ${xName}${at === null ? "" : ` at ${formatNumber(Math.round(at))}`}: ${values.join(", ")}`;
}
