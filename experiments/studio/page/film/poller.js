/** Fetching of a film, and polling for new messages as long as it grows. */

import { fetchFilm, isAbort, ServerError } from "../base/api.js";
import { Film } from "./film.js";

/** Statuses of temporary errors (no response, or a log that cannot be read now), and the time until the next attempt. */
const PASSING = new Set([0, 503]);
const AGAIN_MILLISECONDS = 3000;
/** A plane that was chosen by fewer points than this is chosen again when there are this many more. */
const FEW = 30;

export class FilmPoller {
  #stop = new AbortController();

  /**
   * @param {string} path of the film
   * @param {{plane?: string|null, onFirst: (film: Film) => void, onGrowth: (film: Film) => void,
   *   onError: (error: Error) => void, every?: number, patient?: boolean}} given `every`: milliseconds between two
   *   requests; `patient`: do not show a film of more than two dimensions before it is done, because its points choose
   *   its plane
   */
  constructor(path, { plane = null, onFirst, onGrowth, onError, every = 400, patient = false }) {
    /** @type {Film|null} */
    this.film = null;
    /** @type {Film|null} */
    this.shown = null;
    this.troubled = false;
    this.patient = patient;
    this.#follow(() => this.#run(path, plane, onFirst, onGrowth, every), onError);
  }

  /** Stop polling. */
  stop() {
    this.#stop.abort();
  }

  /**
   * @param {() => Promise<void>} run
   * @param {(error: Error) => void} onError
   */
  async #follow(run, onError) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        return await run();
      } catch (error) {
        if (signal.aborted || isAbort(error)) return undefined;
        this.troubled = true;
        onError(error instanceof Error ? error : new Error(String(error)));
        if (!(error instanceof ServerError) || !PASSING.has(error.status)) return undefined;
        await pause(AGAIN_MILLISECONDS, signal);
      }
    }
    return undefined;
  }

  /**
   * @param {string} path
   * @param {string|null} plane
   * @param {(film: Film) => void} onFirst
   * @param {(film: Film) => void} onGrowth
   * @param {number} every
   */
  async #run(path, plane, onFirst, onGrowth, every) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const before = this.film?.header.state;
      const buffer = await this.#fetchNext(path, plane);
      if (signal.aborted) return;
      const began = buffer !== null && !this.film;
      const grown = buffer !== null && this.film !== null && (this.film.append(buffer) || before !== this.film.header.state);
      if (began) this.film = new Film(buffer);
      const again = this.film !== null && isOutgrown(this.film);
      if (this.film && again) this.film = await this.#fetchAnew(path, this.film);
      const { film } = this;
      if (film && this.#isNew(film, began || again)) onFirst(film);
      else if (film && (grown || this.troubled)) onGrowth(film);
      this.troubled = false;
      if (film?.done) return;
      await pause(every, signal);
    }
  }

  /**
   * Return whether a film is to be shown now as a new one, and remember it if so.
   * @param {Film} film
   * @param {boolean} began
   */
  #isNew(film, began) {
    if (film === this.shown) return false;
    const waits = this.patient && film.header.dimension > 2 && !film.done;
    if (waits || !(began || film.done)) return false;
    this.shown = film;
    return true;
  }

  /**
   * Fetch the whole film again, on the plane that its current points choose.
   * @param {string} path
   * @param {Film} film
   */
  async #fetchAnew(path, film) {
    const buffer = await fetchFilm(path, { plane: specOf(film), signal: this.#stop.signal });
    return buffer ? new Film(buffer) : film;
  }

  /**
   * Fetch the next message; null if the run has not begun.
   * @param {string} path
   * @param {string|null} plane
   */
  async #fetchNext(path, plane) {
    const known = this.film?.header;
    return fetchFilm(path, { plane: known?.plane.spec ?? plane, since: known?.next, signal: this.#stop.signal });
  }
}

/**
 * Return whether the plane or the surface of a film is out of date, because it was computed from fewer points. A plane is
 * out of date when the run is done, or if hardly any points had been there to choose it; an interpolated surface when
 * there are twice as many points, or when the run is done.
 * @param {Film} film
 */
function isOutgrown({ header, count, firstCount, done }) {
  const [, chosenBy] = header.plane.spec.split("@");
  if (chosenBy !== undefined && Number(chosenBy) < (done ? count : Math.min(FEW, count - FEW))) return true;
  if (header.surface_from === "landscape" || header.dimension !== 2) return false;
  return count > firstCount && (done || count >= 2 * firstCount + 20);
}

/**
 * Return the specification by which a film's plane was requested.
 * @param {Film} film
 */
function specOf({ header }) {
  return header.plane.spec.split("@")[0];
}

/**
 * Wait; five times as long while the page is in the background.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, document.hidden ? 5 * milliseconds : milliseconds);
    signal.addEventListener("abort", finish);
  });
}
