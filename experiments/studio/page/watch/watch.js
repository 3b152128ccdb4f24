/** The section for runs of results directories, live or replayed, one run or two side by side. */

import { momentIn } from "../base/address.js";
import { ask } from "../base/api.js";
import { el, say } from "../base/dom.js";
import { Chooser } from "./chooser.js";
import { FilmPoller } from "../film/poller.js";
import { Replay } from "../player/replay.js";

/** Interval between two requests for the list of results and runs. */
const LIST_MILLISECONDS = 3000;
const POLL_MILLISECONDS = 400;

/** @typedef {import("../film/film.js").Film} Film */

export class Watch {
  /** @type {FilmPoller[]} */
  #pollers = [];
  /**
   * The films received so far, at the indices of the chosen runs.
   * @type {Film[]}
   */
  #films = [];
  /** @type {ReturnType<typeof setTimeout>|0} */
  #timer = 0;
  #resting = true;
  #begun = false;
  #turn = 0;
  /** @type {string[]} */
  #same = [];
  /** @type {number|null} */
  #wanted = null;
  /** @type {string|null} */
  #plane = null;
  /** @type {(values: any) => string} */
  onLink = String;

  /**
   * @param {HTMLElement} host
   * @param {{catalogue: {cards: Record<string, Record<string, string>>}, theme: string, onMoment: () => void}} given
   */
  constructor(host, { catalogue, theme, onMoment }) {
    this.chooser = new Chooser({ onResults: (key) => this.#chooseResults(key), onRuns: () => this.#chooseRuns() });
    this.note = el("p", { class: "note", role: "status", hidden: true });
    const replay = el("div", { class: "replay" });
    host.append(this.chooser.element, this.note, replay);
    this.replayHost = replay;
    this.replay = new Replay(replay, {
      fills: true,
      cards: catalogue.cards, theme, link: () => this.onLink(this.address()), onMoment, onPlane: (spec) => this.#look(spec),
    });
  }

  /**
   * Show what an address asks for, or else the first available run.
   * @param {URLSearchParams} address
   */
  async begin(address) {
    this.#wanted = momentIn(address);
    this.#plane = address.get("plane");
    if (!(await this.#wake())) return;
    const key = address.get("results") ?? this.chooser.results.value;
    if (this.chooser.listing.some((each) => each.key === key)) this.#chooseResults(key, [address.get("run"), address.get("beside")]);
    else if (address.has("results")) this.#say(`There are no results named ${address.get("results")}.`);
    this.#begun = true;
  }

  /** Continue after a rest, at the same moment. */
  async resume() {
    const awake = await this.#wake();
    if (!awake || !this.chooser.key || (this.#films.length && this.#films.every((film) => film?.done))) return;
    this.#wanted = this.replay.player.following ? null : this.replay.player.at;
    this.#chooseRuns();
  }

  /** Stop requests while another section of the page is shown. */
  rest() {
    this.#resting = true;
    this.#turn += 1;
    clearTimeout(this.#timer);
    for (const poller of this.#pollers) poller.stop();
    this.#pollers = [];
  }

  /** Request the list again. Return whether this section is still shown when the list has arrived. */
  async #wake() {
    this.#resting = false;
    const turn = ++this.#turn;
    await this.#list();
    return turn === this.#turn;
  }

  /** Return the address values that show this again. @returns {import("../base/address.js").State} */
  address() {
    const [run, beside] = this.chooser.runs.map((select) => select.value || null);
    const plane = this.#plane;
    return { view: "watch", results: this.chooser.results.value, run, beside, at: Math.round(this.replay.player.at), plane, look: this.replay.look };
  }

  async #list() {
    clearTimeout(this.#timer);
    try {
      this.chooser.listing = (await ask("/api/results")).results;
      this.#offer();
    } catch (error) {
      this.#say(String(error instanceof Error ? error.message : error));
    }
    clearTimeout(this.#timer);
    if (!this.#resting) this.#timer = setTimeout(() => this.#list(), document.hidden ? 5 * LIST_MILLISECONDS : LIST_MILLISECONDS);
  }

  /** Fill the lists if they have changed. */
  #offer() {
    const { chooser } = this;
    if (!chooser.listResults()) return;
    this.replayHost.hidden = this.#films.length === 0;
    if (!chooser.listing.length) {
      this.#say("There are no results yet. Create some with `searchparty run quickstart`, or use the playground.");
      return;
    }
    if (!chooser.key && this.#begun) this.#chooseResults(chooser.results.value);
    else if (chooser.key && this.#offerRuns()) this.#chooseRuns();
    else this.#goOn();
  }

  /** List the runs, or show why there are none. Return whether these are the first runs listed. */
  #offerRuns() {
    const { entry } = this.chooser;
    if (entry?.error || entry?.waiting) this.#say(entry.waiting ? "Waiting for the run to begin…" : (entry.error ?? ""));
    return this.chooser.listRuns();
  }

  /** Follow a run again that had ended or been interrupted and has been resumed. */
  #goOn() {
    if (this.chooser.turnToRunning()) {
      this.#chooseRuns();
      return;
    }
    /** @param {Film|undefined} film */
    const isRunningAgain = (film) => film?.done && this.chooser.entry?.runs.some(({ run, state }) => run === film.header.run && state === "running");
    if (!this.#films.some(isRunningAgain)) return;
    this.#wanted = this.replay.player.at;
    this.#chooseRuns();
  }

  /**
   * @param {string} key
   * @param {(string|null)[]} wanted the runs that an address asks for
   */
  #chooseResults(key, [run, beside] = [null, null]) {
    this.chooser.turnTo(key);
    this.#offerRuns();
    if (this.chooser.choose(run, beside)) this.#chooseRuns();
  }

  #chooseRuns() {
    const chosen = this.chooser.chosenRuns;
    for (const poller of this.#pollers) poller.stop();
    /** @type {Film[]} */
    const films = [];
    const showFilms = () => {
      if (this.#films !== films || chosen.some((_, i) => !films[i])) return;
      this.#say("");
      this.replayHost.hidden = false;
      const fresh = chosen.some((_, i) => this.replay.films[i] !== films[i]);
      this.replay.setFilms(films, namesOf(films));
      // The same runs with another surface or with new points: stay at the moment shown.
      const same = this.#same.length === chosen.length && this.#same.every((each, i) => each === chosen[i]);
      this.#same = chosen;
      if (!fresh || (same && this.#wanted === null)) return;
      this.replay.showFrom(this.#wanted, films.some((film) => film.header.state === "running"));
      this.#wanted = null;
    };
    this.#films = films;
    this.#same = [];
    this.#pollers = chosen.map((run, i) => new FilmPoller(`/api/results/${encodeURIComponent(this.chooser.key)}/runs/${encodeURIComponent(run)}/film`, {
      plane: this.#plane, every: POLL_MILLISECONDS,
      onFirst: (film) => { films[i] = film; showFilms(); },
      onGrowth: () => showFilms(),
      onError: (error) => this.#films === films && this.#say(error.message),
    }));
  }

  /** @param {string} spec of a plane */
  #look(spec) {
    this.#plane = spec;
    this.#wanted = this.replay.player.at;
    this.#chooseRuns();
  }

  /** @param {string} text */
  #say(text) {
    say(this.note, text);
    this.note.hidden = !text;
  }
}

/**
 * Return the names of the runs shown; two runs of one strategy are named by repeat and landscape too.
 * @param {Film[]} films
 */
function namesOf(films) {
  const same = films.length === 2 && films[0].header.strategy === films[1].header.strategy;
  return films.map(({ header }) => (same ? `${header.strategy}, repeat ${header.repeat}, ${header.landscape}` : `${header.strategy} on ${header.landscape}`));
}
