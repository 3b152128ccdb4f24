/** The points of the contour view, on a layer that keeps its content: only new points are added to it. */
import { nearness } from "../ground.js";
import { EDGED, sprites } from "../markers.js";
import { firstDifference, levelOf, LEVELS, Thinning } from "../thinning.js";

const ACROSS = 16;

export class ContourPoints {
  constructor() {
    /** @type {import("../../types.d.ts").Points} */
    this.points = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };
    this.thinning = new Thinning();
    this.end = 0; // the layer shows the points before this index
    this.levels = LEVELS;
    this.shown = 0;
    this.stale = true;
    this.size = this.side = 1;
    this.pictures = document.createElement("canvas");
  }

  /** @param {import("../../types.d.ts").Points} points */
  set(points) {
    const from = firstDifference(this.points, points);
    this.points = { ...points };
    this.thinning.update(from, points.count, points.kept);
    if (from < this.end) this.stale = true;
  }

  /**
   * @param {import("../../types.d.ts").Marker[]} agents
   * @param {ReturnType<typeof import("../../drawing/colours.js").themeOf>} theme
   * @param {number} size
   * @param {number} ratio
   */
  setAgents(agents, theme, size, ratio) {
    this.size = size;
    this.side = Math.ceil(size * ratio * 1.25);
    this.pictures = sprites(agents, this.side, ACROSS, theme, size >= EDGED);
    this.stale = true;
  }

  /**
   * Update the layer to show the points before `end`. Moving forward draws only new points. If time goes back or the
   * view has changed, everything is drawn again, with at most about `budget` points.
   * @param {number} end
   * @param {number} budget
   * @param {{current: () => CanvasRenderingContext2D, clear: () => CanvasRenderingContext2D}} layer returns
   *   its context, as it is or cleared
   * @param {import("./frame.js").ContourFrame} frame
   * @returns {{drawn: number, total: number}} the number of points drawn now, and the number that should have been drawn
   */
  show(end, budget, layer, frame) {
    const counts = this.thinning.before(end);
    const coarse = budget === Infinity && this.levels < LEVELS;
    const afresh = this.stale || coarse || end < this.end || end - this.end > budget;
    if (afresh) this.levels = Thinning.levelsWithin(counts, budget);
    const from = afresh ? 0 : this.end;
    const context = afresh ? layer.clear() : layer.current();
    this.#draw(context, from, end, frame);
    [this.end, this.stale] = [end, false];
    this.shown = counts.subarray(0, this.levels).reduce((sum, count) => sum + count, 0);
    return afresh ? { drawn: this.shown, total: end } : { drawn: end - from, total: end - from };
  }

  /** @param {number} index */
  shows(index) {
    return index >= this.end || this.points.kept[index] > 0 || levelOf(index) < this.levels;
  }

  /**
   * Draw a point that has just been tried, with a ring that shrinks to it as `age` goes from 0 to 1.
   * @param {CanvasRenderingContext2D} context
   * @param {number} index
   * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
   * @param {number} age
   * @param {string} colour
   */
  drawLanding(context, index, frame, age, colour) {
    const { u, v } = this.points;
    this.#one(context, index, frame, Math.min(1, 3 * age));
    context.beginPath();
    context.arc(frame.x(u[index]), frame.y(v[index]), 2 + 15 * (1 - age) ** 2, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.globalAlpha = Math.min(1, 3 * age) * (1 - age ** 4);
    context.stroke();
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} index
   * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
   * @param {number} opacity
   */
  #one(context, index, frame, opacity) {
    const { u, v, distance, agent } = this.points;
    const near = nearness(distance[index] || 0);
    const half = (this.size / 2) * (0.72 + 0.28 * near) * 1.25;
    context.globalAlpha = near * opacity;
    const [column, row] = [agent[index] % ACROSS, Math.floor(agent[index] / ACROSS)];
    const { side } = this;
    const [x, y] = [frame.x(u[index]), frame.y(v[index])];
    context.drawImage(this.pictures, column * side, row * side, side, side, x - half, y - half, 2 * half, 2 * half);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} from
   * @param {number} end
   * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
   */
  #draw(context, from, end, frame) {
    const { left, top, width, height } = frame.window();
    const { u, v, kept } = this.points;
    const { size, levels } = this;
    for (let index = from; index < end; index++) {
      if (levels < LEVELS && !kept[index] && levelOf(index) >= levels) continue;
      const [x, y] = [frame.x(u[index]), frame.y(v[index])];
      if (x < left - size || y < top - size || x > left + width + size || y > top + height + size) continue;
      this.#one(context, index, frame, 1);
    }
    context.globalAlpha = 1;
  }
}
