/** Example settings: each asks a question and compares two settings side by side. */

const ALONE = { agents: 1, sharing: "none", policy: "composed", budget_policy: "equal", radius_policy: "shrink", lease: 60 };
const TEAM = { kinds: ["grid", "gradient-descent", "random-restart"], agents: 3, sharing: "broadcast", policy: "composed", budget_policy: "bandit", radius_policy: "shrink" };
const DESCENT = { kinds: ["gradient-descent"], radius: 0.2, radius_policy: "fixed", lease: null };
const GRID = { kinds: ["grid"], grid_size: 5, shrink: 0.5, radius: 0.5 };
const WAVES = { kind: "rastrigin", dimension: 2, shift: "random", rotate: true, instance: 4 };

/** @type {import("../types.d.ts").Preset[]} */
export const PRESETS = [
  {
    title: "Alone or together",
    question: "Same landscape, budget and rules: one side is a single agent, the other a team. Why does the party find the minimum, and the lone grid searcher not?",
    common: { landscape: WAVES, budget: 1500, seed: 1, center: 0.5 },
    sides: [
      { name: "Lone grid searcher", settings: { ...GRID, ...TEAM, kinds: ["grid"], agents: 1, lease: 60 } },
      { name: "The party", settings: { ...GRID, ...TEAM, kinds: ["grid", "cma-es", "random-restart"], lease: 60 } },
    ],
  },
  {
    title: "The size of the grid",
    question: "The same landscape searched with a coarse and a fine grid: which valley does each one converge to?",
    common: { landscape: { kind: "rastrigin", dimension: 2, shift: "random", instance: 1 }, budget: 1200, seed: 1, center: 0.5 },
    sides: [{ name: "4 points per axis", settings: { ...GRID, ...ALONE, grid_size: 4 } }, { name: "9 points per axis", settings: { ...GRID, ...ALONE, grid_size: 9 } }],
  },
  {
    title: "The radius",
    question: "A small starting region covers little, and a large one is searched coarsely. Where does each search end?",
    common: { landscape: { kind: "eggholder" }, budget: 1200, seed: 1, center: 0.4 },
    sides: [{ name: "radius 0.1", settings: { ...GRID, ...ALONE, radius: 0.1 } }, { name: "radius 0.4", settings: { ...GRID, ...ALONE, radius: 0.4 } }],
  },
  {
    title: "Gradient descent: stuck or oscillating",
    question: "Line-searched steps end in the nearest valley; long fixed steps jump from side to side and do not converge. Where do the flags show it?",
    common: { landscape: { kind: "rastrigin", dimension: 2, shift: "random", instance: 1 }, budget: 600, seed: 1, center: 0.3 },
    sides: [
      { name: "Line-searched steps", settings: { ...GRID, ...ALONE, ...DESCENT } },
      { name: "Long fixed steps", settings: { ...GRID, ...ALONE, ...DESCENT, agent_settings: { "gradient-descent": { line_search: false, step: 0.3 } } } },
    ],
  },
  {
    title: "With and without sharing",
    question: "The same four agents: in one team every agent learns of the best point, in the other none does. Which team finds the lower loss?",
    common: { landscape: { kind: "schwefel", dimension: 2, shift: "random", instance: 2 }, budget: 1500, seed: 1, center: 0.5 },
    sides: [
      { name: "no sharing", settings: { ...GRID, ...TEAM, agents: 4, sharing: "none" } },
      { name: "sharing", settings: { ...GRID, ...TEAM, agents: 4, sharing: "broadcast" } },
    ],
  },
  {
    title: "A real network",
    question: "A plane through three ends of Adam in the loss of a network on handwritten digits. One grid starts on a larger square than the other: in which basin does each end? The three runs came from up to 8.5 off this plane, so it does not show all there is.",
    common: { landscape: { kind: "slice", plane: "digits" }, budget: 400, seed: 3, center: 0.5 },
    sides: [
      { name: "Radius 0.1", settings: { ...GRID, ...ALONE, grid_size: 4, radius: 0.1 } },
      { name: "Radius 0.3", settings: { ...GRID, ...ALONE, grid_size: 4, radius: 0.3 } },
    ],
  },
  {
    title: "Ten dimensions",
    question: "Ten dimensions cannot be drawn: this is a plane through three agents' best points, and points off it fade. Which division of the budget reaches a lower loss?",
    common: { landscape: { kind: "bbob", function: 21, dimension: 10, instance: 1 }, budget: 5000, seed: 1, center: 0.5 },
    sides: [
      { name: "An equal split", settings: { ...GRID, ...TEAM, kinds: ["slsqp", "axes", "cma-es"], budget_policy: "equal", radius_policy: "fixed" } },
      { name: "The default party", settings: { ...GRID, ...TEAM, kinds: ["slsqp", "axes", "cma-es"], policy: "party" } },
    ],
  },
];

/**
 * Return the presets whose landscapes the server offers: one needs packages that may not be installed.
 * @param {import("../types.d.ts").Catalogue} catalogue
 */
export function offeredPresets(catalogue) {
  return PRESETS.filter(({ common }) => catalogue.landscapes.some(({ kind }) => kind === common.landscape.kind));
}
