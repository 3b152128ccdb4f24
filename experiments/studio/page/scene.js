/** The landscape in three dimensions, by three.js. The interface of a view is in docs/studio.md. */
import { Box, TALL } from "./box.js";
import { themeOf } from "./colours.js";
import { listen } from "./gestures.js";
import { Ground } from "./ground.js";
import { drawOverlay, newLabels } from "./overlay.js";
import { pointSize } from "./markers.js";
import { sideTicks } from "./numbers.js";
import { pickPoint } from "./pick.js";
import { newest, Redraw } from "./redraw.js";
import { lossScale } from "./scale.js";
import { drawAxes } from "./scene_axes.js";
import { SceneCamera } from "./scene_camera.js";
import { ScenePoints } from "./scene_points.js";
import { regionObjects } from "./scene_regions.js";
import { SceneRenderer } from "./scene_renderer.js";
import { floorLines, sideLines, sideMesh, surfaceLines, surfaceMesh } from "./scene_surface.js";
import { hiddenBy, placeOn } from "./sight.js";
import { Scene } from "./vendor/three.js";

const NO_POINTS = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };

export class SceneView {
  #parts = { surface: [], floor: [], regions: [] };
  #surface = null;
  #scale = lossScale([], null);
  #axes = {};
  #agents = [];
  #points = NO_POINTS;
  #head = 0;
  #overlay = {};
  #shownRegions = "";
  #drawn = 0;
  #total = 0;

  /** @throws Error where the browser has no WebGL 2 */
  constructor(host, { theme = "light" } = {}) {
    this.host = host;
    this.theme = theme;
    this.scene = new Scene();
    this.renderer = new SceneRenderer(host, () => this.#resized(), () => this.redraw.ask());
    this.redraw = new Redraw((full) => this.#draw(full));
    this.points = new ScenePoints(this.scene);
    this.rig = new SceneCamera(this.renderer.canvas, () => this.redraw.ask());
    this.silence = listen(host, (key) => this.rig.key(key));
    this.#build();
    this.renderer.stack.measure();
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
    this.#shownRegions = "";
    this.points.setAgents(agents, themeOf(this.theme));
    this.redraw.ask();
  }

  setPoints(points) {
    this.#points = points;
    this.points.set(points, this.ground, this.box, this.#scale, false);
    this.redraw.ask();
  }

  show(head, overlay) {
    this.#head = head;
    this.#overlay = overlay;
    this.redraw.ask();
  }

  pick(x, y) {
    const { u, v, loss } = this.#points;
    const project = this.rig.projector(this.renderer.stack);
    return pickPoint(this.#inside(x, y), this.#total, (index, screen) => (
      project(this.box.x(u[index]), this.#scale.height(loss[index]) * TALL, this.box.z(v[index]), screen)
    ), (index) => this.points.shows(index) && !this.#at(u[index], v[index], loss[index]).hidden);
  }

  place(x, y) {
    const [near, far] = this.rig.ray(this.#inside(x, y), this.renderer.stack);
    return placeOn(this.ground, this.box, near, far);
  }

  project(u, v, loss) {
    const { x, y, hidden } = this.#at(u, v, loss);
    const { width, height } = this.renderer.stack;
    return { x, y, visible: !hidden && x >= 0 && y >= 0 && x <= width && y <= height };
  }

  setTheme(theme) {
    this.theme = theme;
    this.points.setAgents(this.#agents, themeOf(theme));
    this.#build();
  }

  setCamera(state) {
    this.rig.set(state);
  }

  camera() {
    return this.rig.state();
  }

  get drawn() {
    return this.#drawn;
  }

  get total() {
    return this.#total;
  }

  dispose() {
    this.redraw.dispose();
    this.silence();
    this.rig.dispose();
    for (const kind of Object.keys(this.#parts)) this.#replace(kind, []);
    this.points.dispose();
    this.renderer.dispose();
  }

  #resized() {
    this.rig?.resize(this.renderer.stack.width, this.renderer.stack.height);
    this.redraw?.ask();
  }

  /** Everything that depends on surface, scale, axes or theme. */
  #build() {
    const extent = this.#axes.extent ?? [0, 1, 0, 1];
    this.ground = new Ground(this.#surface, this.#scale, extent);
    this.box = new Box(this.ground.extent);
    const [u0, u1, v0, v1] = this.ground.extent;
    this.ticks = { u: sideTicks(this.#axes.u, u0, u1, 5), v: sideTicks(this.#axes.v, v0, v1, 5) };
    const { ground, box } = this;
    this.#replace("surface", ground.size > 1 ? [surfaceMesh, sideMesh, surfaceLines, sideLines].map((make) => make(ground, box, this.theme, this.#scale)) : []);
    const grid = [this.ticks.u.map((tick) => tick.at), this.ticks.v.map((tick) => tick.at)];
    this.#replace("floor", [floorLines(box, themeOf(this.theme), grid)]);
    this.#shownRegions = "";
    this.points.set(this.#points, ground, box, this.#scale, true);
    this.redraw.ask();
  }

  #replace(kind, objects) {
    for (const object of this.#parts[kind]) {
      this.scene.remove(object);
      object.geometry.dispose();
      object.material.dispose();
    }
    this.#parts[kind] = objects;
    for (const object of objects) {
      object.frustumCulled = false;
      this.scene.add(object);
    }
  }

  #draw(full) {
    const regions = this.#overlay.regions ?? [];
    const seen = regions.map(({ agent, polygon, now }) => `${agent}${now}${polygon}`).join(";");
    if (seen !== this.#shownRegions) {
      this.#replace("regions", regionObjects(regions, this.#agents, this.ground, this.box));
      this.#shownRegions = seen;
    }
    const budget = full ? Infinity : this.redraw.pace.budget;
    const ratio = this.renderer.ratio(full, this.redraw.pace);
    this.#drawn = this.points.show(this.#head, newest(this.#points.count), budget, pointSize(this.renderer.stack) * ratio);
    this.#total = Math.min(Math.ceil(this.#head), this.#points.count);
    this.renderer.render(this.scene, this.rig.camera, themeOf(this.theme).paper, ratio);
    this.#drawOver();
    return { drawn: this.#drawn, total: this.#total };
  }

  #drawOver() {
    const { stack } = this.renderer;
    const theme = themeOf(this.theme);
    const context = stack.cleared(1);
    const labels = newLabels(context, theme, [0, 0, stack.width, stack.height]);
    const project = (x, y, z) => this.rig.project(x, y, z, stack);
    drawAxes(context, {
      box: this.box, project, eye: this.rig.camera.position, axes: this.#axes, ticks: this.ticks, scale: this.#scale, labels, theme,
    });
    drawOverlay(context, {
      theme, labels, agents: this.#agents, width: stack.width, height: stack.height,
      at: (u, v, loss) => this.#at(u, v, loss),
      bottom: (u, v) => project(this.box.x(u), this.ground.solid(u, v) * TALL, this.box.z(v)),
      arc: (from, to) => this.#arc(from, to, project),
    }, this.#overlay, this.#points);
  }

  /** A flight from giver to receiver, higher the further it goes. */
  #arc(from, to, project) {
    const ends = [from, to].map(({ u, v, loss }) => [this.box.x(u), this.#scale.height(loss) * TALL, this.box.z(v)]);
    const rise = 0.1 + 0.45 * Math.hypot(ends[1][0] - ends[0][0], ends[1][2] - ends[0][2]);
    return Array.from({ length: 41 }, (_, k) => {
      const part = k / 40;
      const [x, y, z] = [0, 1, 2].map((axis) => ends[0][axis] + (ends[1][axis] - ends[0][axis]) * part);
      const place = project(x, y + rise * 4 * part * (1 - part), z);
      return [place.x, place.y];
    });
  }

  #at(u, v, loss) {
    const [x, y, z] = [this.box.x(u), this.#scale.height(loss) * TALL, this.box.z(v)];
    return { ...this.rig.project(x, y, z, this.renderer.stack), hidden: hiddenBy(this.ground, this.box, [x, y, z], this.rig.camera.position) };
  }

  #inside(x, y) {
    const { left, top } = this.host.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }
}
