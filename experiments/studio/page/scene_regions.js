/** Regions in the scene: outlines draped on the surface, those that are searched now with a curtain. */
import { TALL } from "./box.js";
import { rgb } from "./colours.js";
import { densified } from "./ground.js";
import { coloured, ownColours } from "./scene_surface.js";
import { DoubleSide, LineSegments, Mesh } from "./vendor/three.js";

const CURTAIN = 0.03; // how far a curtain rises above the highest ground below it
const PIECES = 40; // a side of the plane is drawn in so many pieces

/** Outlines and curtains of regions as scene objects, empty where there are none. */
export function regionObjects(regions, agents, ground, box) {
  const lines = { places: [], tints: [] };
  const curtains = { places: [], tints: [] };
  for (const { agent, polygon, now } of regions) {
    if (polygon.length < 2) continue;
    const colour = rgb(agents[agent]?.colour ?? "#888888");
    const ring = densified(polygon, box.side / PIECES).map(([u, v]) => [box.x(u), ground.solid(u, v) * TALL + 0.003, box.z(v)]);
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
  return [
    new LineSegments(coloured(lines.places, lines.tints), ownColours({ transparent: true, depthWrite: false })),
    new Mesh(coloured(curtains.places, curtains.tints), ownColours({ transparent: true, depthWrite: false, side: DoubleSide })),
  ];
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
