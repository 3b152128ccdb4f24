/** The fields of one side of the playground: its team and its policy. */

import { el } from "../base/dom.js";
import { choice, choices, slider } from "../base/fields.js";
import { number } from "../base/wording.js";

const LEASES = [null, 10, 16, 20, 25, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000];

/** @param {number|null} value */
const words = (value) => (value === null ? "the policy's default" : `${value} evaluations`);

/**
 * Return a kind as an option whose text is its name.
 * @param {string} kind
 * @returns {[string, string]}
 */
const pair = (kind) => [kind, kind];

export class SettingFields {
  /**
   * @param {import("../types.d.ts").Catalogue} catalogue
   * @param {import("../types.d.ts").Settings} settings to begin with
   * @param {(dragging: boolean) => void} onChange
   */
  constructor(catalogue, settings, onChange) {
    /** @type {import("../types.d.ts").Settings} */
    this.settings = { ...settings };
    const { limits, cards } = catalogue;
    /** @type {(name: string) => (value: any) => void} */
    const set = (name) => (value) => this.#set(name, value, false, onChange);
    /** @type {(name: string) => (value: any) => void} */
    const drag = (name) => (value) => this.#set(name, value, true, onChange);
    /** @param {string} name */
    const sliderOptions = (name) => ({ name, value: this.settings[name], onInput: drag(name), onChange: set(name) });
    /**
     * @param {string} name
     * @param {"policies"|"budgets"|"radii"|"sharings"} family
     */
    const choiceOptions = (name, family) => ({
      name, value: this.settings[name], onChange: set(name), options: catalogue[family].map(pair),
    });
    this.fields = {
      kinds: choices({ label: "Team", name: "kinds", value: this.settings.kinds, onChange: set("kinds"), options: catalogue.agents.map(({ kind }) => [kind, kind, cards.agents[kind]]) }),
      agents: slider({ label: "Number of agents", min: 1, max: limits.agents[1], ...sliderOptions("agents"), help: "The kinds of the team are assigned to the agents in turn." }),
      grid_size: slider({ label: "Grid size", min: limits.grid_size[0], max: limits.grid_size[1], words: (n) => `${n} points per axis`, ...sliderOptions("grid_size"), help: "Points of a grid agent along each axis." }),
      radius: slider({ label: "Initial radius", min: limits.radius[0], max: limits.radius[1], step: 0.01, words: number, ...sliderOptions("radius"), help: "Half of the side of the starting region; 0.5 covers the whole space." }),
      shrink: slider({ label: "Shrink factor", min: limits.shrink[0], max: limits.shrink[1], step: 0.05, words: number, ...sliderOptions("shrink"), help: "Ratio of each radius to the one before." }),
      sharing: choice({ label: "Sharing", ...choiceOptions("sharing", "sharings"), help: "Which agents learn of the best points of others." }),
      policy: choice({ label: "Policy", ...choiceOptions("policy", "policies"), help: "Decides which agent gets which lease." }),
      budget_policy: choice({ label: "Budget policy", ...choiceOptions("budget_policy", "budgets") }),
      radius_policy: choice({ label: "Radius policy", ...choiceOptions("radius_policy", "radii") }),
      lease: slider({ label: "Lease", steps: LEASES, words, ...sliderOptions("lease"), help: "Evaluations between two decisions about an agent." }),
    };
    this.composed = [this.fields.budget_policy.element, this.fields.radius_policy.element];
    this.about = el("p", { class: "soft" });
    this.cards = cards;
    const told = el("details", {}, [el("summary", { class: "soft", text: "What these choices mean" }), this.about]);
    this.element = el("div", { class: "fields", role: "group", "aria-label": "Team and policy" }, [...Object.values(this.fields).map((field) => field.element), told]);
    this.#describe();
  }

  get value() {
    return this.settings;
  }

  /**
   * @param {string} name
   * @param {any} value
   * @param {boolean} dragging
   * @param {(dragging: boolean) => void} onChange
   */
  #set(name, value, dragging, onChange) {
    if (this.settings[name] === value && !dragging && name !== "kinds") {
      onChange(false);
      return;
    }
    this.settings = { ...this.settings, [name]: value };
    // Raise the number of agents to the number of kinds, so that every kind has an agent.
    if (name === "kinds" && this.settings.agents < value.length) {
      this.settings.agents = this.fields.agents.value = value.length;
    }
    this.#describe();
    onChange(dragging);
  }

  #describe() {
    const { policy, budget_policy: budget, radius_policy: radius, sharing } = this.settings;
    const composed = policy === "composed";
    for (const element of this.composed) element.hidden = !composed;
    const grids = this.settings.kinds.includes("grid");
    this.fields.grid_size.element.hidden = !grids;
    this.fields.shrink.element.hidden = !grids && !(composed && radius === "shrink");
    this.fields.sharing.element.hidden = policy === "exploit-and-explore";
    const told = [this.cards.policies[policy]];
    if (composed) told.push(this.cards.budgets[budget], this.cards.radii[radius], this.cards.sharings[sharing]);
    this.about.textContent = told.filter(Boolean).join(" ");
  }
}
