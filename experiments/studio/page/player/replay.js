/** The replay of one or two runs: their stages, driven by one player, with charts, event logs and a conclusion. */

import { EventLog } from "./eventlog.js";
import { Conclusion } from "./conclusion.js";
import { Curves } from "./curves.js";
import { el, fill, say } from "../base/dom.js";
import { PlaneChoice } from "./planes.js";
import { Player } from "./player.js";
import { PlayerBar } from "./playerbar.js";
import { Stage } from "./stage.js";

/** @typedef {import("../film/film.js").Film} Film */

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class Replay {
  /** @type {number[]} */
  #moments = [];
  /** @type {string[]} */
  #cameras = [];
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
   *   onMoment?: () => void}} given `link` returns the address of the frame; `onPlane` requests another plane
   */
  constructor(host, given) {
    this.given = given;
    this.theme = given.theme;
    this.look = "3d";
    this.player = new Player();
    this.row = el("div", { class: "stages" });
    for (const event of ["pointermove", "wheel", "keyup", "pointerup"]) this.row.addEventListener(event, () => this.#turnTogether(), { passive: true });
    this.lookButtons = Object.entries({ "3d": "3-D", contour: "Contour" }).map(([look, text]) =>
      el("button", { type: "button", text, "data-look": look, "aria-pressed": "false", onclick: () => this.setLook(look) }));
    this.planes = new PlaneChoice(given.onPlane);
    const bar = el("div", { class: "player" });
    this.conclusion = new Conclusion();
    const charts = el("div", { class: "curves" });
    this.eventLogs = el("div", { class: "event-logs" });
    this.announcement = el("p", { class: "visually-hidden", role: "status" });
    const look = el("div", { class: "buttons", role: "group", "aria-label": "View" }, this.lookButtons);
    host.append(el("div", { class: "toolbar" }, [look, this.planes.element]), this.conclusion.element, this.row, bar, charts, this.eventLogs, this.announcement);
    this.curves = new Curves(charts, { theme: this.theme, onSeek: (at) => this.#seek(at) });
    // This listener must come before that of the bar, which describes what is shown.
    this.player.addEventListener("change", () => this.#show());
    this.bar = new PlayerBar(bar, this.player, {
      decisions: () => this.#moments,
      describe: () => this.describe(),
      link: given.link,
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
      this.stages[i].title.textContent = names[i];
      if (this.stages[i].film !== film) this.stages[i].setFilm(film);
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
    const moments = films.flatMap((film) => film.leases.map((lease) => film.evaluationsAtTime(lease.starts)));
    this.#moments = [...new Set(moments)].sort((a, b) => a - b);
    this.bar.live.hidden = !films.some((film) => film.header.state === "running");
    this.player.setLength(Math.max(...films.map((film) => film.evaluations)));
  }

  /**
   * Show the requested moment, or else follow the end of a growing run, or else play from the start.
   * @param {number|null} at
   * @param {boolean} grows
   */
  showFrom(at, grows) {
    if (at !== null) {
      this.player.pause();
      this.player.seek(at);
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
    this.#show();
  }

  describe() {
    return this.stages.map((stage, i) => (this.stages.length > 1 ? `${this.names[i]}: ${stage.describe()}` : stage.describe())).join("; ");
  }

  /** @param {number} count */
  #setStages(count) {
    if (this.stages.length === count) return;
    while (this.stages.length > count) this.stages.pop()?.dispose();
    while (this.stages.length < count) {
      const host = el("article");
      const stage = new Stage(host, { title: "", cards: this.given.cards, onPlace: this.given.onPlace, onChoose: () => this.#show() });
      stage.setTheme(this.theme);
      stage.setLook(this.look);
      this.stages.push(stage);
    }
    fill(this.row, this.stages.map((stage) => stage.host));
    this.#cameras = [];
    this.row.dataset.count = String(count);
    const hosts = this.stages.map(() => el("div", { class: "event-log" }));
    this.lists = hosts.map((host) => new EventLog(host, { onSeek: (at) => this.#seek(at) }));
    this.eventLogs.replaceChildren(...hosts);
    this.eventLogs.dataset.count = String(count);
    this.setLook(this.look);
  }

  /** Mark the button of the current kind of view; the browser may be unable to draw the requested one. */
  #markLook() {
    this.look = this.stages[0]?.look ?? this.look;
    for (const button of this.lookButtons) button.setAttribute("aria-pressed", String(button.dataset.look === this.look));
  }

  /** Move the other stage's camera when the user has moved one of the two. */
  #turnTogether() {
    const cameras = this.stages.map((stage) => JSON.stringify(stage.camera()));
    const moved = cameras.findIndex((camera, i) => camera !== this.#cameras[i]);
    if (this.stages.length === 2 && moved >= 0 && this.#cameras.length === 2) {
      const other = this.stages[1 - moved];
      other.setCamera(this.stages[moved].camera());
      cameras[1 - moved] = JSON.stringify(other.camera());
    }
    this.#cameras = cameras;
  }

  /** @param {number} at */
  #seek(at) {
    this.player.pause();
    this.player.seek(at);
  }

  #show() {
    const { at, length } = this.player;
    this.stages.forEach((stage, i) => {
      if (!stage.film) return;
      stage.show(at, this.player.playing);
      this.lists[i].show(stage.film, stage.film.headAt(at));
    });
    this.curves.show(at);
    this.conclusion.show(this.films, this.names, length > 0 && at >= length);
    if (!this.player.playing) say(this.announcement, this.describe());
    this.given.onMoment?.();
  }
}
