/** Where one run is seen: its landscape in a view, its agents beside it, and what is said where it happens. */

import { COLOURS } from "../drawing/colours.js";
import { ContourView } from "../drawing/contour/contour.js";
import { el, fill, say } from "../base/dom.js";
import { agentsAt, freshFlag, leasesByAgent, overlayAt, spentAt } from "../film/moment.js";
import { describePoint } from "./point.js";
import { Roster } from "./roster.js";
import { lossScale } from "../drawing/scale.js";
import { SceneView } from "../drawing/scene/scene.js";
import { number, whole } from "../base/wording.js";

const VIEWS = { "3d": SceneView, contour: ContourView };
const SHAPES = 8;

export class Stage {
  #view = null;
  #look = "3d";
  #head = 0;
  #chosen = null;
  #byAgent = [];
  #start = null;

  /**
   * @param {HTMLElement} host
   * @param {{title: string, cards: object, onPlace?: (u: number, v: number, film: object) => void, onChosen?: () => void}} given
   */
  constructor(host, { title, cards, onPlace = null, onChosen = () => {} }) {
    this.film = null;
    this.onPlace = onPlace;
    this.onChosen = onChosen;
    this.title = el("h3", { class: "stage-title", text: title });
    this.state = el("span", { class: "badge", hidden: true });
    this.numbers = el("p", { class: "numbers" });
    this.bubble = el("div", { class: "bubble", hidden: true });
    this.hint = el("p", { class: "empty", text: "Nothing to show yet." });
    this.canvas = el("div", { class: "view", tabindex: 0, role: "img", "aria-label": "Nothing to show yet." });
    this.detail = el("div", { class: "detail", hidden: true, role: "status" });
    this.planeText = el("p", { class: "plane-text soft" });
    const roster = el("div", { class: "roster" });
    this.roster = new Roster(roster, cards);
    this.cards = cards;
    this.policy = el("details", { class: "policy soft" });
    host.classList.add("stage");
    host.append(
      el("header", { class: "stage-head" }, [this.title, this.state]),
      this.numbers,
      el("div", { class: "frame" }, [this.canvas, this.bubble, this.hint]),
      this.detail,
      this.planeText,
      roster,
      this.policy,
    );
    this.canvas.addEventListener("click", (event) => this.#clicked(event));
    this.host = host;
  }

  /** Shows this film from now on; the view and its camera stay. */
  setFilm(film) {
    this.film = film;
    this.#chosen = null;
    this.detail.hidden = true;
    this.hint.hidden = true;
    this.planeText.textContent = groundOf(film);
    this.#start = startOf(film);
    fill(this.policy, policyOf(film.header.policy, this.cards));
    this.#setUp();
    this.grown();
  }

  /** The film has grown. */
  grown() {
    const { film } = this;
    this.#byAgent = leasesByAgent(film);
    this.#view?.setPoints(film);
    this.roster.setTeam(film);
    this.#badge();
  }

  /** Nothing is shown, and why. */
  clear(text) {
    this.hint.textContent = text;
    this.hint.hidden = false;
  }

  /** Shows the moment at which so many evaluations were spent; while it plays, the newest points are still falling. */
  show(evaluations, playing = false) {
    if (!this.film) return;
    const { film } = this;
    this.#head = film.headAt(evaluations);
    const overlay = overlayAt(film, this.#byAgent, this.#head, { chosen: this.#chosen, start: this.#start });
    this.#view?.show(this.#head, { ...overlay, settled: !playing });
    this.roster.show(agentsAt(film, this.#byAgent, this.#head));
    this.#say();
    this.#flag();
    this.canvas.dataset.head = String(Math.floor(this.#head));
  }

  /** "3d" or "contour". Falls back to the contour where the browser has no WebGL. */
  setLook(look) {
    this.#look = look;
    if (this.film) this.#setUp();
  }

  /** What it is seen as: "3d" or "contour". */
  get look() {
    return this.#look;
  }

  setTheme(theme) {
    this.theme = theme;
    this.#view?.setTheme(theme);
  }

  /** The view's camera, as plain data. */
  camera() {
    return this.#view?.camera() ?? null;
  }

  setCamera(camera) {
    this.#view?.setCamera(camera);
  }

  /** A sentence for those who cannot see the picture. */
  describe() {
    const { film } = this;
    if (!film) return "nothing to show";
    const best = film.bestAt(this.#head);
    const spent = `evaluation ${whole(spentAt(film, this.#head))} of ${whole(film.header.budget)}`;
    if (best < 0) return `${spent}, no finite loss yet`;
    return `${spent}, best loss ${number(film.loss[best])} by ${film.team[film.agent[best]].name}`;
  }

  /** Chooses a point by its index, or none. */
  choose(index) {
    this.#chosen = index;
    this.detail.hidden = index === null;
    if (index !== null) describePoint(this.detail, this.film, index, () => this.choose(null));
    this.onChosen(index);
  }

  get chosen() {
    return this.#chosen;
  }

  dispose() {
    this.#view?.dispose();
    this.#view = null;
  }

  #setUp() {
    const { film } = this;
    const Wanted = VIEWS[this.#look];
    if (!(this.#view instanceof Wanted)) {
      this.#view?.dispose();
      try {
        this.#view = new Wanted(this.canvas, { theme: this.theme });
      } catch {
        // No WebGL in this browser: the contour shows the same, from above.
        this.#look = "contour";
        this.#view = new ContourView(this.canvas, { theme: this.theme });
      }
    }
    const view = this.#view;
    view.setAxes(film.header.plane.ticks, film.header.plane.extent);
    view.setSurface(film.surface);
    view.setScale(scaleOf(film));
    view.setAgents(film.team.map(({ name }, i) => ({ name, colour: COLOURS[i % COLOURS.length], shape: i % SHAPES })));
    view.setPoints(film);
  }

  #badge() {
    const { state, stopped } = this.film.header;
    const words = { running: "running", waiting: "waits for its turn", failed: "failed", unfinished: "stopped by the way" };
    say(this.state, words[state] ?? stopped ?? "");
    this.state.hidden = !this.state.textContent;
    this.state.dataset.state = state;
  }

  #say() {
    const { film } = this;
    const best = film.bestAt(this.#head);
    const loss = best < 0 ? null : film.loss[best];
    const { minimum } = film.header;
    const gap = loss === null || minimum === null ? "" : ` (${number(Math.max(0, loss - minimum))} above the minimum)`;
    const by = best < 0 ? "" : `, found by ${film.team[film.agent[best]].name}`;
    const failures = film.failuresAt(film.timeAt(this.#head));
    const failed = failures ? `; ${whole(failures)} ${failures === 1 ? "evaluation" : "evaluations"} failed` : "";
    say(this.numbers, `${loss === null ? "No finite loss yet" : `Best loss ${number(loss)}${gap}${by}`}${failed}`);
    this.canvas.setAttribute("aria-label", `${film.header.strategy} on ${film.header.landscape}: ${this.describe()}.`);
  }

  /** Says what has just happened where it happened. */
  #flag() {
    const insight = freshFlag(this.film, this.#head);
    const at = insight && this.#view?.project(insight.u, insight.v, insight.loss ?? 0);
    this.bubble.hidden = !at || !at.visible;
    if (this.bubble.hidden) return;
    say(this.bubble, insight.text);
    this.bubble.dataset.kind = insight.kind;
    const { clientWidth, clientHeight } = this.canvas;
    const { offsetWidth, offsetHeight } = this.bubble;
    this.bubble.style.left = `${Math.max(4, Math.min(at.x + 10, clientWidth - offsetWidth - 4))}px`;
    this.bubble.style.top = `${Math.max(4, Math.min(at.y - offsetHeight - 12, clientHeight - offsetHeight - 4))}px`;
  }

  #clicked(event) {
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

/** What the picture shows, where that needs a word. */
function groundOf({ header, surface }) {
  const seen = header.dimension > 2 ? `Seen on ${header.plane.text}. Points off it fade.` : "";
  const between = header.surface_from === "points" ? "The surface lies between the points found: nothing else is known of this landscape." : "";
  const none = surface ? "" : "No surface is drawn: this function is evaluated only where a search asks for it.";
  return [seen, between, none].filter(Boolean).join(" ");
}

/** How the team is led, in a line; unfolded, what that means. */
function policyOf(policy, cards) {
  const parts = { budget: "budgets", radius: "radii", sharing: "sharings" };
  const chosen = Object.entries(parts).filter(([name]) => policy[name]?.kind).map(([name, family]) => [policy[name].kind, cards[family]?.[policy[name].kind], name]);
  const listed = chosen.map(([kind, , name]) => `${name} ${kind}`).join(", ");
  const told = [cards.policies?.[policy.kind], ...chosen.map(([, card]) => card)].filter(Boolean);
  return [el("summary", { text: `Policy: ${policy.kind}${listed ? ` (${listed})` : ""}` }), ...told.map((text) => el("p", { text }))];
}

/** Where the search started, on the plane; null where that was all of a cube. */
function startOf(film) {
  const { start, plane, dimension } = film.header;
  if (start.radius >= 0.5) return null;
  const center = Array.isArray(start.center) ? start.center : new Array(dimension).fill(start.center);
  const dot = (axis) => axis.reduce((sum, a, d) => sum + a * (center[d] - plane.origin[d]), 0);
  return { u: dot(plane.first), v: dot(plane.second) };
}

/** Heights by the losses of the surface, else of the points. */
function scaleOf(film) {
  return lossScale(film.surface ? film.surface.losses : film.loss, film.header.minimum);
}
