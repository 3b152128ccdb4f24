/** The replay of one or two runs: their stages, driven by one player, with charts, event logs and a conclusion. */

import { Cameras } from "./cameras.js";
import { EventLog } from "./eventlog.js";
import { Conclusion } from "./conclusion.js";
import { Curves } from "./curves.js";
import { el, fill, say } from "../base/dom.js";
import { PlaneChoice } from "./planes.js";
import { Player } from "./player.js";
import { PlayerBar } from "./playerbar.js";
import { Recorder } from "../recorder/recorder.js";
import { SceneFit } from "./scenefit.js";
import { Sight } from "../base/sight.js";
import { Stage } from "./stage/stage.js";
import { LossStrip } from "./strip.js";
import { COLOURS } from "../drawing/colours.js";

/** @typedef {import("../film/film.js").Film} Film */

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class Replay {
  /** @type {number[]} */
  #moments = [];
  /** @type {Stage[]} */
  stages = [];
  /** @type {EventLog[]} */
  lists = [];
  /** @type {string[]} */
  names = [];

  /**
   * @param {HTMLElement} host
   * @param {{cards: Record<string, Record<string, string>>, theme: string, link: () => string,
   *   onPlace?: (u: number, v: number, film: Film) => void, onPlane?: (spec: string) => void,
   *   onMoment?: () => void, fills?: boolean, tools?: HTMLElement[]}} given `link` returns the address of the frame; `onPlane` requests another
   *   plane; `fills` says whether the scene fills the window; `tools` stand in the bar
   */
  constructor(host, given) {
    this.given = given;
    this.theme = given.theme;
    this.look = "3d";
    this.player = new Player();
    this.row = el("div", { class: "stages" });
    this.lookButtons = makeLookButtons((look) => this.setLook(look));
    this.cameras = new Cameras(this.row, () => this.stages, () => this.#show());
    this.planes = new PlaneChoice(given.onPlane);
    const [bar, seek] = [el("div", { class: "player" }), (/** @type {number} */ at) => this.#seek(at)];
    this.conclusion = new Conclusion(seek);
    this.charts = el("div", { class: "curves" });
    this.eventLogs = el("div", { class: "event-logs" });
    this.notes = el("div", { class: "event-logs run-notes" });
    this.announcement = el("p", { class: "visually-hidden", role: "status" });
    const scene = el("div", { class: "scene" }, [this.row, this.conclusion.element]);
    this.sight = new Sight([this.charts, this.eventLogs], () => this.player.playing);
    host.append(scene, bar, this.notes, this.charts, this.eventLogs, this.announcement);
    this.curves = new Curves(this.charts, { theme: this.theme, onSeek: seek });
    this.strip = new LossStrip({ theme: this.theme, onSeek: seek });
    if (given.fills) this.fit = new SceneFit(scene, bar);
    // This listener must come before that of the bar, which describes what is shown.
    this.player.addEventListener("change", () => this.#show());
    this.bar = new PlayerBar(bar, this.player, {
      decisions: () => this.#moments,
      describe: () => this.describe(),
      link: given.link,
      strip: this.strip.element,
      more: [el("div", { class: "toolbar" }, [el("div", { class: "buttons", role: "group", "aria-label": "View" }, [...this.lookButtons, this.cameras.button]), el("div", { class: "buttons" }, [new Recorder(scene, this.player, () => this.names.join(" and ")).element, ...(given.tools ?? []), this.planes.element])])],
    });
  }

  /** @returns {(Film|null)[]} */
  get films() {
    return this.stages.map((stage) => stage.film);
  }

  /**
   * Show these films. Stages and cameras stay if the number of films is the same; the player always stays.
   * @param {Film[]} films
   * @param {string[]} names
   */
  setFilms(films, names) {
    this.names = names;
    this.#setStages(films.length);
    films.forEach((film, i) => {
      if (this.stages[i].film !== film) this.stages[i].setFilm(film, names[i]);
    });
    this.planes.offer(films[0].header);
    this.#markLook();
    this.updateFilms();
  }

  /** Update everything after films have grown or have been set. */
  updateFilms() {
    const films = this.films.filter((film) => film !== null);
    this.stages.forEach((stage) => stage.updateFilm());
    this.curves.setFilms(films, this.names);
    const stories = this.stages.map(({ story }) => story);
    this.strip.setFilms(films, this.names, stories);
    this.bar.setMarks(markMoments(stories, this.names), Math.max(...films.map((film) => film.evaluations)));
    const moments = films.flatMap((film) => film.leases.map((lease) => film.evaluationsAtTime(lease.starts)));
    this.#moments = [...new Set(moments)].sort((a, b) => a - b);
    this.bar.live.hidden = !films.some((film) => film.header.state === "running");
    this.player.setLength(Math.max(...films.map((film) => film.evaluations)), stories.flat());
  }

  /**
   * Show the requested moment, or else follow the end of a growing run, or else play from the start.
   * @param {number|null} at
   * @param {boolean} grows
   */
  showFrom(at, grows) {
    if (at !== null) {
      this.#seek(at);
    } else if (grows) {
      this.player.follow();
    } else {
      this.player.following = false;
      this.playFromStart();
    }
  }

  /** Play from the beginning, or show the end at once to users who prefer reduced motion. */
  playFromStart() {
    this.player.pause();
    this.player.seek(CALM.matches ? this.player.length : 0);
    if (!CALM.matches) this.player.play();
  }

  /** @param {string} look */
  setLook(look) {
    this.look = look;
    for (const stage of this.stages) stage.setLook(look);
    this.#markLook();
    this.#show();
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    for (const stage of this.stages) stage.setTheme(theme);
    this.curves.setTheme(theme);
    this.strip.setTheme(theme);
    this.#show();
  }

  describe() {
    return describeStages(this.stages, this.names);
  }

  /** @param {number} count */
  #setStages(count) {
    if (this.stages.length === count) return;
    while (this.stages.length > count) this.stages.pop()?.dispose();
    while (this.stages.length < count) {
      const stage = new Stage(el("article"), {
        cards: this.given.cards, onPlace: this.given.onPlace, onChoose: () => this.#show(), onSeek: (at) => this.#seek(at),
        onTouch: () => this.cameras.follow(false),
      });
      stage.setTheme(this.theme);
      stage.setLook(this.look);
      this.stages.push(stage);
    }
    fill(this.row, this.stages.map((stage) => stage.host));
    fill(this.notes, this.stages.map((stage) => stage.notes));
    this.cameras.forget();
    this.row.dataset.count = this.notes.dataset.count = String(count);
    const hosts = this.stages.map(() => el("div", { class: "event-log" }));
    this.lists = hosts.map((host) => new EventLog(host, { onSeek: (at) => this.#seek(at) }));
    this.eventLogs.replaceChildren(...hosts);
    this.eventLogs.dataset.count = String(count);
    this.setLook(this.look);
  }

  /** Mark the button of the current kind of view; the browser may be unable to draw the requested one. */
  #markLook() {
    this.look = this.stages[0]?.view.look ?? this.look;
    for (const button of this.lookButtons) button.setAttribute("aria-pressed", String(button.dataset.look === this.look));
  }

  /** @param {number} at */
  #seek(at) {
    this.player.pause();
    this.player.seek(at);
  }

  #show() {
    const { at, length, playing } = this.player;
    const half = Math.max(0, ...this.stages.map(({ view }) => view.halfAt(at)));
    this.stages.forEach((stage, i) => {
      if (!stage.film) return;
      stage.show(at, playing, half);
      if (this.sight.shows(this.eventLogs)) this.lists[i].show(stage.film, stage.film.headAt(at));
    });
    if (this.sight.shows(this.charts)) this.curves.show(at);
    this.strip.show(at);
    this.conclusion.show(this.films, this.names, length > 0 && at >= length);
    say(this.announcement, playing ? tellCaptions(this.stages, this.names) : this.describe());
    this.given.onMoment?.();
  }
}

/**
 * Return the moments of all stories that get a mark over the slider, in order.
 * @param {import("../film/story.js").Moment[][]} stories
 * @param {string[]} names
 */
function markMoments(stories, names) {
  const marks = stories.flatMap((story, i) => story.filter(({ weight }) => weight >= 0.3).map((moment) => ({
    ...moment, text: stories.length > 1 ? `${names[i]}: ${moment.text}` : moment.text, colour: COLOURS[moment.agent % COLOURS.length],
  })));
  return marks.sort((a, b) => a.at - b.at);
}

/**
 * Return the captions of the stages, for those who do not see them.
 * @param {Stage[]} stages
 * @param {string[]} names
 */
function tellCaptions(stages, names) {
  const said = stages.map(({ storyline }, i) => [names[i], storyline.caption.textContent ?? ""]).filter(([, text]) => text);
  return said.map(([name, text]) => (stages.length > 1 ? `${name}: ${text}` : text)).join("; ");
}

/**
 * Describe the moment that stages show, for those who do not see them.
 * @param {Stage[]} stages
 * @param {string[]} names
 */
function describeStages(stages, names) {
  return stages.map((stage, i) => (stages.length > 1 ? `${names[i]}: ${stage.describe()}` : stage.describe())).join("; ");
}

/**
 * Create the buttons that change the kind of view.
 * @param {(look: string) => void} onLook
 */
function makeLookButtons(onLook) {
  return Object.entries({ "3d": "3-D", contour: "Contour" }).map(([look, text]) => (
    el("button", { type: "button", text, "data-look": look, "aria-pressed": "false", onclick: () => onLook(look) })));
}
