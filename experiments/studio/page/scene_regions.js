/** Regions in the scene: outlines draped on the surface, those that are searched now with a curtain. */
import { TALL } from "./box.js";
import { rgb } from "./colours.js";
import { densified } from "./ground.js";
import { coloured, ownColours } from "./scene_surface.js";
import { DoubleSide, LineSegments, Mesh } from "./vendor/three.js";

const CURTAIN = 0.055;
const PIECES = 40; // a side of the plane is drawn in so many pieces

/** Outlines and curtains of regions as scene objects, empty where there are none. */
export function regionObjects(regions, agents, ground, box) {
  const lines = { places: [], tints: [] };
  const curtains = { places: [], tints: [] };
  for (const { agent, polygon, now } of regions) {
    if (polygon.length < 2) continue;
    const colour = rgb(agents[agent]?.colour ?? "#888888");
    const ring = densified(polygon, box.side / PIECES).map(([u, v]) => [box.x(u), ground.solid(u, v) * TALL + 0.003, box.z(v)]);
    ring.forEach((from, k) => {
      const to = ring[(k + 1) % ring.length];
      pushLine(lines, from, to, [...colour, now ? 1 : 0.38], 0);
      if (!now) return;
      pushLine(lines, from, to, [...colour, 0.9], CURTAIN);
      pushCurtain(curtains, from, to, colour);
    });
  }
  return [
    new LineSegments(coloured(lines.places, lines.tints), ownColours({ transparent: true, depthWrite: false })),
    new Mesh(coloured(curtains.places, curtains.tints), ownColours({ transparent: true, depthWrite: false, side: DoubleSide })),
  ];
}

function pushLine({ places, tints }, [x0, y0, z0], [x1, y1, z1], tint, up) {
  places.push(x0, y0 + up, z0, x1, y1 + up, z1);
  tints.push(...tint, ...tint);
}

function pushCurtain({ places, tints }, [x0, y0, z0], [x1, y1, z1], colour) {
  const [low, high] = [[...colour, 0.42], [...colour, 0.22]];
  places.push(x0, y0, z0, x1, y1, z1, x1, y1 + CURTAIN, z1, x0, y0, z0, x1, y1 + CURTAIN, z1, x0, y0 + CURTAIN, z0);
  tints.push(...low, ...low, ...high, ...low, ...high, ...high);
}
