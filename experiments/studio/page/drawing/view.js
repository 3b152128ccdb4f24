/** What both views share: the data that they draw, and when they draw them. */
import { Ground } from "./ground.js";
import { pickPoint } from "./pick.js";
import { newest, Redraw } from "./redraw.js";
import { lossScale } from "./scale.js";

const NO_POINTS = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };

/**
 * A view of a run on a plane; SceneView and ContourView draw it.
 *
 * They give: `build()`, when surface, scale, axes or theme changed; `takePoints()` and `takeAgents()`; `paint(full)` ->
 * {drawn, total} that the pace learns from; `locate(index, screen)`, which writes a point's place in CSS pixels; and
 * `isShown(index)`.
 */
export class View {
  surface = null;
  scale = lossScale([], null);
  axes = {};
  agents = [];
  points = NO_POINTS;
  head = 0;
  overlay = {};
  drawnPoints = 0;
  #stale = true;

  constructor(host, { theme = "light" } = {}) {
    this.host = host;
    this.theme = theme;
    this.redraw = new Redraw((full) => {
      this.ready();
      const work = this.paint(full);
      host.dataset.drawn = String(this.drawnPoints);
      return work;
    });
  }

  setSurface(surface) {
    this.surface = surface;
    this.outdate();
  }

  setScale(scale) {
    this.scale = scale;
    this.outdate();
  }

  /**
   * How to label.
   * @param ticks {u: {name, offset, scale}, v: ...}, where value = offset + scale * u
   * @param extent of the plane where there is no surface
   */
  setAxes(ticks, extent = [0, 1, 0, 1]) {
    this.axes = { ...ticks, extent };
    this.outdate();
  }

  setTheme(theme) {
    this.theme = theme;
    this.takeAgents();
    this.outdate();
  }

  setAgents(agents) {
    this.agents = agents;
    this.takeAgents();
    this.redraw.ask();
  }

  setPoints(points) {
    this.points = points;
    // What is out of date will be built with these points.
    if (!this.#stale) this.takePoints();
    this.redraw.ask();
  }

  /**
   * Draw the points before `head`, the newest of them still arriving, and the overlay (see drawOverlay). The host's
   * data-drawn says how many were, once they are.
   */
  show(head, overlay) {
    this.head = head;
    this.overlay = overlay;
    // What was drawn of another moment says nothing of this one.
    delete this.host.dataset.drawn;
    this.redraw.ask();
  }

  /** The index of a shown point within 10 px of client coordinates, or null. */
  pick(x, y) {
    this.ready();
    const locate = (index, screen) => this.locate(index, screen);
    return pickPoint(this.inside(x, y), this.total, locate, (index) => this.isShown(index));
  }

  /** The number of points drawn in the last frame. */
  get drawn() {
    return this.drawnPoints;
  }

  /** The number of points before `head`. */
  get total() {
    return Math.min(Math.ceil(this.head), this.points.count);
  }

  /** How many of the newest points are still on their way: none where what is shown stands still. */
  get arriving() {
    return this.overlay.settled ? 0 : newest(this.points.count);
  }

  /** Client coordinates as CSS pixels within the host. */
  inside(x, y) {
    const { left, top } = this.host.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }

  outdate() {
    this.#stale = true;
    this.redraw.ask();
  }

  /** Build what is out of date. */
  ready() {
    if (!this.#stale) return;
    this.#stale = false;
    this.ground = new Ground(this.surface, this.scale, this.axes.extent ?? [0, 1, 0, 1]);
    this.build();
  }
}
