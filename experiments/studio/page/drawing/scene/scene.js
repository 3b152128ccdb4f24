/** The three-dimensional view of the landscape, drawn with three.js. */
import { Box, heightInBox, TALL } from "./box.js";
import { themeOf } from "../colours.js";
import { listen } from "../gestures.js";
import { EDGED, pointSize } from "../markers.js";
import { sideTicks } from "../numbers.js";
import { drawOverlay, newLabels } from "../overlay.js";
import { drawAxes } from "./axes.js";
import { SceneCamera } from "./camera.js";
import { SceneParts } from "./parts.js";
import { ScenePoints } from "./points.js";
import { SceneRenderer } from "./renderer.js";
import { isHidden, placeOn } from "./visibility.js";
import { Scene } from "../../vendor/three.js";
import { View } from "../view.js";

const SWELL = 6; // px by which a point is larger when it begins to fall

export class SceneView extends View {
  /**
   * @param {HTMLElement} host
   * @param {{theme?: string}} options
   * @throws Error if the browser has no WebGL 2
   */
  constructor(host, options) {
    super(host, options);
    this.box = new Box(this.ground.extent);
    this.ticks = { u: sideTicks({}, 0, 1, 5), v: sideTicks({}, 0, 1, 5) };
    this.scene = new Scene();
    this.renderer = new SceneRenderer(host, () => this.#onResize(), () => this.redraw.ask());
    this.parts = new SceneParts(this.scene);
    this.layers = new ScenePoints(this.scene);
    this.rig = new SceneCamera(this.renderer.canvas, () => this.redraw.ask());
    this.projector = this.rig.projector(this.renderer.stack);
    this.silence = listen(host, (key) => this.rig.key(key));
    this.takeAgents();
    this.renderer.stack.measure();
  }

  /**
   * Return [u, v] at client coordinates, or null outside the landscape.
   * @param {number} x
   * @param {number} y
   */
  place(x, y) {
    this.ready();
    const [near, far] = this.rig.ray(this.inside(x, y), this.renderer.stack);
    return placeOn(this.ground, this.box, near, far);
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} loss
   */
  project(u, v, loss) {
    this.ready();
    const { x, y, hidden } = this.#at(u, v, loss);
    const { width, height } = this.renderer.stack;
    return { x, y, visible: !hidden && x >= 0 && y >= 0 && x <= width && y <= height };
  }

  /** @param {import("./camera.js").Camera} state */
  setCamera(state) {
    this.rig.set(state);
  }

  /** Return the camera as {azimuth, polar, zoom, target}; a view of another size shows the same with the same values. */
  camera() {
    return this.rig.state();
  }

  dispose() {
    this.redraw.dispose();
    this.silence();
    this.rig.dispose();
    this.parts.dispose();
    this.layers.dispose();
    this.renderer.dispose();
  }

  build() {
    this.box = new Box(this.ground.extent);
    const [u0, u1, v0, v1] = this.ground.extent;
    this.ticks = { u: sideTicks(this.axes.u, u0, u1, 5), v: sideTicks(this.axes.v, v0, v1, 5) };
    this.parts.build(this.ground, this.box, this.theme, this.scale, this.ticks);
    this.layers.set(this.points, this.ground, this.box, this.scale, true);
  }

  takePoints() {
    this.layers.set(this.points, this.ground, this.box, this.scale, false);
  }

  takeAgents() {
    this.layers.setAgents(this.agents, themeOf(this.theme), this.#size() >= EDGED);
    this.parts.regions.forget();
  }

  /**
   * @param {number} index
   * @param {import("../../types.d.ts").Screen} screen
   */
  locate(index, screen) {
    // Compute the projection once per search of points: the camera does not move during it.
    if (index === 0) this.projector = this.rig.projector(this.renderer.stack);
    const places = this.layers.position.array;
    this.projector(places[3 * index], places[3 * index + 1], places[3 * index + 2], screen);
  }

  /** @param {number} index */
  isShown(index) {
    const { u, v, loss } = this.points;
    return this.layers.shows(index) && !this.#at(u[index], v[index], loss[index]).hidden;
  }

  /** @param {boolean} full */
  paint(full) {
    this.parts.regions.set(this.overlay.regions ?? [], this.agents, this.ground, this.box);
    const { pace } = this.redraw;
    this.parts.detail(full || !pace.late);
    const ratio = this.renderer.ratio(full, pace);
    const size = this.#size();
    if (size >= EDGED !== this.layers.edged) this.takeAgents();
    const budget = full ? Infinity : pace.budget;
    this.drawnPoints = this.layers.show(this.head, this.arrivingCount, budget, size * ratio, SWELL * ratio);
    this.renderer.render(this.scene, this.rig.camera, themeOf(this.theme).paper, ratio);
    this.#paintOver();
    return { drawn: this.drawnPoints, total: this.total };
  }

  #size() {
    return pointSize(this.renderer.stack, this.points.count);
  }

  #onResize() {
    const { width, height } = this.renderer.stack;
    this.rig?.resize(width, height);
    this.redraw.ask();
  }

  #paintOver() {
    const { stack } = this.renderer;
    const theme = themeOf(this.theme);
    const { agents, axes, box, scale, ticks } = this;
    const context = stack.clearLayer(1);
    const labels = newLabels(context, theme, [0, 0, stack.width, stack.height]);
    /**
     * @param {number} x
     * @param {number} y
     * @param {number} z
     */
    const project = (x, y, z) => this.rig.project(x, y, z, stack);
    drawAxes(context, { box, project, eye: this.rig.camera.position, axes, ticks, scale, labels, theme });
    drawOverlay(context, {
      theme, labels, agents, lowest: scale.loss(0),
      at: (u, v, loss) => this.#at(u, v, loss),
      bottom: (u, v) => project(box.x(u), heightInBox(this.ground, u, v), box.z(v)),
      arc: (from, to) => this.#arc(from, to, project),
    }, this.overlay, this.points);
  }

  /**
   * Return the arc of an arrow from the giver to the receiver; longer arcs are higher.
   * @param {any} from
   * @param {any} to
   * @param {(x: number, y: number, z: number) => {x: number, y: number}} project
   * @returns {[number, number][]}
   */
  #arc(from, to, project) {
    const ends = [from, to].map(({ u, v, loss }) => this.#inBox(u, v, loss));
    const rise = 0.1 + 0.45 * Math.hypot(ends[1][0] - ends[0][0], ends[1][2] - ends[0][2]);
    return Array.from({ length: 41 }, (_, k) => {
      const part = k / 40;
      const [x, y, z] = [0, 1, 2].map((axis) => ends[0][axis] + (ends[1][axis] - ends[0][axis]) * part);
      const place = project(x, y + rise * 4 * part * (1 - part), z);
      return [place.x, place.y];
    });
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} loss
   * @returns {[number, number, number]}
   */
  #inBox(u, v, loss) {
    return [this.box.x(u), this.scale.height(loss) * TALL, this.box.z(v)];
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} loss
   */
  #at(u, v, loss) {
    const place = this.#inBox(u, v, loss);
    const hidden = isHidden(this.ground, this.box, place, this.rig.camera.position);
    return { ...this.rig.project(...place, this.renderer.stack), hidden };
  }
}
