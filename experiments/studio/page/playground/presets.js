/** Settings to begin with: each asks one question, and shows two answers side by side. */

const ALONE = { agents: 1, sharing: "none", policy: "composed", budget_policy: "equal", radius_policy: "shrink", lease: 60 };
const TEAM = { kinds: ["grid", "gradient-descent", "random-restart"], agents: 3, sharing: "broadcast", policy: "composed", budget_policy: "bandit", radius_policy: "shrink" };
const DESCENT = { kinds: ["gradient-descent"], radius: 0.2, radius_policy: "fixed", lease: null };
const GRID = { kinds: ["grid"], grid_size: 5, shrink: 0.5, radius: 0.5 };
const WAVES = { kind: "rastrigin", dimension: 2, shift: "random", rotate: true, instance: 4 };

/** @type {import("../types.d.ts").Preset[]} */
export const PRESETS = [
  {
    title: "Alone or together",
    question: "The same landscape, budget and rules; the one searches alone, the other in company. Why does the party find the minimum, and the lone grid searcher not?",
    common: { landscape: WAVES, budget: 1500, seed: 1, center: 0.5 },
    sides: [
      { name: "Lone grid searcher", settings: { ...GRID, ...TEAM, kinds: ["grid"], agents: 1, lease: 60 } },
      { name: "The party", settings: { ...GRID, ...TEAM, kinds: ["grid", "cma-es", "random-restart"], lease: 60 } },
    ],
  },
  {
    title: "The size of the grid",
    question: "The same landscape under a coarse and a fine grid: which valley does each close in on?",
    common: { landscape: { kind: "rastrigin", dimension: 2, shift: "random", instance: 1 }, budget: 1200, seed: 1, center: 0.5 },
    sides: [{ name: "4 points an axis", settings: { ...GRID, ...ALONE, grid_size: 4 } }, { name: "9 points an axis", settings: { ...GRID, ...ALONE, grid_size: 9 } }],
  },
  {
    title: "The radius",
    question: "A narrow start sees little, a wide one sees coarsely. Where does each end?",
    common: { landscape: { kind: "eggholder" }, budget: 1200, seed: 1, center: 0.4 },
    sides: [{ name: "radius 0.1", settings: { ...GRID, ...ALONE, radius: 0.1 } }, { name: "radius 0.4", settings: { ...GRID, ...ALONE, radius: 0.4 } }],
  },
  {
    title: "Gradient descent: stuck, or to and fro",
    question: "Careful steps end in the nearest valley; long fixed steps jump from side to side and settle nowhere. Who says so, and where?",
    common: { landscape: { kind: "rastrigin", dimension: 2, shift: "random", instance: 1 }, budget: 600, seed: 1, center: 0.3 },
    sides: [
      { name: "Careful steps", settings: { ...GRID, ...ALONE, ...DESCENT } },
      { name: "Long fixed steps", settings: { ...GRID, ...ALONE, ...DESCENT, agent_settings: { "gradient-descent": { line_search: false, step: 0.3 } } } },
    ],
  },
  {
    title: "Sharing, or each for itself",
    question: "The same four agents; in one team everybody hears of the best point, in the other nobody.",
    common: { landscape: { kind: "schwefel", dimension: 2, shift: "random", instance: 2 }, budget: 1500, seed: 1, center: 0.5 },
    sides: [
      { name: "each for itself", settings: { ...GRID, ...TEAM, agents: 4, sharing: "none" } },
      { name: "sharing", settings: { ...GRID, ...TEAM, agents: 4, sharing: "broadcast" } },
    ],
  },
  {
    title: "Ten dimensions",
    question: "Ten dimensions cannot be drawn: this is a plane through three agents' best points, and what lies off it fades. Which way of sharing the budget comes lower?",
    common: { landscape: { kind: "bbob", function: 21, dimension: 10, instance: 1 }, budget: 5000, seed: 1, center: 0.5 },
    sides: [
      { name: "An even split", settings: { ...GRID, ...TEAM, kinds: ["slsqp", "axes", "cma-es"], budget_policy: "equal", radius_policy: "fixed" } },
      { name: "The default party", settings: { ...GRID, ...TEAM, kinds: ["slsqp", "axes", "cma-es"], policy: "party" } },
    ],
  },
];
