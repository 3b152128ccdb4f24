/** The questions: a button for each, a gallery of all, and the text of the one that is shown. */

import { el, fill, say } from "../base/dom.js";
import { Gallery } from "../gallery/gallery.js";

/** @typedef {import("../types.d.ts").Preset} Preset */

export class PresetBar {
  /** @type {Preset|{}} the question that is shown; empty once any of its settings has changed */
  preset = {};

  /**
   * @param {import("../types.d.ts").Question[]} questions
   * @param {{theme: () => string, onChoose: (preset: Preset) => void}} given
   */
  constructor(questions, given) {
    this.questions = questions;
    this.gallery = new Gallery(questions, given);
    this.group = el("div", { class: "presets", role: "group", "aria-label": "Example questions" });
    this.buttons = el("div", { class: "questions" }, [this.gallery.button, this.group, this.gallery.element]);
    this.question = el("p", { class: "question" });
    fill(this.group, questions.map((preset) => el("button", { type: "button", text: preset.title, "aria-pressed": "false", onclick: () => given.onChoose(preset) })));
  }

  /**
   * Show a preset's question, and mark its button as pressed if the preset was chosen by name.
   * @param {Preset} preset
   * @param {boolean} named
   */
  show({ title, question }, named) {
    this.preset = { title, question };
    say(this.question, question ?? "");
    for (const button of this.group.children) {
      const on = named && button.textContent === title;
      button.setAttribute("aria-pressed", String(on));
      if (on) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  /** Show no question, because the settings are no longer those of a preset. */
  clear() {
    this.preset = {};
    say(this.question, "");
    for (const button of this.group.children) button.setAttribute("aria-pressed", "false");
  }

  /** The question whose settings are shown, or null: its answer holds for those alone. */
  get current() {
    const pressed = [...this.group.children].findIndex((button) => button.getAttribute("aria-pressed") === "true");
    return pressed < 0 ? null : this.questions[pressed];
  }
}
