/** The playground's settings as data: in what two of them differ, and where a search may start. */

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 * @typedef {import("../types.d.ts").Side} Side
 */

/**
 * Settings, as the form calls them.
 * @type {Record<string, string>}
 */
const NAMES = {
  kinds: "team", agents: "number of agents", grid_size: "grid size", shrink: "shrink factor", radius: "initial radius",
  budget_policy: "whom the budget goes to", radius_policy: "the rule for the radius", agent_settings: "the agent's own settings",
};
/** A start nearer to an edge is moved so far away from it. */
const LEAST_ROOM = 0.02;

/**
 * In what two settings differ, in words: nothing else can be why they end differently.
 * @param {Side[]} sides
 */
export function describeDifferences(sides) {
  if (sides.length < 2) return "";
  const [first, second] = sides.map(({ settings }) => settings);
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const differ = names.filter((name) => JSON.stringify(first[name] ?? null) !== JSON.stringify(second[name] ?? null));
  return differ.length ? `They differ in: ${differ.map((name) => NAMES[name] ?? name).join(", ")}. All else is the same.` : "They differ in nothing.";
}

/**
 * The region where a search starts lies within the cube: near an edge it is as wide as there is room.
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
