/** The parts of the scene other than points: the surface with its sides, the floor, and the regions. */
import { themeOf } from "../colours.js";
import { SceneRegions } from "./regions.js";
import { floorLines, sideLines, sideMesh, surfaceLines, surfaceMesh } from "./surface.js";

export class SceneParts {
  /** @type {Record<"surface"|"fine"|"floor", ReturnType<typeof surfaceMesh|typeof surfaceLines>[]>} */
  #objects = { surface: [], fine: [], floor: [] };

  /** @param {import("../../vendor/three.js").Scene} scene */
  constructor(scene) {
    this.scene = scene;
    this.regions = new SceneRegions(scene);
  }

  /**
   * @param {import("../../drawing/ground.js").Ground} ground
   * @param {import("../../drawing/scene/box.js").Box} box
   * @param {string} theme
   * @param {import("../../types.d.ts").Scale} scale
   * @param {{u: {at: number}[], v: {at: number}[]}} ticks
   */
  build(ground, box, theme, scale, ticks) {
    this.#replace("surface", ground.size > 1 ? [
      surfaceMesh(ground, box, theme), sideMesh(ground, box, theme), sideLines(ground, box, theme, scale),
      surfaceLines(ground, box, theme, true),
    ] : []);
    this.#replace("fine", ground.size > 1 ? [surfaceLines(ground, box, theme, false)] : []);
    const [us, vs] = [ticks.u, ticks.v].map((side) => side.map(({ at }) => at));
    this.#replace("floor", [floorLines(box, themeOf(theme), [us, vs])]);
    this.regions.forget();
  }

  /**
   * Set whether all contour lines are drawn or every fourth, because lines are expensive with software rendering.
   * @param {boolean} all
   */
  detail(all) {
    for (const lines of this.#objects.fine) lines.visible = all;
  }

  dispose() {
    this.#replace("surface", []);
    this.#replace("fine", []);
    this.#replace("floor", []);
    this.regions.dispose();
  }

  /**
   * @param {"surface"|"fine"|"floor"} kind
   * @param {ReturnType<typeof surfaceMesh|typeof surfaceLines>[]} objects
   */
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
