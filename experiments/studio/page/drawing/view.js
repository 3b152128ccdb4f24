/** The base class of both views: the data that they draw, and the scheduling of their drawing. */
import { Ground } from "./ground.js";
import { pickPoint } from "./pick.js";
import { countNewest, prefersReducedMotion, Redraw } from "./redraw.js";
import { lossScale } from "./scale.js";

/**
 * @typedef {import("../types.d.ts").Points} Points
 * @typedef {import("../types.d.ts").Surface} Surface
 * @typedef {import("../types.d.ts").Extent} Extent
 * @typedef {import("../types.d.ts").Marker} Marker
 * @typedef {import("../types.d.ts").Overlay} Overlay
 * @typedef {import("../types.d.ts").Screen} Screen
 */

/** @type {Points} */
const NO_POINTS = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };

/**
 * A view of a run on a plane. SceneView and ContourView implement it.
 *
 * They override `build()`, which is called after surface, scale, axes or theme have changed; `takePoints()` and
 * `takeAgents()`; `paint(full)` -> {drawn, total}, from which the pace learns; `locate(index, screen)`, which writes a
 * point's place in CSS pixels; and `isShown(index)`.
 */
export class View {
  /** @type {Surface|null} */
  surface = null;
  /** @type {import("../types.d.ts").Scale} */
  scale = lossScale([], null);
  /** @type {{u?: import("../types.d.ts").Tick, v?: import("../types.d.ts").Tick, extent?: Extent}} */
  axes = {};
  /** @type {Marker[]} */
  agents = [];
  points = NO_POINTS;
  head = 0;
  /** @type {Overlay} */
  overlay = {};
  ground = new Ground(null, this.scale, [0, 1, 0, 1]);
  drawnPoints = 0;
  /** @type {{text: string, box: number[]}[]} */
  written = [];
  #stale = true;

  /**
   * @param {HTMLElement} host
   * @param {{theme?: string}} options
   */
  constructor(host, { theme = "light" } = {}) {
    this.host = host;
    this.theme = theme;
    this.redraw = new Redraw((full) => {
      this.ready();
      const work = this.paint(full);
      host.dataset.drawn = String(this.drawnPoints);
      if (full) host.dataset.labels = JSON.stringify(this.written);
      return work;
    });
  }

  /** @param {Surface|null} surface */
  setSurface(surface) {
    this.surface = surface;
    this.outdate();
  }

  /** @param {import("../types.d.ts").Scale} scale */
  setScale(scale) {
    this.scale = scale;
    this.outdate();
  }

  /**
   * Set the labels of the axes.
   * @param {{u: import("../types.d.ts").Tick, v: import("../types.d.ts").Tick}} ticks
   * @param {Extent} extent of the plane, used if there is no surface
   */
  setAxes(ticks, extent = [0, 1, 0, 1]) {
    this.axes = { ...ticks, extent };
    this.outdate();
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    this.takeAgents();
    this.outdate();
  }

  /** @param {Marker[]} agents */
  setAgents(agents) {
    this.agents = agents;
    this.takeAgents();
    this.redraw.ask();
  }

  /** @param {Points} points */
  setPoints(points) {
    this.points = points;
    // If the view is out of date, it will be built with these points anyway.
    if (!this.#stale) this.takePoints();
    this.redraw.ask();
  }

  /**
   * Draw the points before `head`, the newest of which are still arriving, and the overlay (see drawOverlay). Afterwards,
   * the host's data-drawn attribute holds the number of points drawn.
   * @param {number} head
   * @param {Overlay} overlay
   */
  show(head, overlay) {
    this.head = head;
    this.overlay = overlay;
    // The number of points drawn for another moment is not valid for this one.
    delete this.host.dataset.drawn;
    delete this.host.dataset.labels;
    this.redraw.moving = overlay.settled === false;
    this.redraw.ask();
  }

  /**
   * Return the index of the visible point nearest to client coordinates within 10 px, or null.
   * @param {number} x
   * @param {number} y
   */
  pick(x, y) {
    this.ready();
    return pickPoint(this.inside(x, y), this.total, (index, screen) => this.locate(index, screen), (index) => this.isShown(index));
  }

  /** The number of points drawn in the last frame. */
  get drawnCount() {
    return this.drawnPoints;
  }

  /** The number of points before `head`. */
  get total() {
    return Math.min(Math.ceil(this.head), this.points.count);
  }

  /** The number of the newest points that are still arriving; 0 if the replay is not playing. */
  get arrivingCount() {
    return this.overlay.settled ? 0 : countNewest(this.points.count);
  }

  /** How many points ago a point is old, and drawn faintly. */
  get memory() {
    return Math.max(20, 0.16 * this.points.count);
  }

  /** Return the points that have just landed, and how long ago, 0 to 1: they have rings. */
  listLandings() {
    const landed = this.head - this.arrivingCount;
    const lasting = Math.max(3, Math.min(14, this.points.count / 60));
    const last = Math.min(Math.floor(landed), this.points.count - 1);
    const found = [];
    for (let index = Math.max(0, Math.ceil(landed - lasting)); index <= last; index++) found.push({ index, age: Math.min((landed - index) / lasting, 1) });
    return this.overlay.bare || prefersReducedMotion() ? [] : found.slice(-14);
  }

  /**
   * Say in the host's data-labels what is written, and where, as tests need it: once the view is still.
   * @param {import("./overlay/labels.js").Labels} labels
   */
  noteLabels({ written }) {
    this.written = written;
  }

  /**
   * Convert client coordinates to CSS pixels within the host.
   * @param {number} x
   * @param {number} y
   */
  inside(x, y) {
    const { left, top } = this.host.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }

  /** @param {import("../film/focus.js").Focus} _focus the part of the plane to look at */
  lookAt(_focus) {}

  /** @param {{top: number, bottom: number}} _insets what is covered above and below, in px */
  setInsets(_insets) {}

  build() {}

  takePoints() {}

  takeAgents() {}

  /**
   * @param {boolean} _full
   * @returns {{drawn: number, total: number}}
   */
  paint(_full) {
    return { drawn: 0, total: this.total };
  }

  /**
   * @param {number} _index
   * @param {Screen} _screen
   */
  locate(_index, _screen) {}

  /**
   * @param {number} _index
   * @returns {boolean}
   */
  isShown(_index) {
    return false;
  }

  outdate() {
    this.#stale = true;
    this.redraw.ask();
  }

  /** Build the view if it is out of date. */
  ready() {
    if (!this.#stale) return;
    this.#stale = false;
    this.ground = new Ground(this.surface, this.scale, this.axes.extent ?? [0, 1, 0, 1]);
    this.build();
  }
}
