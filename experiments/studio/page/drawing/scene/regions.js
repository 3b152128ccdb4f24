/** Regions in the scene: outlines draped on the surface, those that are searched now with a curtain. */
import { standing } from "./box.js";
import { rgb } from "../colours.js";
import { densified } from "../ground.js";
import { coloured, ownColours } from "./surface.js";
import { DoubleSide, LineSegments, Mesh } from "../../vendor/three.js";

const CURTAIN = 0.03; // how far a curtain rises above the highest ground below it
const PIECES = 40; // a side of the plane is drawn in so many pieces

const SEE_THROUGH = { transparent: true, depthWrite: false };

/** The regions' outlines and curtains, two objects that stay in the scene; `set` gives them another form. */
export class SceneRegions {
  #shown = "";

  constructor(scene) {
    // Kept over all changes: a new material would be compiled again.
    this.lines = new LineSegments(coloured([], []), ownColours(SEE_THROUGH));
    this.curtains = new Mesh(coloured([], []), ownColours({ ...SEE_THROUGH, side: DoubleSide }));
    for (const object of [this.lines, this.curtains]) {
      object.frustumCulled = false;
      object.renderOrder = 2;
      scene.add(object);
    }
  }

  /** Their colours or their ground have changed: the next `set` makes them again. */
  forget() {
    this.#shown = null;
  }

  set(regions, agents, ground, box) {
    const shown = regions.map(({ agent, polygon, now }) => `${agent}${now}${polygon}`).join(";");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { lines, curtains } = forms(regions, agents, ground, box);
    for (const [object, form] of [[this.lines, lines], [this.curtains, curtains]]) {
      object.geometry.dispose();
      object.geometry = coloured(form.places, form.tints);
    }
  }

  dispose() {
    for (const object of [this.lines, this.curtains]) {
      object.geometry.dispose();
      object.material.dispose();
    }
  }
}

function forms(regions, agents, ground, box) {
  const lines = { places: [], tints: [] };
  const curtains = { places: [], tints: [] };
  for (const { agent, polygon, now } of regions) {
    if (polygon.length < 2) continue;
    const colour = rgb(agents[agent]?.colour ?? "#888888");
    const ring = densified(polygon, box.side / PIECES).map(([u, v]) => (
      [box.x(u), standing(ground, u, v) + 0.003, box.z(v)]
    ));
    const top = Math.max(...ring.map((place) => place[1])) + CURTAIN;
    const posts = new Set(now ? corners(polygon, box) : []);
    ring.forEach((from, k) => {
      const to = ring[(k + 1) % ring.length];
      pushLine(lines, from, to, [...colour, now ? 1 : 0.4]);
      if (!now) return;
      pushLine(lines, raised(from, top), raised(to, top), [...colour, 0.9]);
      if (posts.has(`${from[0]},${from[2]}`)) pushLine(lines, from, raised(from, top), [...colour, 0.9]);
      pushCurtain(curtains, from, to, top, colour);
    });
  }
  return { lines, curtains };
}

function corners(polygon, box) {
  return polygon.map(([u, v]) => `${box.x(u)},${box.z(v)}`);
}

function raised([x, , z], y) {
  return [x, y, z];
}

function pushLine({ places, tints }, from, to, tint) {
  places.push(...from, ...to);
  tints.push(...tint, ...tint);
}

function pushCurtain({ places, tints }, from, to, top, colour) {
  const [low, high] = [[...colour, 0.34], [...colour, 0.1]];
  const [overFrom, overTo] = [raised(from, top), raised(to, top)];
  places.push(...from, ...to, ...overTo, ...from, ...overTo, ...overFrom);
  tints.push(...low, ...low, ...high, ...low, ...high, ...high);
}
