/** The playground: settings on the left, what comes of them on the stages; a slider moves, and another solution appears. */

import { momentIn } from "../base/address.js";
import { ServerError, send } from "../base/api.js";
import { el, fill, say } from "../base/dom.js";
import { slider } from "../base/fields.js";
import { LandscapeFields } from "./landscapefields.js";
import { PRESETS } from "./presets.js";
import { Reel } from "../film/reel.js";
import { SettingFields } from "./settingfields.js";
import { Theatre } from "../player/theatre.js";
import { number, whole } from "../base/wording.js";

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 * @typedef {import("../types.d.ts").Side} Side
 * @typedef {import("../types.d.ts").Preset} Preset
 * @typedef {import("../film/film.js").Film} Film
 * @typedef {{key: string, yaml: string}} Answer of the server: what it plays
 * @typedef {(dragging: boolean) => void} Changed
 */

const SIDES = ["a", "b"];
/** A slider that moves asks no more often than this. */
const REST_MILLISECONDS = 90;
const POLL_MILLISECONDS = 60;
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
const BUDGETS = [100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 3000, 5000, 7500, 10000, 20000];

export class Playground {
  #page = pageName();
  /** @type {Record<string, Reel>} */
  #reels = {};
  /** @type {Record<string, Film>} */
  #films = {};
  /** @type {Record<string, {key: string, answer: Promise<Answer>}>} */
  #asked = {};
  /** @type {ReturnType<typeof setTimeout>|0} */
  #timer = 0;
  #version = 0;
  /** @type {number|null} */
  #wanted = null;
  /** @type {(values: any) => string} */
  onLink = String;
  start = el("p", { class: "soft" });
  middle = el("button", { type: "button", class: "small", text: "Start in the middle", onclick: () => this.#placeAt(0.5) });

  /**
   * @param {HTMLElement} host
   * @param {{catalogue: import("../types.d.ts").Catalogue, theme: string, onMoment: () => void}} given
   */
  constructor(host, { catalogue, theme, onMoment }) {
    this.catalogue = catalogue;
    /** @type {{spec?: string|null}} */
    this.planes = {};
    /** @type {Settings} */
    this.common = {};
    /** @type {Side[]} */
    this.sides = [];
    this.landscape = new LandscapeFields(catalogue, () => {});
    /** @type {{title?: string, question?: string}} */
    this.preset = {};
    this.presets = el("div", { class: "presets", role: "group", "aria-label": "Questions to begin with" });
    this.question = el("p", { class: "question" });
    this.differences = el("p", { class: "soft" });
    this.form = el("form", { class: "controls", "aria-label": "Settings", onsubmit: (/** @type {Event} */ event) => event.preventDefault() });
    this.problems = el("div", { class: "problems", role: "alert", hidden: true });
    const theatre = el("div", { class: "theatre" });
    this.yaml = el("div", { class: "yaml" });
    host.append(
      el("div", { class: "intro" }, [this.presets, this.question, this.differences]),
      el("div", { class: "play" }, [
        el("details", { class: "settings", open: matchMedia("(min-width: 900px)").matches }, [el("summary", { text: "Settings" }), this.form]),
        el("div", { class: "shown" }, [this.problems, theatre, this.yaml]),
      ]),
    );
    this.theatre = new Theatre(theatre, {
      cards: catalogue.cards, theme, link: () => this.link(), onMoment,
      onPlace: (u, v, film) => this.#place(u, v, film),
      onPlane: (spec) => this.#look(spec),
    });
    fill(this.presets, PRESETS.map((preset) => el("button", { type: "button", text: preset.title, "aria-pressed": "false", onclick: () => this.load(preset) })));
  }

  /** The page is left: what only it waits for need not be worked. */
  leave() {
    send("/api/leave", { page: this.#page }, { keepalive: true }).catch(() => {});
  }

  /**
   * Begins with what an address says, else with the first question.
   * @param {URLSearchParams} address
   */
  begin(address) {
    const given = this.#parsed(address.get("play"));
    if (!given) return this.load(PRESETS[0]);
    this.#wanted = momentIn(address);
    if (address.get("plane")) this.planes.spec = address.get("plane");
    try {
      return this.load(given, { named: false });
    } catch {
      // Settings of kinds that no field has.
      this.#wanted = null;
      return this.load(PRESETS[0]);
    }
  }

  /**
   * Shows a preset: common settings, and one or two sides of its own.
   * @param {Preset} preset
   */
  load(preset, { named = true } = {}) {
    this.common = { ...preset.common };
    this.sides = preset.sides.map(({ name, settings }) => ({ name, settings: { lease: null, ...settings } }));
    say(this.question, preset.question ?? "");
    this.preset = { title: preset.title, question: preset.question };
    for (const button of this.presets.children) button.setAttribute("aria-pressed", String(named && button.textContent === preset.title));
    if (named) this.planes = {};
    this.#build();
    return this.#run(false);
  }

  /**
   * What the address has to say to show this again.
   * @returns {import("../base/address.js").State}
   */
  address() {
    const play = JSON.stringify({ ...this.preset, common: this.common, sides: this.sides });
    return { view: "playground", play, at: Math.round(this.theatre.player.at), plane: this.planes.spec ?? null, look: this.theatre.look };
  }

  #build() {
    /** @type {Changed} */
    const changed = (dragging) => this.#changed(dragging);
    this.landscape = new LandscapeFields(this.catalogue, (dragging) => {
      this.common.landscape = this.landscape.value;
      this.#fitCenter();
      this.planes = {};
      changed(dragging);
    });
    this.landscape.value = this.common.landscape;
    /**
     * @param {string} name
     * @param {any} rest
     */
    const common = (name, rest) => slider({
      ...rest, name, value: this.common[name],
      onInput: (value) => { this.common[name] = value; changed(true); },
      onChange: (value) => { this.common[name] = value; changed(false); },
    });
    this.#describeStart();
    const race = el("input", { type: "checkbox", id: "race" });
    race.checked = this.sides.length === 2;
    race.addEventListener("change", () => this.#race(race.checked));
    fill(this.form, [
      el("fieldset", {}, [
        el("legend", { text: "Both settings" }),
        this.landscape.element,
        common("budget", { label: "Budget", steps: BUDGETS.filter((b) => b <= this.catalogue.limits.budget[1]), words: (/** @type {number} */ n) => `${whole(n)} evaluations` }).element,
        common("seed", { label: "Seed", min: 0, max: 50, help: "Decides all that is drawn by chance." }).element,
        this.start,
        this.middle,
        el("div", { class: "field race" }, [race, el("label", { for: "race", text: "Race two settings" })]),
      ]),
      ...this.sides.map((side) => this.#sideFields(side, changed)),
    ]);
  }

  /**
   * @param {Side} side
   * @param {Changed} changed
   */
  #sideFields(side, changed) {
    const fields = new SettingFields(this.catalogue, side.settings, (dragging) => {
      side.settings = fields.value;
      changed(dragging);
    });
    return el("details", { class: "side", open: true }, [el("summary", { text: side.name }), fields.element]);
  }

  /** The settings are not those of a question any more. */
  #ownSettings() {
    this.preset = {};
    say(this.question, "");
    for (const button of this.presets.children) button.setAttribute("aria-pressed", "false");
  }

  /** @param {boolean} both */
  #race(both) {
    this.#ownSettings();
    if (both) this.sides.push({ name: "Second setting", settings: { ...this.sides[0].settings } });
    else this.sides.pop();
    this.#build();
    this.#run(false);
  }

  /** @param {boolean} dragging */
  #changed(dragging) {
    this.#ownSettings();
    this.#await(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(dragging), dragging ? REST_MILLISECONDS : 0);
  }

  /**
   * Asks for both sides. While a slider moves their ends are shown; at rest they are played.
   * @param {boolean} dragging
   */
  async #run(dragging) {
    const version = ++this.#version;
    this.#await(true);
    const sides = SIDES.slice(0, this.sides.length);
    try {
      const answers = await Promise.all(sides.map((side, i) => this.#ask(side, { ...this.common, ...this.sides[i].settings })));
      if (version !== this.#version) return;
      this.#complain([]);
      say(this.differences, differencesOf(this.sides));
      this.#describeStart();
      this.#showYaml(answers);
      this.#follow(sides, answers, dragging);
    } catch (error) {
      if (version === this.#version) this.#complain(error instanceof ServerError ? error.problems : [String(error)]);
    }
  }

  /**
   * @param {string} side
   * @param {Settings} wanted
   * @returns {Promise<Answer>}
   */
  async #ask(side, wanted) {
    const settings = withinCube(wanted);
    const key = JSON.stringify(settings);
    if (this.#asked[side]?.key !== key) {
      // The server clears away what this side showed before.
      this.#reels[side]?.stop();
      this.#asked[side] = { key, answer: send("/api/plays", { page: this.#page, side, settings }) };
    }
    try {
      return await this.#asked[side].answer;
    } catch (error) {
      delete this.#asked[side];
      throw error;
    }
  }

  /**
   * Fetches the films, and shows them once all have begun.
   * @param {string[]} sides
   * @param {Answer[]} answers
   * @param {boolean} dragging
   */
  #follow(sides, answers, dragging) {
    const version = this.#version;
    /** @type {Record<string, Film>} */
    const films = {};
    const names = this.sides.map((side) => side.name);
    for (const [side, reel] of Object.entries(this.#reels)) {
      reel.stop();
      delete this.#reels[side];
    }
    const arrived = () => {
      if (version !== this.#version || sides.some((side) => !films[side]?.count && !films[side]?.done)) return;
      const first = sides.some((side) => this.#films[side] !== films[side]);
      this.#films = { ...films };
      this.theatre.setFilms(sides.map((side) => films[side]), names);
      if (!first) return;
      this.#await(false);
      this.theatre.performFrom(this.#wanted, dragging);
      this.#wanted = null;
    };
    sides.forEach((side, i) => {
      this.#reels[side] = new Reel(`/api/plays/${answers[i].key}/film`, {
        plane: this.planes.spec ?? null, every: POLL_MILLISECONDS, patient: true,
        onFirst: (film) => { films[side] = film; arrived(); },
        onGrown: () => {
          if (version === this.#version) this.#complain([]);
          arrived();
        },
        onError: (error) => version === this.#version && this.#complain(error instanceof ServerError ? error.problems : [error.message]),
      });
    });
  }

  /**
   * @param {number} u
   * @param {number} v
   * @param {Film} film
   */
  #place(u, v, film) {
    const { origin, first, second } = film.header.plane;
    this.#placeAt(origin.map((o, d) => Number(Math.min(1, Math.max(0, o + u * first[d] + v * second[d])).toFixed(4))));
  }

  /**
   * Starts the search there: numbers of the unit cube, or one for all axes.
   * @param {number|number[]} center
   */
  #placeAt(center) {
    this.#ownSettings();
    this.common.center = center;
    this.#describeStart();
    this.#run(false);
  }

  #fitCenter() {
    // A start that was placed on another landscape of other dimensions is none here.
    this.common.center = 0.5;
    this.#describeStart();
  }

  #describeStart() {
    const { center } = this.common;
    const middle = center === 0.5;
    // In the landscape's own units, once they are known: as the axes are labelled.
    const { lower, upper } = this.#films.a?.header ?? {};
    const known = Array.isArray(center) && lower?.length === center.length;
    const shown = [center].flat().map((c, d) => number(known ? lower[d] + c * (upper[d] - lower[d]) : c));
    const listed = shown.slice(0, 6).join(", ") + (shown.length > 6 ? ", …" : "");
    const where = middle ? "the middle" : known ? `(${listed})` : `${listed} of each side`;
    const wide = Math.max(...this.sides.map(({ settings }) => settings.radius));
    const room = withinCube({ center, radius: wide }).radius;
    const cut = room < wide ? ` So near the edge its radius is cut to ${number(room)}.` : "";
    say(this.start, `The search starts round ${where}. Click on the surface to place it.${cut}`);
    this.middle.hidden = middle;
  }

  /**
   * What an address says is to be shown; null where it says nothing that there is. The server checks the rest.
   * @param {string|null} text
   * @returns {Preset|null}
   */
  #parsed(text) {
    try {
      const { title, question, common, sides } = JSON.parse(text ?? "null");
      const known = this.catalogue.landscapes.some(({ kind }) => kind === common.landscape.kind);
      if (!known || sides.length < 1 || sides.length > 2) return null;
      const [usual] = PRESETS[0].sides;
      const whole = sides.map((/** @type {Side} */ { name, settings }) => ({ name: String(name), settings: { ...usual.settings, ...settings } }));
      return { title, question, common: { ...PRESETS[0].common, ...common }, sides: whole };
    } catch {
      return null;
    }
  }

  /**
   * Looks at the same runs on another plane.
   * @param {string} spec
   */
  #look(spec) {
    this.planes.spec = spec;
    this.#wanted = this.theatre.player.at;
    this.#run(false);
  }

  /**
   * Whether what is shown is not yet what was asked for.
   * @param {boolean} busy
   */
  #await(busy) {
    this.theatre.row.setAttribute("aria-busy", String(busy));
  }

  /** @param {string[]} problems */
  #complain(problems) {
    if (problems.length) this.#await(false);
    this.problems.hidden = problems.length === 0;
    fill(this.problems, problems.map((text) => el("p", { text })));
  }

  /** @param {Answer[]} answers */
  #showYaml(answers) {
    fill(this.yaml, answers.map(({ yaml }, i) => {
      const text = el("pre", { tabindex: 0, "aria-label": "The experiment as YAML", text: yaml });
      const details = el("details", {}, [el("summary", { text: `${this.sides[i].name} as an experiment` }), text]);
      const note = el("span", { role: "status", class: "soft" });
      const copy = el("button", { type: "button", text: `Copy as YAML${answers.length > 1 ? `: ${this.sides[i].name}` : ""}`, onclick: () => copyText(yaml, note, details) });
      return el("div", { class: "copy" }, [copy, note, details]);
    }));
  }

  /** @returns {string} */
  link() {
    return this.onLink(this.address());
  }
}

/**
 * In what two settings differ, in words: nothing else can be why they end differently.
 * @param {Side[]} sides
 */
function differencesOf(sides) {
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
function withinCube(settings) {
  const least = LEAST_ROOM;
  /** @param {number} c */
  const inside = (c) => Math.min(1 - least, Math.max(least, c));
  const center = Array.isArray(settings.center) ? settings.center.map(inside) : inside(settings.center);
  const room = Math.min(...[center].flat().map((c) => Math.min(c, 1 - c)));
  return { ...settings, center, radius: Number(Math.max(least, Math.min(settings.radius, room)).toFixed(4)) };
}

/**
 * @param {string} text
 * @param {HTMLElement} note
 * @param {HTMLDetailsElement} details
 */
async function copyText(text, note, details) {
  try {
    await navigator.clipboard.writeText(text);
    say(note, "Copied: save it as my.yaml, then searchparty run my.yaml");
  } catch {
    details.open = true;
    say(note, "This browser gives no clipboard: copy it from below.");
  }
}

/** A name for this page, so that the server knows whose older request a newer one replaces. */
function pageName() {
  // Not crypto.randomUUID: it is missing where a page is served under another address without TLS.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
