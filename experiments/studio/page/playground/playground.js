/** The playground: a form with settings, and the runs that they give; moving a slider starts a new run. */

import { momentIn } from "../base/address.js";
import { ServerError } from "../base/api.js";
import { el, say } from "../base/dom.js";
import { Replay } from "../player/replay.js";
import { Beside } from "../gallery/beside.js";
import { readPlay, writePlay } from "./address.js";
import { Branching } from "./branching.js";
import { PlayForm } from "./playform.js";
import { PresetBar } from "./presetbar.js";
import { Preparation } from "./preparation.js";
import { Problems } from "./problems.js";
import { PlayRequests } from "./requests.js";
import { describeBranch, describeDifferences, liftToCube } from "./settings.js";
import { Veil } from "./veil.js";
import { YamlList } from "./yamllist.js";

/**
 * @typedef {import("../types.d.ts").Preset} Preset
 * @typedef {import("../film/film.js").Film} Film
 */

/** Delay before a moving slider causes a request; each further movement restarts it. */
const REST_MILLISECONDS = 90;

export class Playground {
  #requests = new PlayRequests();
  /** @type {Film[]} */
  #films = [];
  /** @type {ReturnType<typeof setTimeout>|0} */
  #timer = 0;
  /** @type {number|null} the evaluation at which the next runs open; none outlasts a refusal, or a preset */
  #wanted = null;
  #goesOn = false;
  /** @type {string|null} */
  #plane = null;
  /** @type {(values: any) => string} */
  onLink = String;

  /**
   * @param {HTMLElement} host
   * @param {{catalogue: import("../types.d.ts").Catalogue, theme: string, onMoment: () => void}} given
   */
  constructor(host, { catalogue, theme, onMoment }) {
    this.catalogue = catalogue;
    this.preparation = new Preparation(this.#requests, catalogue);
    this.presets = new PresetBar(catalogue.questions, { theme: () => this.replay.theme, onChoose: (preset) => this.load(preset) });
    this.beside = new Beside(catalogue);
    this.settings = new PlayForm(catalogue, {
      onChange: (dragging) => this.#change(dragging),
      onLandscape: () => { this.#plane = null; },
      onRace: () => this.#restart(),
      onMiddle: () => this.#placeAt(0.5),
    });
    this.differences = el("p", { class: "soft" });
    this.problems = new Problems(() => {
      this.#requests.forget();
      this.#complain([]);
      this.#run(false);
    });
    this.branching = new Branching(catalogue, { sides: () => this.settings.sides, films: () => this.#films, player: /** @returns {import("../player/player.js").Player} */ () => this.replay.player, onBranch: (original, branch) => this.#branch(original, branch) });
    const replay = el("div", { class: "replay" });
    this.veil = new Veil(replay, () => this.replay.row);
    this.yaml = new YamlList();
    const more = el("details", { class: "settings" }, [el("summary", { text: "More settings" }), this.settings.element]);
    host.append(
      el("div", { class: "intro" }, [el("div", { class: "first-line" }, [this.presets.buttons, more]), this.presets.question]),
      this.settings.quick,
      el("div", { class: "shown" }, [this.problems.element, this.veil.element, replay, this.differences, this.yaml.element]),
    );
    this.replay = new Replay(replay, {
      fills: true,
      cards: catalogue.cards, theme, link: () => this.onLink(this.address()),
      onMoment: () => {
        this.beside.show(this.replay.player.at);
        onMoment();
      },
      tools: [this.branching.element],
      onPlace: (u, v, film) => this.#placeAt(liftToCube(film.header.plane, u, v)),
      onPlane: (spec) => this.#look(spec),
    });
    this.replay.notes.before(this.beside.element);
  }

  /** Tell the server that the page is closed. */
  leave() {
    this.#requests.leave();
  }

  /**
   * Show the settings in an address, or else the first example question.
   * @param {URLSearchParams} address
   */
  begin(address) {
    const given = readPlay(address.get("play"), this.catalogue);
    if (!given) return this.load(this.catalogue.questions[0]);
    [this.#wanted, this.#plane] = [momentIn(address), address.get("plane") || this.#plane];
    try {
      return this.load(given, { named: false });
    } catch {
      // The address contains kinds that no field offers.
      return this.load(this.catalogue.questions[0]);
    }
  }

  /**
   * Show a preset: its common settings and its one or two sides.
   * @param {Preset} preset
   */
  load(preset, { named = true } = {}) {
    this.presets.show(preset, named);
    if (named) [this.#plane, this.#wanted, this.#goesOn] = [null, null, false];
    this.veil.cover();
    this.settings.load(preset);
    return this.#run(false);
  }

  /**
   * Return the address values that show this again.
   * @returns {import("../base/address.js").State}
   */
  address() {
    const { common, sides } = this.settings;
    const play = writePlay({ ...this.presets.preset, common, sides });
    return { view: "playground", play, at: Math.round(this.replay.player.at), plane: this.#plane, look: this.replay.look };
  }

  /** @param {boolean} dragging */
  #change(dragging) {
    this.presets.clear();
    this.veil.expect(dragging);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(dragging), dragging ? REST_MILLISECONDS : 0);
  }

  /** Run the current settings, which are no longer those of a preset. */
  #restart() {
    this.presets.clear();
    this.#run(false);
  }

  /**
   * Request the runs of all sides. While a slider moves, their ends are shown; afterwards they are played.
   * @param {boolean} dragging
   */
  async #run(dragging) {
    this.veil.expect(dragging);
    this.preparation.cancel();
    try {
      const answers = await this.#requests.play(this.settings.sideSettings, this.settings.starts);
      if (!answers) return;
      this.#complain([]);
      const names = this.settings.sides.map((side) => side.name);
      say(this.differences, describeDifferences(this.settings.sides));
      this.settings.describeStart();
      this.yaml.show(answers.map(({ yaml }) => yaml), names);
      this.#requests.follow(answers, this.#plane, {
        onFilms: (films) => this.#showFilms(films, names, dragging),
        onGrowth: () => this.#complain([]),
        onError: (error) => this.#complain(error instanceof ServerError ? error.problems : [error.message]),
      });
    } catch (error) {
      [this.#wanted, this.#goesOn] = [null, false];
      this.#complain(error instanceof ServerError ? error.problems : [String(error)]);
    }
  }

  /**
   * Show films after all have begun, and play them if any was not shown before.
   * @param {Film[]} films
   * @param {string[]} names
   * @param {boolean} dragging
   */
  #showFilms(films, names, dragging) {
    const first = films.some((film, i) => this.#films[i] !== film);
    this.#films = films;
    this.settings.header = films[0].header;
    this.beside.setFilms(films, names, this.settings.common.landscape, this.presets.current?.id ?? "");
    this.replay.conclusion.answer = this.presets.current?.answer ?? describeBranch(this.settings.sides);
    this.replay.setFilms(films, names);
    if (!first) return;
    this.veil.lift();
    this.replay.showFrom(this.#wanted, dragging);
    if (this.#goesOn) this.replay.player.play();
    this.preparation.schedule(this.settings.sideSettings.filter((_, i) => !this.settings.starts[i]));
    [this.#wanted, this.#goesOn] = [null, false];
  }

  /**
   * Show a run, and beside it what comes of another setting from a moment on; go on from there.
   * @param {import("../types.d.ts").Side} original
   * @param {import("../types.d.ts").Side} branch
   */
  #branch(original, branch) {
    [this.#wanted, this.#goesOn] = [branch.from ?? 0, true];
    this.load({ common: this.settings.common, sides: [original, branch] }, { named: false });
  }

  /**
   * Start the search at a center in the unit cube: one number per axis, or one for all axes.
   * @param {number|number[]} center
   */
  #placeAt(center) {
    this.settings.setCenter(center);
    this.#restart();
  }

  /**
   * Show the same runs on another plane.
   * @param {string} spec
   */
  #look(spec) {
    this.#plane = spec;
    this.#wanted = this.replay.player.at;
    this.#run(false);
  }

  /** @param {string[]} problems */
  #complain(problems) {
    if (problems.length) this.veil.rest();
    this.problems.show(problems);
  }
}
