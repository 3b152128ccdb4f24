/** The points of the contour view, on a layer that keeps what was drawn: only new points are added to it. */
import { nearness } from "./ground.js";
import { pointSize, sprites } from "./markers.js";
import { firstDifference, levelOf, LEVELS, Thinning } from "./thinning.js";

const ACROSS = 16;

export class ContourPoints {
  constructor() {
    this.points = { count: 0 };
    this.thinning = new Thinning();
    this.end = 0; // how far in time the layer shows
    this.levels = LEVELS;
    this.stale = true;
  }

  set(points) {
    const from = firstDifference(this.points, points);
    this.points = points;
    this.thinning.update(from, points.count, points.kept);
    if (from < this.end) this.stale = true;
  }

  setAgents(agents, theme, stack) {
    this.size = pointSize(stack);
    this.side = Math.ceil(this.size * stack.ratio * 1.25);
    this.pictures = sprites(agents, this.side, ACROSS, theme);
    this.stale = true;
  }

  /**
   * Bring the layer to the points before `end`, at most about `budget` of them.
   * @param cleared() -> an empty context of the layer; @param kept the context as it is
   * @returns {number} how many points the layer shows
   */
  show(end, budget, kept, cleared, frame) {
    const counts = this.thinning.before(end);
    const levels = Thinning.levelsWithin(counts, budget);
    // More levels than before are welcome once they cost nothing extra; fewer never need a redraw.
    const afresh = this.stale || end < this.end || (levels > this.levels && budget === Infinity);
    if (afresh) this.levels = levels;
    const drawn = Math.min(levels, this.levels);
    const from = afresh ? 0 : this.end;
    const context = afresh ? cleared() : kept();
    if (end > from) this.#draw(context, from, end, afresh ? this.levels : drawn, frame);
    if (!afresh) this.levels = drawn;
    [this.end, this.stale] = [end, false];
    let sum = 0;
    for (let level = 0; level < this.levels; level++) sum += counts[level];
    return sum;
  }

  shows(index) {
    return index >= this.end || this.points.kept[index] > 0 || levelOf(index) < this.levels;
  }

  /** A point alone, `size` times as large as it will be. */
  one(context, index, frame, size) {
    const { u, v, distance, agent } = this.points;
    const near = nearness(distance[index] || 0);
    const half = (this.size / 2) * (0.72 + 0.28 * near) * size;
    context.globalAlpha = near;
    const [x, y] = [frame.x(u[index]), frame.y(v[index])];
    const [column, row] = [agent[index] % ACROSS, Math.floor(agent[index] / ACROSS)];
    const { side } = this;
    context.drawImage(this.pictures, column * side, row * side, side, side, x - half * 1.25, y - half * 1.25, half * 2.5, half * 2.5);
  }

  #draw(context, from, end, levels, frame) {
    const { left, top, width, height } = frame.window();
    const { u, v, kept } = this.points;
    const { size } = this;
    context.save();
    for (let index = from; index < end; index++) {
      if (levels < LEVELS && !kept[index] && levelOf(index) >= levels) continue;
      const [x, y] = [frame.x(u[index]), frame.y(v[index])];
      if (x < left - size || y < top - size || x > left + width + size || y > top + height + size) continue;
      this.one(context, index, frame, 1);
    }
    context.restore();
  }
}
