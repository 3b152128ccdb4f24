/** The landscape from above, on three canvases: the ground with contour lines, the points, and the overlay. */
import { themeOf } from "../colours.js";
import { drawEdges } from "./axes.js";
import { ContourFrame } from "./frame.js";
import { dragAndPinch, steer } from "./gestures.js";
import { contourPaths, filledGround, linedGround, strokeContours } from "./ground.js";
import { ContourPoints } from "./points.js";
import { drawRegions } from "./regions.js";
import { listen } from "../gestures.js";
import { pointSize } from "../markers.js";
import { drawOverlay, newLabels } from "../overlay.js";
import { Stack } from "../stack.js";
import { View } from "../view.js";

const SLACK = 10; // px by which markers may extend beyond the edge

export class ContourView extends View {
  #groundStale = true;
  #groundCoarse = false;
  /**
   * Contour lines: the fine ones, and every fourth one.
   * @type {[Path2D, Path2D]}
   */
  paths = [new Path2D(), new Path2D()];
  /** @type {HTMLCanvasElement|null} */
  filled = null;
  /** @type {HTMLCanvasElement|null} */
  lined = null;

  /**
   * @param {HTMLElement} host
   * @param {{theme?: string}} options
   */
  constructor(host, options) {
    super(host, options);
    this.frame = new ContourFrame();
    this.layer = new ContourPoints();
    this.stack = new Stack(host, 3, () => this.#onResize());
    this.silence = [
      /** @param {HTMLElement} host */
      listen(host, (key) => {
        const used = steer(this.frame, key);
        if (used) this.#onMove();
        return used;
      }),
      dragAndPinch(this.stack.canvases[0], {
        onPan: (dx, dy) => {
          this.frame.pan(dx, dy);
          this.#onMove();
        },
        onZoom: (factor, x, y) => {
          this.frame.zoomAt(factor, x, y);
          this.#onMove();
        },
      }),
    ];
    this.stack.measure();
  }

  /**
   * Return [u, v] at client coordinates, or null outside the landscape.
   * @param {number} x
   * @param {number} y
   */
  place(x, y) {
    const { left, top, width, height } = this.frame.window();
    const at = this.inside(x, y);
    const outside = at.x < left || at.y < top || at.x > left + width || at.y > top + height;
    return outside ? null : this.frame.plane(at.x, at.y);
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} _loss not used: the height is not visible from above
   */
  project(u, v, _loss = 0) {
    const [x, y] = [this.frame.x(u), this.frame.y(v)];
    const { left, top, width, height } = this.frame.window();
    return { x, y, visible: x >= left && y >= top && x <= left + width && y <= top + height };
  }

  /** @param {{zoom: number, u: number, v: number}} state */
  setCamera({ zoom, u, v }) {
    Object.assign(this.frame, { zoom, u, v });
    this.#onMove();
  }

  /** Return the camera: {zoom: 1 shows everything, u, v: the center of the visible part} */
  camera() {
    const { zoom, u, v } = this.frame;
    return { zoom, u, v };
  }

  dispose() {
    this.redraw.dispose();
    for (const silence of this.silence) silence();
    this.stack.dispose();
  }

  build() {
    this.frame.setExtent(this.ground.extent);
    this.filled = filledGround(this.ground, this.theme);
    this.paths = contourPaths(this.ground);
    this.lined = this.filled && linedGround(this.ground, this.filled, this.paths, themeOf(this.theme));
    this.layer.set(this.points);
    this.#groundStale = this.layer.stale = true;
  }

  takePoints() {
    this.layer.set(this.points);
  }

  takeAgents() {
    this.layer.setAgents(this.agents, themeOf(this.theme), pointSize(this.stack, this.points.count), this.stack.ratio);
  }

  /**
   * @param {number} index
   * @param {import("../../types.d.ts").Screen} screen
   */
  locate(index, screen) {
    screen.x = this.frame.x(this.points.u[index]);
    screen.y = this.frame.y(this.points.v[index]);
  }

  /** @param {number} index */
  isShown(index) {
    return this.layer.shows(index);
  }

  /** @param {boolean} full */
  paint(full) {
    if (this.#groundStale || (full && this.#groundCoarse)) this.#paintGround(full);
    if (pointSize(this.stack, this.points.count) !== this.layer.size) this.takeAgents();
    const falling = this.arrivingCount;
    const landed = Math.max(0, Math.min(Math.floor(this.head - falling), this.total));
    const layer = { current: () => this.stack.layerContext(1), clear: () => this.stack.clearLayer(1) };
    const work = this.layer.show(landed, full ? Infinity : this.redraw.pace.budget, layer, this.frame);
    this.drawnPoints = this.layer.shown + this.total - landed;
    this.#paintOver(landed, falling);
    return work;
  }

  #onResize() {
    this.frame.resize(this.stack.width, this.stack.height);
    this.takeAgents();
    this.#onMove();
  }

  #onMove() {
    this.#groundStale = this.layer.stale = true;
    this.redraw.ask();
  }

  /**
   * Draw the ground: as a picture while the view moves, and with crisp lines when it is still.
   * @param {boolean} full
   */
  #paintGround(full) {
    const context = this.stack.clearLayer(0);
    const theme = themeOf(this.theme);
    const { frame } = this;
    context.fillStyle = theme.paper;
    context.fillRect(0, 0, this.stack.width, this.stack.height);
    context.save();
    clip(context, frame.window());
    const [u0, u1, v0, v1] = frame.extent;
    const [wide, high] = [(u1 - u0) * frame.pixels, (v1 - v0) * frame.pixels];
    context.imageSmoothingQuality = full ? "high" : "low";
    const picture = full ? this.filled : this.lined;
    if (picture) context.drawImage(picture, frame.x(u0), frame.y(v1), wide, high);
    if (full) strokeContours(context, this.paths, theme, [frame.pixels, frame.pixels, frame.x(0), frame.y(0)], 1);
    context.restore();
    drawEdges(context, frame, this.axes, theme);
    this.#groundStale = false;
    this.#groundCoarse = !full;
  }

  /**
   * @param {number} landed
   * @param {number} falling
   */
  #paintOver(landed, falling) {
    const { agents, frame } = this;
    const theme = themeOf(this.theme);
    const context = this.stack.clearLayer(2);
    const { left, top, width, height } = frame.window();
    context.save();
    clip(context, frame.window(), SLACK);
    drawRegions(context, frame, this.overlay.regions ?? [], agents, theme);
    for (let index = landed; index < this.total; index++) {
      const age = falling ? Math.min((this.head - index) / falling, 1) : 1;
      this.layer.drawLanding(context, index, frame, age, agents[this.points.agent[index]]?.colour ?? theme.ink);
    }
    /**
     * @param {number} u
     * @param {number} v
     */
    const at = (u, v) => ({ x: frame.x(u), y: frame.y(v), hidden: false });
    const labels = newLabels(context, theme, [left, top, left + width, top + height]);
    /**
     * @param {{u: number, v: number}} from
     * @param {{u: number, v: number}} to
     */
    const arc = (from, to) => bendLine(at(from.u, from.v), at(to.u, to.v));
    drawOverlay(context, { theme, agents, labels, at, bottom: at, arc, lowest: 0 }, this.overlay, this.points);
    context.restore();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{left: number, top: number, width: number, height: number}} window
 */
function clip(context, { left, top, width, height }, slack = 0) {
  context.beginPath();
  context.rect(left - slack, top - slack, width + 2 * slack, height + 2 * slack);
  context.clip();
}

/**
 * Return a line from one place to another, bent to its left.
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} to
 * @returns {[number, number][]}
 */
function bendLine(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return Array.from({ length: 41 }, (_, k) => {
    const part = k / 40;
    const aside = 0.22 * 4 * part * (1 - part);
    return [from.x + dx * part + dy * aside, from.y + dy * part - dx * aside];
  });
}
