/** The parts of the scene other than points: the surface with its sides, and the floor with its map. */
import { rgb, themeOf } from "../colours.js";
import { isRectangle, isWhole } from "../overlay/lines.js";
import { floorLines, MOST_FRAMES, sideMesh, surfaceMeshes } from "./surface.js";

/** @typedef {import("../../vendor/three.js").Mesh|import("../../vendor/three.js").LineSegments} Part */

export class SceneParts {
  /** @type {any[]} */
  #objects = [];

  /** @param {import("../../vendor/three.js").Scene} scene */
  constructor(scene) {
    this.scene = scene;
  }

  /**
   * @param {import("../../drawing/ground.js").Ground} ground
   * @param {import("../../drawing/scene/box.js").Box} box
   * @param {string} theme
   * @param {{u: {at: number}[], v: {at: number}[]}} ticks
   */
  build(ground, box, theme, ticks) {
    this.dispose();
    const mapped = ground.size > 1;
    const [us, vs] = [ticks.u, ticks.v].map((side) => (mapped ? [] : side.map(({ at }) => at)));
    this.#objects = [...(mapped ? [...surfaceMeshes(ground, box, theme), sideMesh(ground, box, theme)] : []), floorLines(box, themeOf(theme), [us, vs])];
    for (const object of this.#objects) {
      object.frustumCulled = false;
      this.scene.add(object);
    }
  }

  /**
   * Frame regions on the surface and on the floor: those that are rectangles on the plane, and not all of it.
   * @param {import("../../types.d.ts").Region[]} regions
   * @param {import("../../types.d.ts").Marker[]} agents
   * @param {import("../../drawing/scene/box.js").Box} box
   */
  frame(regions, agents, box) {
    const shown = regions.filter((region) => isFramed(region, box.side)).slice(-MOST_FRAMES);
    for (const { material: { uniforms } } of this.#objects) {
      if (!uniforms.frames) continue;
      uniforms.shown.value = shown.length;
      shown.forEach(({ polygon, agent }, k) => {
        const [us, vs] = [polygon.map(([u]) => u), polygon.map(([, v]) => v)];
        const [left, right] = [box.x(Math.min(...us)), box.x(Math.max(...us))];
        const [far, near] = [box.z(Math.max(...vs)), box.z(Math.min(...vs))];
        uniforms.frames.value.set([(left + right) / 2, (far + near) / 2, (right - left) / 2, (near - far) / 2], 4 * k);
        uniforms.tints.value.set(rgb(agents[agent]?.colour ?? "#888888"), 3 * k);
      });
    }
  }

  /**
   * Set whether the surface is drawn in all detail: a processor that draws it has no time for that while it moves.
   * @param {boolean} all
   */
  detail(all) {
    for (const { userData } of this.#objects) userData.detail?.(all);
  }

  dispose() {
    for (const object of this.#objects) {
      this.scene.remove(object);
      object.geometry.dispose();
      object.material.uniforms.ramp?.value.dispose();
      object.material.dispose();
      object.userData.dispose?.();
    }
    this.#objects = [];
  }
}

/**
 * Return whether a region is framed on the surface itself; others are drawn over it.
 * @param {import("../../types.d.ts").Region} region
 * @param {number} side
 */
export function isFramed({ polygon, radius, now }, side) {
  return now && isRectangle(polygon) && !isWhole(radius, side);
}
