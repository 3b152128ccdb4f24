/** The fields of one side of the playground: its team and its policy. */

import { el, say } from "../base/dom.js";
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

/** The fields that are always shown; the others stand behind "More". */
const QUICK = ["grid_size", "radius", "kinds"];
/** The fields of a branch, which are those of its policy: the rest was decided before. Radius and sharing are always shown. */
const BRANCH_MORE = ["budget_policy", "lease", "policy"];

export class SettingFields {
  /**
   * @param {import("../types.d.ts").Catalogue} catalogue
   * @param {import("../types.d.ts").Settings} settings to begin with
   * @param {(dragging: boolean) => void} onChange
   * @param {string} name of the side
   * @param {boolean} branches whether it is a branch: then only its policy may change
   */
  constructor(catalogue, settings, onChange, name = "", branches = false) {
    /** @type {import("../types.d.ts").Settings} */
    this.settings = { ...settings };
    const { limits, cards, settings: helps } = catalogue;
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
      agents: slider({ label: "Number of agents", min: 1, max: limits.agents[1], ...sliderOptions("agents"), help: helps.agents }),
      grid_size: slider({ label: "Grid size", min: limits.grid_size[0], max: limits.grid_size[1], words: (n) => `${n} × ${n}`, ...sliderOptions("grid_size"), help: helps.grid_size }),
      radius: slider({ label: "Radius", min: limits.radius[0], max: limits.radius[1], step: 0.01, words: number, ...sliderOptions("radius"), help: helps.radius }),
      shrink: slider({ label: "Shrink factor", min: limits.shrink[0], max: limits.shrink[1], step: 0.05, words: number, ...sliderOptions("shrink"), help: helps.shrink }),
      sharing: choice({ label: "Sharing", ...choiceOptions("sharing", "sharings"), help: helps.sharing }),
      policy: choice({ label: "Policy", ...choiceOptions("policy", "policies"), help: helps.policy }),
      budget_policy: choice({ label: "Budget policy", ...choiceOptions("budget_policy", "budgets"), help: helps.budget_policy }),
      radius_policy: choice({ label: "Radius policy", ...choiceOptions("radius_policy", "radii"), help: helps.radius_policy }),
      lease: slider({ label: "Lease", steps: LEASES, words, ...sliderOptions("lease"), help: helps.lease }),
    };
    this.composed = [this.fields.budget_policy.element, this.fields.radius_policy.element];
    this.about = el("p", { class: "soft" });
    this.cards = cards;
    const told = el("details", {}, [el("summary", { class: "soft", text: "What these choices mean" }), this.about]);
    const more = Object.entries(this.fields).filter(([key]) => (branches ? BRANCH_MORE.includes(key) : !QUICK.includes(key))).map(([, field]) => field.element);
    this.element = el("div", { class: "fields", role: "group", "aria-label": `Rules${name ? ` of ${name}` : ""}` }, [...more, told]);
    this.teamText = el("summary");
    const team = el("details", { class: "team" }, [this.teamText, el("div", { class: "popover" }, [this.fields.kinds.element])]);
    this.quick = el("div", { class: "quick", role: "group", "aria-label": name || "Team and region" }, [
      el("span", { class: "quick-name", text: name }),
      ...(branches ? [this.fields.radius_policy.element, this.fields.sharing.element] : [this.fields.grid_size.element, this.fields.radius.element, team]),
    ]);
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
    const { kinds, agents } = this.settings;
    say(this.teamText, `Team: ${kinds.length > 2 ? `${kinds[0]} + ${kinds.length - 1}` : kinds.join(", ")}${agents > kinds.length ? ` (${agents})` : ""}`);
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
