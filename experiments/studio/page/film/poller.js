/** A film that is fetched, and followed as long as it grows. */

import { fetchFilm, isAbort, ServerError } from "../base/api.js";
import { Film } from "./film.js";

/** What may be over in a moment: no answer, or a log that cannot be read just now. It is asked again after so long. */
const PASSING = new Set([0, 503]);
const AGAIN_MILLISECONDS = 3000;
/** A plane that was chosen by fewer points, as its run began, is chosen again once there are so many more. */
const FEW = 30;

export class FilmPoller {
  #stop = new AbortController();

  /**
   * @param {string} path of the film
   * @param {{plane?: string|null, onFirst: (film: Film) => void, onGrowth: (film: Film) => void,
   *   onError: (error: Error) => void, every?: number, patient?: boolean}} given `every` so many milliseconds it asks for
   *   more; a `patient` one of many dimensions is not shown before it is done, as its plane is chosen by its points
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

  /** Asks for no more. */
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
   * Whether a film is to be shown now, as something new.
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
   * The same run, on the plane that its points now choose.
   * @param {string} path
   * @param {Film} film
   */
  async #fetchAnew(path, film) {
    const buffer = await fetchFilm(path, { plane: specOf(film), signal: this.#stop.signal });
    return buffer ? new Film(buffer) : film;
  }

  /**
   * The next message; null while the run has been asked for and has not begun.
   * @param {string} path
   * @param {string|null} plane
   */
  async #fetchNext(path, plane) {
    const known = this.film?.header;
    return fetchFilm(path, { plane: known?.plane.spec ?? plane, since: known?.next, signal: this.#stop.signal });
  }
}

/**
 * Whether what a film is seen on belongs to fewer points than there are now: its plane, once the run is done, or where
 * there was next to nothing to choose it by; a ground between the points, when they have become twice as many, and once the run is done.
 * @param {Film} film
 */
function isOutgrown({ header, count, firstCount, done }) {
  const [, chosenBy] = header.plane.spec.split("@");
  if (chosenBy !== undefined && Number(chosenBy) < (done ? count : Math.min(FEW, count - FEW))) return true;
  if (header.surface_from === "landscape" || header.dimension !== 2) return false;
  return count > firstCount && (done || count >= 2 * firstCount + 20);
}

/**
 * What a film's plane was asked for by.
 * @param {Film} film
 */
function specOf({ header }) {
  return header.plane.spec.split("@")[0];
}

/**
 * Waits; longer while nobody looks, since a page in the background needs nothing.
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
