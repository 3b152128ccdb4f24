/** Regions in the scene: outlines on the surface, with a wall if their lease is out. */
import { heightInBox } from "./box.js";
import { rgb } from "../colours.js";
import { densifyPolygon } from "../ground.js";
import { colouredGeometry, ownColours } from "./surface.js";
import { DoubleSide, LineSegments, Mesh } from "../../vendor/three.js";

const RISE = 0.03; // how far a wall rises above the highest ground below it
const PIECES = 40; // number of pieces in which a line across the plane is drawn

/** @typedef {{places: number[], tints: number[]}} Form places (x, y, z, ...) and colours (r, g, b, a, ...) */

const SEE_THROUGH = { transparent: true, depthWrite: false };

/** The outlines and walls of regions, as two objects that stay in the scene; `set` replaces their geometry. */
export class SceneRegions {
  /** @type {string|null} */
  #shown = "";

  /** @param {import("../../vendor/three.js").Scene} scene */
  constructor(scene) {
    // The objects are kept across changes, because a new material would have to be compiled again.
    this.lines = new LineSegments(colouredGeometry([], []), ownColours(SEE_THROUGH));
    this.walls = new Mesh(colouredGeometry([], []), ownColours({ ...SEE_THROUGH, side: DoubleSide }));
    for (const object of [this.lines, this.walls]) {
      object.frustumCulled = false;
      object.renderOrder = 2;
      scene.add(object);
    }
  }

  /** Make the next `set` build the geometry again, because colours or the ground have changed. */
  forget() {
    this.#shown = null;
  }

  /**
   * @param {import("../../types.d.ts").Region[]} regions
   * @param {import("../../types.d.ts").Marker[]} agents
   * @param {import("../../drawing/ground.js").Ground} ground
   * @param {import("../../drawing/scene/box.js").Box} box
   */
  set(regions, agents, ground, box) {
    const shown = regions.map(({ agent, polygon, now }) => `${agent}${now}${polygon}`).join(";");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { lines, walls } = forms(regions, agents, ground, box);
    reshape(this.lines, lines);
    reshape(this.walls, walls);
  }

  dispose() {
    for (const object of [this.lines, this.walls]) {
      object.geometry.dispose();
      object.material.dispose();
    }
  }
}

/**
 * @param {Mesh|LineSegments} object
 * @param {Form} form
 */
function reshape(object, form) {
  object.geometry.dispose();
  object.geometry = colouredGeometry(form.places, form.tints);
}

/**
 * @param {import("../../types.d.ts").Region[]} regions
 * @param {import("../../types.d.ts").Marker[]} agents
 * @param {import("../../drawing/ground.js").Ground} ground
 * @param {import("../../drawing/scene/box.js").Box} box
 */
function forms(regions, agents, ground, box) {
  /** @type {Form} */
  const lines = { places: [], tints: [] };
  /** @type {Form} */
  const walls = { places: [], tints: [] };
  for (const { agent, polygon, now } of regions) {
    if (polygon.length < 2) continue;
    const colour = rgb(agents[agent]?.colour ?? "#888888");
    const ring = densifyPolygon(polygon, box.side / PIECES).map(([u, v]) => (
      /** @type {[number, number, number]} */ ([box.x(u), heightInBox(ground, u, v) + 0.003, box.z(v)])
    ));
    const top = Math.max(...ring.map((place) => place[1])) + RISE;
    const posts = new Set(now ? corners(polygon, box) : []);
    ring.forEach((from, k) => {
      const to = ring[(k + 1) % ring.length];
      pushLine(lines, from, to, [...colour, now ? 1 : 0.4]);
      if (!now) return;
      pushLine(lines, raisePlace(from, top), raisePlace(to, top), [...colour, 0.9]);
      if (posts.has(`${from[0]},${from[2]}`)) pushLine(lines, from, raisePlace(from, top), [...colour, 0.9]);
      pushWall(walls, from, to, top, colour);
    });
  }
  return { lines, walls };
}

/**
 * @param {[number, number][]} polygon
 * @param {import("../../drawing/scene/box.js").Box} box
 */
function corners(polygon, box) {
  return polygon.map(([u, v]) => `${box.x(u)},${box.z(v)}`);
}

/**
 * @param {[number, number, number]} place
 * @param {number} y
 * @returns {[number, number, number]}
 */
function raisePlace([x, , z], y) {
  return [x, y, z];
}

/**
 * @param {Form} form
 * @param {[number, number, number]} from
 * @param {[number, number, number]} to
 * @param {number[]} tint
 */
function pushLine({ places, tints }, from, to, tint) {
  places.push(...from, ...to);
  tints.push(...tint, ...tint);
}

/**
 * @param {Form} form
 * @param {[number, number, number]} from
 * @param {[number, number, number]} to
 * @param {number} top
 * @param {number[]} colour
 */
function pushWall({ places, tints }, from, to, top, colour) {
  const [low, high] = [[...colour, 0.34], [...colour, 0.1]];
  const [overFrom, overTo] = [raisePlace(from, top), raisePlace(to, top)];
  places.push(...from, ...to, ...overTo, ...from, ...overTo, ...overFrom);
  tints.push(...low, ...low, ...high, ...low, ...high, ...high);
}
