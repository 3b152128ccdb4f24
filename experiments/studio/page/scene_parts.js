/** What stands in the scene besides points: the surface on its block, the floor, the regions. */
import { themeOf } from "./colours.js";
import { regionObjects } from "./scene_regions.js";
import { floorLines, sideLines, sideMesh, surfaceLines, surfaceMesh } from "./scene_surface.js";

export class SceneParts {
  #objects = { surface: [], floor: [], regions: [] };
  #shown = null;

  constructor(scene) {
    this.scene = scene;
  }

  build(ground, box, theme, scale, ticks) {
    const makers = ground.size > 1 ? [surfaceMesh, sideMesh, surfaceLines, sideLines] : [];
    this.#replace("surface", makers.map((make) => make(ground, box, theme, scale)));
    this.#replace("floor", [floorLines(box, themeOf(theme), [ticks.u.map(({ at }) => at), ticks.v.map(({ at }) => at)])]);
    this.forget();
  }

  /** Regions must be made again: their colours or their ground have changed. */
  forget() {
    this.#shown = null;
  }

  regions(regions, agents, ground, box) {
    const shown = regions.map(({ agent, polygon, now }) => `${agent}${now}${polygon}`).join(";");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#replace("regions", regions.length ? regionObjects(regions, agents, ground, box) : []);
  }

  dispose() {
    for (const kind of Object.keys(this.#objects)) this.#replace(kind, []);
  }

  #replace(kind, objects) {
    for (const object of this.#objects[kind]) {
      this.scene.remove(object);
      object.geometry.dispose();
      object.material.dispose();
    }
    this.#objects[kind] = objects;
    for (const object of objects) {
      object.frustumCulled = false;
      this.scene.add(object);
    }
  }
}
