/** The panel that branches a run: from the moment shown with another setting, beside the original. */

import { el, fill, say } from "../base/dom.js";
import { whole } from "../base/wording.js";
import { SettingFields } from "./settingfields.js";

/**
 * @typedef {import("../types.d.ts").Side} Side
 * @typedef {import("../film/film.js").Film} Film
 */

/** The settings that may differ within a run: those of its policy. */
const WORDS = /** @type {Record<string, string>} */ ({ radius_policy: "radius", sharing: "sharing", budget_policy: "budget", policy: "policy", lease: "lease" });

/**
 * Return the settings of a branch: those of its original, but for the policy's.
 * @param {Side} side
 * @param {Side} original
 */
export function settingsOf(side, original) {
  const own = Object.keys(WORDS).map((name) => [name, side.settings[name]]);
  return side.from ? { ...original.settings, ...Object.fromEntries(own) } : side.settings;
}

/**
 * Return the name of a branch: from when on, and what differs.
 * @param {Side} side
 * @param {Side} original
 */
export function nameBranch({ settings, from }, original) {
  const differ = Object.keys(WORDS).filter((name) => (settings[name] ?? null) !== (original.settings[name] ?? null));
  return `From ${whole(from ?? 0)}: ${differ.map((name) => `${WORDS[name]} ${settings[name] ?? "by default"}`).join(", ")}`;
}

export class Branching {
  #chosen = Infinity;
  #onChange = () => this.#update();
  /** @type {Side|null} */
  #draft = null;

  /**
   * @param {import("../types.d.ts").Catalogue} catalogue
   * @param {{sides: () => Side[], films: () => Film[], player: () => import("../player/player.js").Player,
   *   onBranch: (original: Side, branch: Side) => void}} given the runs that are shown, and their settings
   */
  constructor(catalogue, given) {
    this.catalogue = catalogue;
    this.given = given;
    this.moment = el("p", { class: "branch-moment" });
    this.fields = el("div", { class: "fields" });
    this.problem = el("p", { class: "branch-problem", role: "alert" });
    const panel = el("form", { class: "popover", "aria-label": "Another setting from here on", onsubmit: (/** @type {Event} */ event) => this.#submit(event) }, [
      this.moment, this.fields, el("button", { type: "submit", text: "Go on from here" }), this.problem,
    ]);
    this.summary = el("summary", { text: "Branch", title: "Go on from this moment with another setting, beside this run" });
    this.element = el("details", { class: "branch" }, [this.summary, panel]);
    this.element.addEventListener("toggle", () => this.element.open && this.#begin());
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
  }

  /** Say which moment is shown. */
  #update() {
    if (!this.element.open) return;
    say(this.moment, `From evaluation ${whole(this.#at)} on, with another setting. Until then, it is the same run.`);
    say(this.problem, "");
  }

  get #at() {
    return Math.round(this.given.player().at);
  }

  #begin() {
    this.given.player().addEventListener("change", this.#onChange);
    this.given.player().pause();
    this.#build();
    this.#update();
    this.fields.querySelector("select")?.focus();
  }

  #close() {
    this.element.open = false;
    this.summary.focus();
  }

  /** Offer the policy's settings of the run that is chosen; a branch is not branched again. */
  #build() {
    const sides = this.given.sides().filter(({ from }) => !from);
    if (!sides.length) return;
    this.#chosen = Math.min(this.#chosen, sides.length - 1);
    const { name, settings } = sides[this.#chosen];
    const draft = { name, settings: { ...settings } };
    const choice = new SettingFields(this.catalogue, settings, () => {
      draft.settings = choice.value;
      say(this.problem, "");
    }, name, true);
    this.#draft = draft;
    const which = sides.map((side, i) => {
      const input = el("input", { type: "radio", name: "branched", checked: i === this.#chosen, onchange: () => { this.#chosen = i; this.#build(); } });
      return el("label", { class: "chip" }, [input, el("span", { text: side.name })]);
    });
    const run = el("fieldset", { class: "chips", hidden: sides.length < 2 }, [el("legend", { text: "Which run" }), ...which]);
    fill(this.fields, [run, choice.quick, choice.element]);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const original = this.given.sides().filter(({ from }) => !from)[this.#chosen];
    const film = original && this.given.films()[this.given.sides().indexOf(original)];
    const branch = { name: "", settings: this.#draft?.settings ?? {}, from: this.#at };
    const problem = film ? refuseMoment(film, branch.from) || refuseSettings(branch, original) : "Nothing is shown yet.";
    say(this.problem, problem);
    if (problem) return;
    this.#close();
    this.given.onBranch(original, { ...branch, name: nameBranch(branch, original) });
  }
}

/**
 * Return why a run cannot be branched at a moment; "" if it can.
 * @param {Film} film
 * @param {number} at
 */
function refuseMoment(film, at) {
  if (!film.done) return "This run is still being worked: it can be branched once it has ended.";
  const last = Math.max(0, ...film.leases.map(({ starts }) => film.evaluationsAtTime(starts)));
  if (at < 1) return "Nothing has been found yet at the beginning: go to a later moment.";
  return at > last ? `After evaluation ${whole(last)}, nothing is decided any more: go to an earlier moment.` : "";
}

/**
 * @param {Side} branch
 * @param {Side} original
 */
function refuseSettings(branch, original) {
  const same = Object.keys(WORDS).every((name) => (branch.settings[name] ?? null) === (original.settings[name] ?? null));
  return same ? "These are the settings of the run itself: change one of them." : "";
}
