/** The three-dimensional view of the landscape, drawn with three.js. */
import { isUnhurried } from "../../base/frames.js";
import { Box, heightInBox, TALL } from "./box.js";
import { themeOf } from "../colours.js";
import { listen } from "../gestures.js";
import { EDGED, pointSize } from "../markers.js";
import { sideTicks } from "../numbers.js";
import { SceneCamera } from "./camera.js";
import { paintOver } from "./layers.js";
import { SceneParts } from "./parts.js";
import { ScenePoints } from "./points.js";
import { SceneRenderer } from "./renderer.js";
import { isHidden, placeOn } from "./visibility.js";
import { Scene } from "../../vendor/three.js";
import { View } from "../view.js";

/** With more points than this, points do not become larger from nearby. */
const MANY = 10_000;

export class SceneView extends View {
  /**
   * @param {HTMLElement} host
   * @param {{theme?: string}} options
   * @throws Error if the browser has no WebGL 2
   */
  constructor(host, options) {
    super(host, options);
    this.box = new Box(this.ground.extent);
    /** Whether the last frame was drawn coarsely, because a processor draws it while it moves. */
    this.coarse = false;
    this.ticks = { u: sideTicks({}, 0, 1, 3), v: sideTicks({}, 0, 1, 3) };
    this.scene = new Scene();
    this.renderer = new SceneRenderer(host, () => this.#onResize(), () => this.redraw.ask());
    if (this.renderer.slow) this.redraw.pace.slowDown();
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
    const { x, y, hidden } = this.seeAt(u, v, loss);
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

  /**
   * Look at a part of the plane, from the same side.
   * @param {import("../../film/focus.js").Focus} focus
   */
  lookAt({ u, v, half }) {
    this.ready();
    const zoom = Math.max(1, (0.5 * this.box.side) / half);
    this.rig.lookAt([this.box.x(u), heightInBox(this.ground, u, v), this.box.z(v)], zoom);
  }

  /**
   * Say which parts of the view something else covers above and below, in px.
   * @param {{top: number, bottom: number}} insets
   */
  setInsets(insets) {
    if (this.rig.insets.top === insets.top && this.rig.insets.bottom === insets.bottom) return;
    this.rig.insets = insets;
    this.#onResize();
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
    this.ticks = { u: sideTicks(this.axes.u, u0, u1, 3), v: sideTicks(this.axes.v, v0, v1, 3) };
    this.parts.build(this.ground, this.box, this.theme, this.ticks);
    this.layers.set(this.points, this.ground, this.box, this.scale, true);
  }

  takePoints() {
    this.layers.set(this.points, this.ground, this.box, this.scale, false);
  }

  takeAgents() {
    this.layers.setAgents(this.agents, themeOf(this.theme), this.#size() >= EDGED);
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
    return this.layers.shows(index) && !this.seeAt(u[index], v[index], loss[index]).hidden;
  }

  /** @param {boolean} full */
  paint(full) {
    this.parts.frame(this.overlay.regions ?? [], this.agents, this.box);
    const { pace } = this.redraw;
    this.coarse = !full && !isUnhurried() && this.renderer.slow;
    this.parts.detail(!this.coarse);
    const ratio = this.renderer.ratio(full, pace);
    const size = this.#size();
    if (size >= EDGED !== this.layers.edged) this.takeAgents();
    const budget = full ? Infinity : pace.budget;
    this.drawnPoints = this.layers.show(this.head, this.arrivingCount, budget, size * ratio * this.#swell(), this.memory);
    this.renderer.render(this.scene, this.rig.camera, themeOf(this.theme).paper, ratio);
    paintOver(this);
    return { drawn: this.drawnPoints, total: this.total };
  }

  /** Return how much larger points are from nearby; with many points, that would cover the surface. */
  #swell() {
    return this.points.count > MANY ? 1 : Math.min(1.7, Math.max(1, Math.sqrt(this.rig.state().zoom)));
  }

  #size() {
    return pointSize(this.renderer.stack, this.points.count);
  }

  #onResize() {
    const { width, height } = this.renderer.stack;
    this.rig?.resize(width, height);
    this.redraw.ask();
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} loss
   * @returns {[number, number, number]}
   */
  inBox(u, v, loss) {
    return [this.box.x(u), this.scale.height(loss) * TALL, this.box.z(v)];
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {number} loss
   */
  seeAt(u, v, loss) {
    return this.see(this.inBox(u, v, loss));
  }

  /** @param {[number, number, number]} place */
  see(place) {
    const hidden = isHidden(this.ground, this.box, place, this.rig.camera.position);
    return { ...this.rig.project(...place, this.renderer.stack), hidden };
  }
}
