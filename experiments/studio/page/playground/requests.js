/** The playground's requests to the server: to run settings, and for the films of these runs. */

import { send, ServerError } from "../base/api.js";
import { FilmPoller } from "../film/poller.js";
import { confineToCube } from "./settings.js";

const SIDES = ["a", "b"];
const POLL_MILLISECONDS = 60;
/**
 * The answers after which the server is asked again, and after how many milliseconds: the original of a branch is still
 * being worked (409), or too many runs wait already (429).
 */
const AGAIN_MILLISECONDS = /** @type {Record<number, number>} */ ({ 409: 200, 429: 1500 });

/**
 * @typedef {import("../types.d.ts").Settings} Settings
 * @typedef {import("../film/film.js").Film} Film
 * @typedef {{key: string, at: number}} Start the run that is branched, and from which evaluation on
 * @typedef {{key: string, yaml: string}} Answer of the server: the run's key and its experiment
 * @typedef {object} Listeners
 * @property {(films: Film[]) => void} onFilms all films have begun, or one of them has grown
 * @property {() => void} onGrowth the server has responded with something new
 * @property {(error: Error) => void} onError
 */

/** The requests of one page; a newer request replaces the earlier ones. */
export class PlayRequests {
  #page = newPageName();
  /** @type {Record<string, FilmPoller>} */
  #pollers = {};
  /** @type {Record<string, {key: string, answer: Promise<Answer>}>} */
  #asked = {};
  #version = 0;

  /**
   * Ask the server to run these settings, one for each side.
   * @param {Settings[]} settings
   * @param {(number|undefined)[]} starts the evaluation from which a side branches the first one; undefined if it does not
   * @returns {Promise<Answer[]|null>} null if there has been a newer request in the meantime
   */
  async play(settings, starts) {
    const version = ++this.#version;
    try {
      const first = this.#ask(SIDES[0], settings[0]);
      const answers = await Promise.all([first, ...settings.slice(1).map(async (wanted, i) => {
        const at = starts[i + 1];
        return this.#ask(SIDES[i + 1], wanted, at ? { key: (await first).key, at } : undefined);
      })]);
      return version === this.#version ? answers : null;
    } catch (error) {
      if (version === this.#version) throw error;
      return null;
    }
  }

  /**
   * Fetch the films of these runs as they grow, until there is a newer request.
   * @param {Answer[]} answers
   * @param {string|null} plane
   * @param {Listeners} listeners
   */
  follow(answers, plane, { onFilms, onGrowth, onError }) {
    const version = this.#version;
    /** @type {Film[]} */
    const films = [];
    this.#stop();
    const show = () => {
      const begun = answers.every((_, i) => films[i]?.count || films[i]?.done);
      if (version === this.#version && begun) onFilms([...films]);
    };
    answers.forEach(({ key }, i) => {
      this.#pollers[SIDES[i]] = new FilmPoller(`/api/plays/${key}/film`, {
        plane, every: POLL_MILLISECONDS, patient: true,
        onFirst: (film) => { films[i] = film; show(); },
        onGrowth: () => {
          if (version === this.#version) onGrowth();
          show();
        },
        onError: (error) => version === this.#version && onError(error),
      });
    });
  }

  /**
   * Have the server work settings that may be asked for next, while it has nothing else to do.
   * @param {Settings[]} settings
   */
  prepare(settings) {
    send("/api/ahead", { page: this.#page, settings: settings.map(confineToCube) }).catch(() => {});
  }

  /** Forget what was asked for, so that it is asked for again. */
  forget() {
    this.#asked = {};
  }

  /** Tell the server that the page is closed, so that it can cancel runs that only this page waits for. */
  leave() {
    send("/api/leave", { page: this.#page }, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {string} side
   * @param {Settings} wanted
   * @param {Start} [from]
   * @returns {Promise<Answer>}
   */
  async #ask(side, wanted, from) {
    const settings = confineToCube(wanted);
    const key = JSON.stringify([settings, from]);
    if (this.#asked[side]?.key !== key) {
      // The server removes the run that this side showed before.
      this.#pollers[side]?.stop();
      const before = this.#asked[side]?.answer;
      this.#asked[side] = { key, answer: this.#sendOnceFree(side, key, { settings, from }, before) };
    }
    try {
      return await this.#asked[side].answer;
    } catch (error) {
      if (this.#asked[side]?.key === key) delete this.#asked[side];
      throw error;
    }
  }

  /**
   * Asks for a play, again and again while too many wait or its original is worked, unless something else is asked for on that side.
   * @param {string} side
   * @param {string} key
   * @param {{settings: Settings, from?: Start}} wanted
   * @param {Promise<Answer>} [before] the answer to what was asked for on that side before
   * @returns {Promise<Answer>}
   */
  async #sendOnceFree(side, key, wanted, before) {
    // On a busy machine, one request may overtake another: then the server would keep the older run, and drop this one.
    await before?.catch(() => {});
    for (;;) {
      try {
        return await send("/api/plays", { page: this.#page, side, ...wanted });
      } catch (error) {
        const wait = error instanceof ServerError && this.#asked[side]?.key === key && AGAIN_MILLISECONDS[error.status];
        if (!wait) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  #stop() {
    for (const poller of Object.values(this.#pollers)) poller.stop();
    this.#pollers = {};
  }
}

/** Return a random name for this page, by which the server knows which earlier request a newer one replaces. */
function newPageName() {
  // Not crypto.randomUUID: it does not exist if the page is served without TLS from another machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
