/** What stands in the scene besides points: the surface on its block, the floor, the regions. */
import { themeOf } from "../colours.js";
import { SceneRegions } from "./regions.js";
import { floorLines, sideLines, sideMesh, surfaceLines, surfaceMesh } from "./surface.js";

export class SceneParts {
  #objects = { surface: [], fine: [], floor: [] };

  constructor(scene) {
    this.scene = scene;
    this.regions = new SceneRegions(scene);
  }

  build(ground, box, theme, scale, ticks) {
    this.#replace("surface", ground.size > 1 ? [
      surfaceMesh(ground, box, theme), sideMesh(ground, box, theme), sideLines(ground, box, theme, scale),
      surfaceLines(ground, box, theme, true),
    ] : []);
    this.#replace("fine", ground.size > 1 ? [surfaceLines(ground, box, theme, false)] : []);
    const grid = [ticks.u, ticks.v].map((side) => side.map(({ at }) => at));
    this.#replace("floor", [floorLines(box, themeOf(theme), grid)]);
    this.regions.forget();
  }

  /** Whether all contour lines are drawn, or every fourth: lines are dear where the processor draws. */
  detail(all) {
    for (const lines of this.#objects.fine) lines.visible = all;
  }

  dispose() {
    for (const kind of Object.keys(this.#objects)) this.#replace(kind, []);
    this.regions.dispose();
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
