/** Functions on the playground's settings: their differences, and the starting region. */

import { whole } from "../base/wording.js";

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 * @typedef {import("../types.d.ts").Side} Side
 */

/**
 * The names of settings in texts.
 * @type {Record<string, string>}
 */
const NAMES = {
  kinds: "team", agents: "number of agents", grid_size: "grid size", shrink: "shrink factor", radius: "initial radius",
  budget_policy: "budget policy", radius_policy: "radius policy", agent_settings: "agent settings",
};
/** Minimum distance of the start from the edges of the unit cube; a start closer to one is moved. */
const LEAST_ROOM = 0.02;

/**
 * Describe the differences between two settings; only these can explain different results.
 * @param {Side[]} sides
 */
export function describeDifferences(sides) {
  if (sides.length < 2) return "";
  const [first, second] = sides.map(({ settings }) => settings);
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const differ = names.filter((name) => JSON.stringify(first[name] ?? null) !== JSON.stringify(second[name] ?? null));
  const start = sides[1].from ? `Until evaluation ${whole(sides[1].from)}, both are one run. ` : "";
  return differ.length ? `${start}Differences: ${differ.map((name) => NAMES[name] ?? name).join(", ")}. Everything else is the same.` : "The two settings are the same.";
}

/**
 * Say what two sides share if the second is a branch of the first; "" if it is none.
 * @param {Side[]} sides
 */
export function describeBranch(sides) {
  return sides[1]?.from ? describeDifferences(sides).replace(" Everything else is the same.", "") : "";
}

/**
 * Return settings whose starting region lies within the unit cube: near an edge, its radius is reduced.
 * @param {Settings} settings
 */
export function confineToCube(settings) {
  const least = LEAST_ROOM;
  /** @param {number} c */
  const inside = (c) => Math.min(1 - least, Math.max(least, c));
  const center = Array.isArray(settings.center) ? settings.center.map(inside) : inside(settings.center);
  const room = Math.min(...[center].flat().map((c) => Math.min(c, 1 - c)));
  return { ...settings, center, radius: Number(Math.max(least, Math.min(settings.radius, room)).toFixed(4)) };
}

/**
 * Return the point of the unit cube at a place of a plane; beyond the cube's sides, the nearest on them.
 * @param {import("../types.d.ts").Plane} plane
 * @param {number} u
 * @param {number} v
 */
export function liftToCube({ origin, first, second }, u, v) {
  return origin.map((o, d) => Number(Math.min(1, Math.max(0, o + u * first[d] + v * second[d])).toFixed(4)));
}
