/** The settings that are likely to be asked for next: one step of a slider away from those that are shown. */

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 */

/** The steps of each slider, by the setting that it moves: those that arrow keys take, and short drags. */
const STEPS = /** @type {[string, number[]][]} */ ([["grid_size", [1, -1, 2]], ["radius", [0.01, -0.01, 0.05, -0.05, 0.1, -0.1]], ["seed", [1, -1]], ["shrink", [0.05, -0.05]]]);
/** Settings that all sides share: both change at once. */
const SHARED = new Set(["seed"]);

/**
 * Return settings one step away from those of the sides, the likeliest first.
 * @param {Settings[]} sides
 * @param {Record<string, [number, number]>} limits
 * @returns {Settings[]}
 */
export function neighboursOf(sides, limits) {
  const found = STEPS.flatMap(([name, steps]) => steps.flatMap((step) => sides.filter((side) => moves(side, name)).map((side) => {
    const [least, most] = limits[name];
    const value = Number(Math.min(most, Math.max(least, side[name] + step)).toFixed(4));
    return value === side[name] ? null : { ...side, [name]: value };
  })));
  return found.filter((settings) => settings !== null);
}

/**
 * Return whether a setting of a side changes what it finds.
 * @param {Settings} side
 * @param {string} name
 */
function moves(side, name) {
  if (typeof side[name] !== "number") return false;
  if (SHARED.has(name) || name === "radius") return true;
  const grids = side.kinds.includes("grid");
  return grids || (name === "shrink" && side.policy === "composed" && side.radius_policy === "shrink");
}
