/** The questions to begin with: a button each, and the one that is shown in words. */

import { el, fill, say } from "../base/dom.js";
import { PRESETS } from "./presets.js";

/** @typedef {import("../types.d.ts").Preset} Preset */

export class PresetBar {
  /** @type {{title?: string, question?: string}} the preset that is shown; empty once any of its settings has changed */
  preset = {};

  /** @param {(preset: Preset) => void} onChoose */
  constructor(onChoose) {
    this.buttons = el("div", { class: "presets", role: "group", "aria-label": "Questions to begin with" });
    this.question = el("p", { class: "question" });
    fill(this.buttons, PRESETS.map((preset) => el("button", { type: "button", text: preset.title, "aria-pressed": "false", onclick: () => onChoose(preset) })));
  }

  /**
   * Shows a preset's question; presses its button where it was chosen by its name.
   * @param {Preset} preset
   * @param {boolean} named
   */
  show({ title, question }, named) {
    this.preset = { title, question };
    say(this.question, question ?? "");
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", String(named && button.textContent === title));
  }

  /** Shows no question: the settings are no longer those of a preset. */
  clear() {
    this.preset = {};
    say(this.question, "");
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", "false");
  }
}
