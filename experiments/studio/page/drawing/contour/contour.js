/** The landscape from above, on three canvases: the ground with contour lines, the points, and the overlay. */
import { themeOf } from "../colours.js";
import { ContourFrame } from "./frame.js";
import { dragAndPinch, steer } from "./gestures.js";
import { contourPaths, filledGround, linedGround } from "./ground.js";
import { paintGround, paintOver } from "./layers.js";
import { ContourPoints } from "./points.js";
import { listen } from "../gestures.js";
import { pointSize } from "../markers.js";
import { Stack } from "../stack.js";
import { View } from "../view.js";

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

  /**
   * Look at a part of the plane.
   * @param {import("../../film/focus.js").Focus} focus
   */
  lookAt({ u, v, half }) {
    this.ready();
    const [u0, u1, v0, v1] = this.frame.extent;
    const zoom = Math.max(1, (0.5 * Math.max(u1 - u0, v1 - v0)) / half);
    const { frame } = this;
    if (frame.zoom === zoom && frame.u === u && frame.v === v) return;
    Object.assign(frame, { zoom, u, v });
    frame.pan(0, 0);
    this.#onMove();
  }

  /** @param {{top: number, bottom: number}} insets what is covered above and below, in px */
  setInsets(insets) {
    if (this.frame.insets.top === insets.top && this.frame.insets.bottom === insets.bottom) return;
    this.frame.insets = insets;
    this.#onResize();
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
    if (this.#groundStale || (full && this.#groundCoarse)) {
      paintGround(this, full);
      [this.#groundStale, this.#groundCoarse] = [false, !full];
    }
    if (pointSize(this.stack, this.points.count) !== this.layer.size) this.takeAgents();
    const falling = this.arrivingCount;
    const landed = Math.max(0, Math.min(Math.floor(this.head - falling), this.total));
    const layer = { current: () => this.stack.layerContext(1), clear: () => this.stack.clearLayer(1) };
    const work = this.layer.show(landed, full ? Infinity : this.redraw.pace.budget, layer, this.frame);
    this.drawnPoints = this.layer.shown + this.total - landed;
    paintOver(this, landed, falling);
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
}
