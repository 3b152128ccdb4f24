/** The example questions: one button each, and the text of the question that is shown. */

import { el, fill, say } from "../base/dom.js";

/** @typedef {import("../types.d.ts").Preset} Preset */

export class PresetBar {
  /** @type {{title?: string, question?: string}} the preset that is shown; empty once any of its settings has changed */
  preset = {};

  /**
   * @param {Preset[]} presets
   * @param {(preset: Preset) => void} onChoose
   */
  constructor(presets, onChoose) {
    this.buttons = el("div", { class: "presets", role: "group", "aria-label": "Example questions" });
    this.question = el("p", { class: "question" });
    fill(this.buttons, presets.map((preset) => el("button", { type: "button", text: preset.title, "aria-pressed": "false", onclick: () => onChoose(preset) })));
  }

  /**
   * Show a preset's question, and mark its button as pressed if the preset was chosen by name.
   * @param {Preset} preset
   * @param {boolean} named
   */
  show({ title, question }, named) {
    this.preset = { title, question };
    say(this.question, question ?? "");
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", String(named && button.textContent === title));
  }

  /** Show no question, because the settings are no longer those of a preset. */
  clear() {
    this.preset = {};
    say(this.question, "");
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", "false");
  }
}
