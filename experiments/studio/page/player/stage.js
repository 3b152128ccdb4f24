/** A stage that shows one run: its landscape in a view, its agents, and the latest insight at its place. */

import { COLOURS } from "../drawing/colours.js";
import { ContourView } from "../drawing/contour/contour.js";
import { el, fill, say } from "../base/dom.js";
import { agentsAt, freshFlag, leasesByAgent, overlayAt } from "../film/moment.js";
import { Bubble } from "./bubble.js";
import { badgeOf, describeMoment, groundOf, numbersOf, policyOf } from "./caption.js";
import { describePoint } from "./point.js";
import { AgentList } from "./agentlist.js";
import { lossScale } from "../drawing/scale.js";
import { SceneView } from "../drawing/scene/scene.js";

/** @typedef {import("../film/film.js").Film} Film */

/** @type {Record<string, typeof SceneView|typeof ContourView>} */
const VIEWS = { "3d": SceneView, contour: ContourView };
const SHAPES = 8;

export class Stage {
  /** @type {SceneView|ContourView|null} */
  #view = null;
  #look = "3d";
  #head = 0;
  /** @type {number|null} */
  #chosen = null;
  /** @type {import("../film/moment.js").ByAgent} */
  #byAgent = [];
  /** @type {{u: number, v: number}|null} */
  #start = null;
  theme = "light";

  /**
   * @param {HTMLElement} host
   * @param {{title: string, cards: Record<string, Record<string, string>>,
   *   onPlace?: ((u: number, v: number, film: Film) => void)|null, onChoose?: () => void}} given
   */
  constructor(host, { title, cards, onPlace = null, onChoose = () => {} }) {
    /** @type {Film|null} */
    this.film = null;
    this.onPlace = onPlace;
    this.onChoose = onChoose;
    this.title = el("h3", { class: "stage-title", text: title });
    this.state = el("span", { class: "badge", hidden: true });
    this.numbers = el("p", { class: "numbers" });
    this.bubble = new Bubble();
    this.hint = el("p", { class: "empty", text: "Nothing to show yet." });
    this.canvas = el("div", { class: "view", tabindex: 0, role: "img", "aria-label": "Nothing to show yet." });
    this.detail = el("div", { class: "detail", hidden: true, role: "status" });
    this.planeText = el("p", { class: "plane-text soft" });
    const agentList = el("div", { class: "agent-list" });
    this.agentList = new AgentList(agentList, cards);
    this.cards = cards;
    this.policy = el("details", { class: "policy soft" });
    host.classList.add("stage");
    host.append(
      el("header", { class: "stage-head" }, [this.title, this.state]),
      this.numbers,
      el("div", { class: "frame" }, [this.canvas, this.bubble.element, this.hint]),
      this.detail,
      this.planeText,
      agentList,
      this.policy,
    );
    this.canvas.addEventListener("click", (event) => this.#onClick(event));
    this.host = host;
  }

  /**
   * Show another film; the view and its camera stay.
   * @param {Film} film
   */
  setFilm(film) {
    this.film = film;
    this.#chosen = null;
    this.detail.hidden = true;
    this.hint.hidden = true;
    this.planeText.textContent = groundOf(film);
    this.#start = startOf(film);
    fill(this.policy, policyOf(film.header.policy, this.cards));
    this.#setUp(film);
    this.updateFilm();
  }

  /** Update the stage after the film has grown. */
  updateFilm() {
    const { film } = this;
    if (!film) return;
    this.#byAgent = leasesByAgent(film);
    this.#view?.setPoints(film);
    this.agentList.setTeam(film);
    this.#showState(film);
  }

  /** @param {Film} film */
  #showState(film) {
    say(this.state, badgeOf(film, this.#head));
    this.state.hidden = !this.state.textContent;
    this.state.dataset.state = film.header.state;
  }

  /**
   * Show the moment after a number of evaluations; while it plays, the newest points are still falling.
   * @param {number} evaluations
   */
  show(evaluations, playing = false) {
    if (!this.film) return;
    const { film } = this;
    this.#head = film.headAt(evaluations);
    const overlay = overlayAt(film, this.#byAgent, this.#head, { chosen: this.#chosen, start: this.#start });
    this.#view?.show(this.#head, { ...overlay, settled: !playing });
    this.agentList.show(agentsAt(film, this.#byAgent, this.#head));
    say(this.numbers, numbersOf(film, this.#head));
    this.#showState(film);
    this.canvas.setAttribute("aria-label", `${film.header.strategy} on ${film.header.landscape}: ${this.describe()}.`);
    this.#flag(film);
    this.canvas.dataset.head = String(Math.floor(this.#head));
  }

  /**
   * Set the kind of view, "3d" or "contour". Without WebGL, the contour is used for both.
   * @param {string} look
   */
  setLook(look) {
    this.#look = look;
    if (this.film) this.#setUp(this.film);
  }

  /** The kind of view: "3d" or "contour". */
  get look() {
    return this.#look;
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    this.#view?.setTheme(theme);
  }

  /** Return the view's camera as plain data. */
  camera() {
    return this.#view?.camera() ?? null;
  }

  /** @param {any} camera as returned by `camera` */
  setCamera(camera) {
    this.#view?.setCamera(camera);
  }

  /** Describe the moment shown, for readers who cannot see the view. */
  describe() {
    return this.film ? describeMoment(this.film, this.#head) : "nothing to show";
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

  dispose() {
    this.#view?.dispose();
    this.#view = null;
  }

  /** @param {Film} film */
  #setUp(film) {
    const view = viewOf(this.#view, this.#look, this.canvas, this.theme);
    this.#view = view;
    // Without WebGL, the view is a contour whatever was asked for.
    if (view instanceof ContourView) this.#look = "contour";
    view.setAxes(film.header.plane.ticks, film.header.plane.extent);
    view.setSurface(film.surface);
    view.setScale(scaleOf(film));
    view.setAgents(film.team.map(({ name }, i) => ({ name, colour: COLOURS[i % COLOURS.length], shape: i % SHAPES })));
    view.setPoints(film);
  }

  /**
   * Show the text of the newest flag at its place.
   * @param {Film} film
   */
  #flag(film) {
    const insight = freshFlag(film, this.#head);
    const { u, v, loss } = insight ?? {};
    const at = typeof u === "number" && typeof v === "number" ? this.#view?.project(u, v, loss ?? 0) : null;
    this.bubble.show(insight, at, this.canvas);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    if (!this.film || !this.#view) return;
    const index = this.#view.pick(event.clientX, event.clientY);
    if (index !== null) {
      this.choose(index);
      return;
    }
    const place = this.#view.place(event.clientX, event.clientY);
    if (place && this.onPlace) this.onPlace(place[0], place[1], this.film);
    else this.choose(null);
  }
}

/**
 * Return a view of the requested kind: the current one if it is of that kind, or a contour if the browser has no WebGL.
 * @param {SceneView|ContourView|null} now
 * @param {string} look
 * @param {HTMLElement} canvas
 * @param {string} theme
 */
function viewOf(now, look, canvas, theme) {
  const Wanted = VIEWS[look];
  if (now instanceof Wanted) return now;
  now?.dispose();
  try {
    return new Wanted(canvas, { theme });
  } catch {
    return new ContourView(canvas, { theme });
  }
}

/**
 * Return where the search started, on the plane; null if the starting region was the whole cube.
 * @param {Film} film
 */
function startOf(film) {
  const { start, plane, dimension } = film.header;
  if (start.radius >= 0.5) return null;
  if (start.u !== undefined && start.v !== undefined) return { u: start.u, v: start.v };
  const center = Array.isArray(start.center) ? start.center : new Array(dimension).fill(start.center);
  /** @param {number[]} axis */
  const dot = (axis) => axis.reduce((sum, a, d) => sum + a * (center[d] - plane.origin[d]), 0);
  return { u: dot(plane.first), v: dot(plane.second) };
}

/**
 * Return the scale of heights, from the losses of the surface or, without one, of the points.
 * @param {Film} film
 */
function scaleOf(film) {
  return lossScale(film.surface ? film.surface.losses : film.loss, film.header.minimum);
}
