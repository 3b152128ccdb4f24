/** A stage that shows one run: its landscape in a view, and over it whose move it is, the best loss, and what happens. */

import { el, fill } from "../../base/dom.js";
import { agentsAt } from "../../film/moment.js";
import { storyOf } from "../../film/story.js";
import { badgeOf, describeMoment, groundOf, policyOf } from "../caption.js";
import { AgentList } from "./agentlist.js";
import { FilmView } from "./filmview.js";
import { Hud } from "./hud.js";
import { describePoint } from "./point.js";
import { RegionTip } from "./regiontip.js";
import { Storyline } from "./storyline.js";

/** @typedef {import("../../film/film.js").Film} Film */

/** The height of a caption in px. */
const CAPTION = 40;
const GAP = 7;

export class Stage {
  #at = 0;
  #half = 0;
  #playing = false;
  /** @type {number|null} */
  #chosen = null;
  /** @type {import("../../film/story.js").Moment[]} */
  story = [];
  #covered = "";

  /**
   * @param {HTMLElement} host
   * @param {{cards: Record<string, Record<string, string>>, onSeek?: (evaluations: number) => void,
   *   onPlace?: ((u: number, v: number, film: Film) => void)|null, onChoose?: () => void, onTouch?: () => void}} given
   *   `onTouch` is called when the user moves the camera
   */
  constructor(host, { cards, onSeek = () => {}, onPlace = null, onChoose = () => {}, onTouch = () => {} }) {
    /** @type {Film|null} */
    this.film = null;
    this.onPlace = onPlace;
    this.onChoose = onChoose;
    this.cards = cards;
    this.host = host;
    this.hud = new Hud();
    this.storyline = new Storyline(onSeek);
    this.hint = el("p", { class: "empty", text: "Nothing to show yet." });
    this.canvas = el("div", { class: "view", tabindex: 0, role: "img", "aria-label": "Nothing to show yet." });
    this.detail = el("div", { class: "detail", hidden: true, role: "status" });
    this.view = new FilmView(this.canvas);
    host.classList.add("stage");
    host.append(this.hud.element, this.canvas, this.hint, this.storyline.list, this.storyline.caption, this.detail);
    this.tip = new RegionTip(host, this.canvas, this.view);
    this.planeText = el("p", { class: "plane-text soft" });
    const agentList = el("div", { class: "agent-list" });
    this.agentList = new AgentList(agentList, cards);
    this.policy = el("details", { class: "policy soft" });
    /** What is known of the run besides: it stands below all stages. */
    this.notes = el("section", { class: "panel notes" }, [this.planeText, agentList, this.policy]);
    this.canvas.addEventListener("click", (event) => this.#onClick(event));
    for (const event of ["pointerdown", "wheel"]) this.canvas.addEventListener(event, onTouch, { passive: true });
    this.canvas.addEventListener("keydown", (event) => /^(Arrow|[-+=]$)/.test(event.key) && onTouch());
    this.observer = new ResizeObserver(() => this.#measure());
    for (const element of [host, this.hud.element]) this.observer.observe(element);
  }

  /**
   * Show another film; the view and its camera stay.
   * @param {Film} film
   * @param {string} name
   */
  setFilm(film, name) {
    this.film = film;
    this.#chosen = null;
    this.detail.hidden = true;
    this.hint.hidden = true;
    this.planeText.textContent = groundOf(film);
    fill(this.policy, policyOf(film.header.policy, this.cards));
    this.hud.setTeam(film, name);
    this.#measure();
    this.view.setFilm(film);
    this.updateFilm();
  }

  /** Update the stage after the film has grown. */
  updateFilm() {
    if (!this.film) return;
    this.story = storyOf(this.film);
    this.view.updateFilm();
    this.agentList.setTeam(this.film);
  }

  /**
   * Show the moment after a number of evaluations; while it plays, the newest points are still falling.
   * @param {number} evaluations
   * @param {boolean} playing
   * @param {number} half the least half width of what the camera looks at
   */
  show(evaluations, playing, half) {
    const { film } = this;
    if (!film) return;
    [this.#at, this.#playing, this.#half] = [evaluations, playing, half];
    const head = film.headAt(evaluations);
    const agents = agentsAt(film, this.view.byAgent, head);
    this.agentList.show(agents);
    this.hud.show(film, head, agents, badgeOf(film, head));
    // Who does not see the picture hears captions while it plays, and can read all of it once it stands.
    if (!playing) this.#tell(film, head);
    this.storyline.show(film, this.story, evaluations);
    if (this.storyline.version !== this.#covered) this.#measure();
    this.canvas.dataset.head = String(Math.floor(head));
    this.view.show(evaluations, { playing, chosen: this.#chosen, half });
  }

  /**
   * Set the kind of view, "3d" or "contour". Without WebGL, the contour is used for both.
   * @param {string} look
   */
  setLook(look) {
    this.view.setLook(look);
    this.#measure();
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.view.setTheme(theme);
  }

  /** Describe the moment shown, for readers who cannot see the view. */
  describe() {
    return this.film ? describeMoment(this.film, this.film.headAt(this.#at)) : "nothing to show";
  }

  /**
   * Choose a point by its index, or no point.
   * @param {number|null} index
   */
  choose(index) {
    this.#chosen = index;
    this.detail.hidden = index === null;
    if (index !== null && this.film) describePoint(this.detail, this.film, index, () => this.choose(null));
    this.onChoose();
  }

  /**
   * @param {Film} film
   * @param {number} head
   */
  #tell(film, head) {
    this.hud.tell(film, head);
    this.canvas.setAttribute("aria-label", `${film.header.strategy} on ${film.header.landscape}: ${this.describe()}.`);
  }

  dispose() {
    this.observer.disconnect();
    this.view.dispose();
  }

  /** Find out which parts of the picture something covers: nothing is written there. */
  #measure() {
    this.#covered = this.storyline.version;
    this.storyline.caption.style.top = `${this.hud.element.offsetHeight + GAP}px`;
    const { left, top, width, height } = this.host.getBoundingClientRect();
    const covers = [this.hud.element, this.storyline.list, this.storyline.caption].map((each) => each.getBoundingClientRect());
    const shown = covers.filter((box) => box.width && box.height);
    this.view.reserved = shown.map((box) => [box.left - left, box.top - top, box.right - left, box.bottom - top]);
    // From above, the place of the caption is kept free; the scene has its sky there.
    const caption = this.view.look === "contour" ? CAPTION : 0;
    if (width && height) this.view.setInsets({ top: covers[0].height + caption, bottom: 8 });
    if (this.film && !this.#playing) this.view.show(this.#at, { chosen: this.#chosen, half: this.#half });
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    if (!this.film) return;
    const index = this.view.pick(event.clientX, event.clientY);
    if (index !== null) {
      this.choose(index);
      return;
    }
    const place = this.view.place(event.clientX, event.clientY);
    if (place && this.onPlace) this.onPlace(place[0], place[1], this.film);
    else this.choose(null);
  }
}
