/** The form with all settings: those that the sides share, and the fields of each side. */

import { el, fill } from "../base/dom.js";
import { slider } from "../base/fields.js";
import { whole } from "../base/wording.js";
import { nameBranch, settingsOf } from "./branching.js";
import { LandscapeFields } from "./landscapefields.js";
import { SettingFields } from "./settingfields.js";
import { StartField } from "./startfield.js";

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 * @typedef {import("../types.d.ts").Side} Side
 * @typedef {import("../types.d.ts").Preset} Preset
 * @typedef {object} Listeners
 * @property {(dragging: boolean) => void} onChange a field has changed
 * @property {() => void} onLandscape the landscape has changed; `onChange` follows
 * @property {() => void} onRace a side has been added or removed
 * @property {() => void} onMiddle the search is to start at the center
 */

const BUDGETS = [100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 3000, 5000, 7500, 10000, 20000];

export class PlayForm {
  /** @type {Settings} the settings that the sides share */
  common = {};
  /** @type {Side[]} */
  sides = [];
  /** @type {import("../types.d.ts").Header|undefined} of the run that is shown */
  header = undefined;

  /**
   * @param {import("../types.d.ts").Catalogue} catalogue
   * @param {Listeners} listeners
   */
  constructor(catalogue, listeners) {
    this.catalogue = catalogue;
    this.listeners = listeners;
    this.start = new StartField(listeners.onMiddle);
    /** The few fields that are always shown, for each side. */
    this.quick = el("div", { class: "quick-row" });
    this.element = el("form", { class: "controls", "aria-label": "More settings", onsubmit: (/** @type {Event} */ event) => event.preventDefault() });
  }

  /**
   * Show a preset's settings.
   * @param {Preset} preset
   */
  load(preset) {
    this.common = { ...preset.common };
    this.sides = preset.sides.map(({ name, settings, from }) => ({ name, settings: { lease: null, ...settings }, from }));
    this.#build();
  }

  /**
   * Set the center of the starting region, in the unit cube: one number per axis, or one for all axes.
   * @param {number|number[]} center
   */
  setCenter(center) {
    this.common.center = center;
    this.describeStart();
  }

  describeStart() {
    this.start.show(this.common.center, this.sides, this.header);
  }

  /**
   * The complete settings of each side, including the shared ones.
   * @returns {Settings[]}
   */
  get sideSettings() {
    return this.sides.map((side) => ({ ...this.common, ...settingsOf(side, this.sides[0]) }));
  }

  /** The moment from which each side branches the first one; undefined if it does not. */
  get starts() {
    return this.sides.map(({ from }) => from);
  }

  #build() {
    const { limits: { budget }, settings: helps } = this.catalogue;
    const landscape = this.#landscapeFields();
    const sliders = [
      this.#commonSlider("budget", { label: "Budget", steps: BUDGETS.filter((b) => b <= budget[1]), words: (/** @type {number} */ n) => `${whole(n)} evaluations`, help: helps.budget }),
      this.#commonSlider("seed", { label: "Seed", min: 0, max: 50, help: helps.seed }),
    ];
    this.describeStart();
    const sides = this.sides.map((side) => this.#sideFields(side));
    fill(this.quick, sides.map(({ quick }) => quick));
    fill(this.element, [
      el("fieldset", {}, [
        el("legend", { text: "Common settings" }),
        landscape.element,
        ...sliders.map(({ element }) => element),
        this.start.text,
        this.start.middle,
        this.#raceField(),
      ]),
      ...sides.map(({ more }) => more),
    ]);
  }

  #landscapeFields() {
    const fields = new LandscapeFields(this.catalogue, (dragging) => {
      this.common.landscape = fields.value;
      // A start that was placed on another landscape may have another dimension, so reset it.
      this.setCenter(0.5);
      this.listeners.onLandscape();
      this.listeners.onChange(dragging);
    });
    fields.value = this.common.landscape;
    return fields;
  }

  /**
   * @param {string} name
   * @param {any} rest
   */
  #commonSlider(name, rest) {
    /** @type {(value: any, dragging: boolean) => void} */
    const set = (value, dragging) => {
      this.common[name] = value;
      this.listeners.onChange(dragging);
    };
    return slider({ ...rest, name, value: this.common[name], onInput: (value) => set(value, true), onChange: (value) => set(value, false) });
  }

  #raceField() {
    const race = el("input", { type: "checkbox", id: "race" });
    race.checked = this.sides.length === 2;
    race.addEventListener("change", () => this.#race(race.checked));
    return el("div", { class: "field race" }, [race, el("label", { for: "race", text: "Compare two settings" })]);
  }

  /** @param {boolean} both */
  #race(both) {
    if (both) this.sides.push({ name: "Second setting", settings: { ...this.sides[0].settings } });
    else this.sides.pop();
    this.#build();
    this.listeners.onRace();
  }

  /** @param {Side} side */
  #sideFields(side) {
    const fields = new SettingFields(this.catalogue, side.settings, (dragging) => {
      side.settings = fields.value;
      if (side.from) side.name = nameBranch(side, this.sides[0]);
      this.listeners.onChange(dragging);
    }, side.name, Boolean(side.from));
    return { quick: fields.quick, more: el("details", { class: "side", open: true }, [el("summary", { text: side.name }), fields.element]) };
  }
}
