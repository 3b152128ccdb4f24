/** The picture of a film: its landscape, points and agents at a moment, without anything around it. */

import { COLOURS } from "../../drawing/colours.js";
import { ContourView } from "../../drawing/contour/contour.js";
import { lossScale } from "../../drawing/scale.js";
import { SceneView } from "../../drawing/scene/scene.js";
import { FocusTrack } from "../../film/focus.js";
import { leasesByAgent, overlayAt } from "../../film/moment.js";

/** @typedef {import("../../film/film.js").Film} Film */

/** @type {Record<string, typeof SceneView|typeof ContourView>} */
const VIEWS = { "3d": SceneView, contour: ContourView };
const SHAPES = 8;

/**
 * A picture that fills its host. It is all that a stage, a thumbnail or an embedded page needs to draw a run: `setFilm`,
 * then `show` for each moment, `dispose` at the end.
 */
export class FilmView {
  /** @type {SceneView|ContourView|null} */
  #view = null;
  /** @type {import("../../film/moment.js").ByAgent} */
  #byAgent = [];
  /** @type {{u: number, v: number}|null} */
  #start = null;
  /** @type {FocusTrack|null} */
  #track = null;
  /** @type {Film|null} */
  film = null;
  /** Whether the camera follows the search. */
  following = true;
  /** Parts of the picture that something else covers. @type {import("../../types.d.ts").Rectangle[]} */
  reserved = [];
  /** The regions that are drawn. @type {import("../../types.d.ts").Region[]} */
  regions = [];
  #insets = { top: 0, bottom: 0 };

  /**
   * @param {HTMLElement} host
   * @param {{theme?: string, look?: string, bare?: boolean}} given `look` is "3d" or "contour" (no WebGL: browsers allow few
   *   such views on a page); `bare` leaves out all words, for a small picture
   */
  constructor(host, { theme = "light", look = "3d", bare = false } = {}) {
    this.host = host;
    this.theme = theme;
    this.bare = bare;
    /** The kind of view; without WebGL, it is a contour whatever was asked for. */
    this.look = look;
  }

  /**
   * Show another film; the view and its camera stay.
   * @param {Film} film
   */
  setFilm(film) {
    this.film = film;
    this.#start = startOf(film);
    this.#setUp(film);
    this.updateFilm();
  }

  /** Update the picture after the film has grown. */
  updateFilm() {
    if (!this.film) return;
    this.#byAgent = leasesByAgent(this.film);
    this.#track = new FocusTrack(this.film);
    this.#view?.setPoints(this.film);
  }

  /**
   * Return half of the width of what the camera looks at after a number of evaluations, on the plane.
   * @param {number} evaluations
   */
  halfAt(evaluations) {
    return this.#track?.at(evaluations).half ?? 0;
  }

  /** The leases of each agent, in order. */
  get byAgent() {
    return this.#byAgent;
  }

  /**
   * Show the moment after a number of evaluations; while it plays, the newest points are still falling.
   * @param {number} evaluations
   * @param {{playing?: boolean, chosen?: number|null, half?: number}} given `chosen` is the index of a point to mark, and
   *   `half` the least half width of what the camera looks at: of two runs side by side, both look equally near
   */
  show(evaluations, { playing = false, chosen = null, half = 0 } = {}) {
    if (!this.film) return;
    const head = this.film.headAt(evaluations);
    const overlay = overlayAt(this.film, this.#byAgent, head, { chosen, start: this.#start });
    this.regions = overlay.regions ?? [];
    if (this.following && this.#track) this.#view?.lookAt(this.#track.at(evaluations, half));
    this.#view?.show(head, { ...overlay, settled: !playing, reserved: this.reserved, bare: this.bare });
  }

  /** @param {string} look "3d" or "contour" */
  setLook(look) {
    this.look = look;
    if (this.film) this.#setUp(this.film);
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    this.#view?.setTheme(theme);
  }

  /** @param {{top: number, bottom: number}} insets what something else covers above and below, in px */
  setInsets(insets) {
    this.#insets = insets;
    this.#view?.setInsets(insets);
  }

  /** Return the view's camera as plain data. */
  camera() {
    return this.#view?.camera() ?? null;
  }

  /** @param {any} camera as returned by `camera` */
  setCamera(camera) {
    this.#view?.setCamera(camera);
  }

  /**
   * Return the index of the point at client coordinates, or null.
   * @param {number} x
   * @param {number} y
   */
  pick(x, y) {
    return this.#view?.pick(x, y) ?? null;
  }

  /**
   * Return the place on the plane at client coordinates, or null.
   * @param {number} x
   * @param {number} y
   */
  place(x, y) {
    return this.#view?.place(x, y) ?? null;
  }

  dispose() {
    this.#view?.dispose();
    this.#view = null;
  }

  /** @param {Film} film */
  #setUp(film) {
    const view = viewOf(this.#view, this.look, this.host, this.theme);
    this.#view = view;
    if (view instanceof ContourView) this.look = "contour";
    view.setInsets(this.#insets);
    view.setAxes(film.header.plane.ticks, film.header.plane.extent);
    view.setSurface(film.surface);
    view.setScale(scaleOf(film));
    view.setAgents(film.team.map(({ name }, i) => ({ name, colour: COLOURS[i % COLOURS.length], shape: i % SHAPES })));
    view.setPoints(film);
  }
}

/**
 * Return a view of the requested kind: the current one if it is of that kind, or a contour if the browser has no WebGL.
 * @param {SceneView|ContourView|null} now
 * @param {string} look
 * @param {HTMLElement} host
 * @param {string} theme
 */
function viewOf(now, look, host, theme) {
  const Wanted = VIEWS[look];
  if (now instanceof Wanted) return now;
  now?.dispose();
  try {
    return new Wanted(host, { theme });
  } catch {
    return new ContourView(host, { theme });
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
