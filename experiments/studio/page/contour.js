/** The landscape from above, on canvases. The interface of a view is in docs/studio.md. */
import { faded, themeOf } from "./colours.js";
import { drawEdges } from "./contour_axes.js";
import { ContourFrame } from "./contour_frame.js";
import { dragAndPinch } from "./contour_gestures.js";
import { contourPaths, filledGround, linedGround, strokeContours } from "./contour_ground.js";
import { ContourPoints } from "./contour_points.js";
import { listen } from "./gestures.js";
import { Ground } from "./ground.js";
import { drawOverlay, newLabels } from "./overlay.js";
import { pickPoint } from "./pick.js";
import { newest, Redraw } from "./redraw.js";
import { lossScale } from "./scale.js";
import { Stack } from "./stack.js";

const STEP = 48; // px that an arrow key moves
const NO_POINTS = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };

export class ContourView {
  #surface = null;
  #scale = lossScale([], null);
  #axes = {};
  #agents = [];
  #points = NO_POINTS;
  #head = 0;
  #overlay = {};
  #drawn = 0;
  #total = 0;
  #groundStale = true;
  #groundCoarse = false;

  constructor(host, { theme = "light" } = {}) {
    this.host = host;
    this.theme = theme;
    this.frame = new ContourFrame();
    this.points = new ContourPoints();
    this.redraw = new Redraw((full) => this.#draw(full));
    this.stack = new Stack(host, 3, () => this.#resized());
    this.silence = [
      listen(host, (key) => this.#key(key)),
      dragAndPinch(this.stack.canvases[0], {
        onPan: (dx, dy) => this.#moved(() => this.frame.pan(dx, dy)),
        onZoom: (factor, x, y) => this.#moved(() => this.frame.zoomAt(factor, x, y)),
      }),
    ];
    this.#build();
    this.stack.measure();
  }

  setSurface(surface) {
    this.#surface = surface;
    this.#build();
  }

  setScale(scale) {
    this.#scale = scale;
    this.#build();
  }

  /** How to label: ticks {u: {name, offset, scale}, v: ...}; extent is used where there is no surface. */
  setAxes(ticks, extent = [0, 1, 0, 1]) {
    this.#axes = { ...ticks, extent };
    this.#build();
  }

  setAgents(agents) {
    this.#agents = agents;
    this.points.setAgents(agents, themeOf(this.theme), this.stack);
    this.redraw.ask();
  }

  setPoints(points) {
    this.#points = points;
    this.points.set(points);
    this.redraw.ask();
  }

  show(head, overlay) {
    this.#head = head;
    this.#overlay = overlay;
    this.redraw.ask();
  }

  pick(x, y) {
    const { left, top } = this.host.getBoundingClientRect();
    const { u, v } = this.#points;
    return pickPoint({ x: x - left, y: y - top }, this.#total, (index, screen) => {
      screen.x = this.frame.x(u[index]);
      screen.y = this.frame.y(v[index]);
    }, (index) => this.points.shows(index));
  }

  place(x, y) {
    const { left, top } = this.host.getBoundingClientRect();
    const { left: x0, top: y0, width, height } = this.frame.window();
    const [px, py] = [x - left, y - top];
    return px < x0 || py < y0 || px > x0 + width || py > y0 + height ? null : this.frame.plane(px, py);
  }

  project(u, v) {
    const [x, y] = [this.frame.x(u), this.frame.y(v)];
    const { left, top, width, height } = this.frame.window();
    return { x, y, visible: x >= left && y >= top && x <= left + width && y <= top + height };
  }

  setTheme(theme) {
    this.theme = theme;
    this.points.setAgents(this.#agents, themeOf(theme), this.stack);
    this.#build();
  }

  setCamera({ zoom, u, v }) {
    this.#moved(() => Object.assign(this.frame, { zoom, u, v }));
  }

  camera() {
    const { zoom, u, v } = this.frame;
    return { zoom, u, v };
  }

  get drawn() {
    return this.#drawn;
  }

  get total() {
    return this.#total;
  }

  dispose() {
    this.redraw.dispose();
    for (const silence of this.silence) silence();
    this.stack.dispose();
  }

  #build() {
    this.ground = new Ground(this.#surface, this.#scale, this.#axes.extent ?? [0, 1, 0, 1]);
    this.frame.setExtent(this.ground.extent);
    this.filled = filledGround(this.ground, this.theme);
    this.paths = contourPaths(this.ground);
    this.lined = this.filled && linedGround(this.ground, this.filled, this.paths, themeOf(this.theme));
    this.#moved(() => {});
  }

  #resized() {
    this.frame.resize(this.stack.width, this.stack.height);
    this.points.setAgents(this.#agents, themeOf(this.theme), this.stack);
    this.#moved(() => {});
  }

  #moved(move) {
    move();
    this.#groundStale = this.points.stale = true;
    this.redraw.ask();
  }

  #key(key) {
    const { inner } = this.frame;
    const middle = [inner.left + inner.width / 2, inner.top + inner.height / 2];
    const moves = {
      ArrowLeft: () => this.frame.pan(STEP, 0), ArrowRight: () => this.frame.pan(-STEP, 0),
      ArrowUp: () => this.frame.pan(0, STEP), ArrowDown: () => this.frame.pan(0, -STEP),
      "+": () => this.frame.zoomAt(1.25, ...middle), "=": () => this.frame.zoomAt(1.25, ...middle),
      "-": () => this.frame.zoomAt(0.8, ...middle), 0: () => this.frame.reset(),
    };
    if (!moves[key]) return false;
    this.#moved(moves[key]);
    return true;
  }

  #draw(full) {
    if (this.#groundStale || (full && this.#groundCoarse)) this.#drawGround(full);
    this.#total = Math.min(Math.ceil(this.#head), this.#points.count);
    const falling = newest(this.#points.count);
    const landed = Math.max(0, Math.min(Math.floor(this.#head - falling), this.#total));
    const budget = full ? Infinity : this.redraw.pace.budget;
    const layer = { kept: () => this.stack.kept(1), cleared: () => this.stack.cleared(1) };
    const settled = this.points.show(landed, budget, layer, this.frame);
    this.#drawn = settled + this.#total - landed;
    this.#drawOver(landed, falling);
    return { drawn: this.#drawn, total: this.#total };
  }

  /** While moving a picture of the ground will do; its lines are drawn crisply when all is still. */
  #drawGround(full) {
    const context = this.stack.cleared(0);
    const theme = themeOf(this.theme);
    const { frame } = this;
    context.fillStyle = theme.paper;
    context.fillRect(0, 0, this.stack.width, this.stack.height);
    const { left, top, width, height } = frame.window();
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    const [u0, u1, v0, v1] = frame.extent;
    context.imageSmoothingQuality = "high";
    const picture = full ? this.filled : this.lined;
    if (picture) context.drawImage(picture, frame.x(u0), frame.y(v1), (u1 - u0) * frame.pixels, (v1 - v0) * frame.pixels);
    if (full) strokeContours(context, this.paths, theme, [frame.pixels, frame.pixels, frame.x(0), frame.y(0)], 1);
    context.restore();
    drawEdges(context, frame, this.#axes, theme);
    this.#groundStale = false;
    this.#groundCoarse = !full;
  }

  #drawOver(landed, falling) {
    const { frame } = this;
    const theme = themeOf(this.theme);
    const context = this.stack.cleared(2);
    const { left, top, width, height } = frame.window();
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    drawRegions(context, frame, this.#overlay.regions ?? [], this.#agents);
    for (let index = landed; index < this.#total; index++) {
      const age = falling ? Math.min((this.#head - index) / falling, 1) : 1;
      this.points.landing(context, index, frame, age, this.#agents[this.#points.agent[index]]?.colour ?? theme.ink);
    }
    const at = (u, v) => ({ x: frame.x(u), y: frame.y(v), hidden: false });
    drawOverlay(context, {
      theme, agents: this.#agents, labels: newLabels(context, theme, [left, top, left + width, top + height]),
      width, height, at, bottom: at, arc: (from, to) => bent(at(from.u, from.v), at(to.u, to.v)),
    }, this.#overlay, this.#points);
    context.restore();
  }
}

function drawRegions(context, frame, regions, agents) {
  for (const { agent, polygon, now } of regions) {
    const colour = agents[agent]?.colour ?? "#888888";
    context.beginPath();
    for (const [u, v] of polygon) context.lineTo(frame.x(u), frame.y(v));
    context.closePath();
    context.fillStyle = faded(colour, 0.13);
    if (now) context.fill();
    context.strokeStyle = faded(colour, now ? 1 : 0.4);
    context.lineWidth = now ? 2.2 : 1;
    context.stroke();
  }
}

/** A line from one place to another, bent to its left. */
function bent(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return Array.from({ length: 41 }, (_, k) => {
    const part = k / 40;
    const aside = 0.22 * 4 * part * (1 - part);
    return [from.x + dx * part + dy * aside, from.y + dy * part - dx * aside];
  });
}
