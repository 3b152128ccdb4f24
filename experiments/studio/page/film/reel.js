/** A film that is fetched, and followed as long as it grows. */

import { fetchFilm } from "../base/api.js";
import { Film } from "./film.js";

/** What may be over in a moment: no answer, or a log that cannot be read just now. It is asked again after so long. */
const PASSING = new Set([0, 503]);
const AGAIN_MILLISECONDS = 3000;
/** A plane that was chosen by fewer points, as its run began, is chosen again once there are so many more. */
const FEW = 30;

export class Reel {
  #stop = new AbortController();

  /**
   * @param {string} path of the film
   * @param {{plane?: string|null, onFirst: (film: Film) => void, onGrown: (film: Film) => void,
   *   onError: (error: Error) => void, every?: number, patient?: boolean}} given `every` so many milliseconds it asks for
   *   more; a `patient` one of many dimensions is not shown before it is done, as its plane is chosen by its points
   */
  constructor(path, { plane = null, onFirst, onGrown, onError, every = 400, patient = false }) {
    this.film = null;
    this.patient = patient;
    this.#follow(() => this.#run(path, plane, onFirst, onGrown, every), onError);
  }

  /** Asks for no more. */
  stop() {
    this.#stop.abort();
  }

  async #follow(run, onError) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        return await run();
      } catch (error) {
        if (signal.aborted || error.name === "AbortError") return undefined;
        this.troubled = true;
        onError(error);
        if (!PASSING.has(error.status)) return undefined;
        await pause(AGAIN_MILLISECONDS, signal);
      }
    }
    return undefined;
  }

  async #run(path, plane, onFirst, onGrown, every) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const before = this.film?.header.state;
      const buffer = await this.#fetched(path, plane);
      if (signal.aborted) return;
      const began = buffer && !this.film;
      if (began) this.film = new Film(buffer);
      const grown = buffer && !began && (this.film.append(buffer) || before !== this.film.header.state);
      const again = this.film && isOutgrown(this.film);
      if (again) this.film = new Film(await fetchFilm(path, { plane: specOf(this.film), signal }));
      if (this.#isShown(began || again)) onFirst(this.film);
      else if (grown || (this.film && this.troubled)) onGrown(this.film);
      this.troubled = false;
      if (this.film?.done) return;
      await pause(every, signal);
    }
  }

  /** Whether it is to be shown now, as something new. */
  #isShown(began) {
    if (!this.film || this.film === this.shown) return false;
    const waits = this.patient && this.film.header.dimension > 2 && !this.film.done;
    if (waits || !(began || this.film.done)) return false;
    this.shown = this.film;
    return true;
  }

  /** The next message; null while the run has been asked for and has not begun. */
  async #fetched(path, plane) {
    const known = this.film?.header;
    return fetchFilm(path, { plane: known?.plane.spec ?? plane, since: known?.next, signal: this.#stop.signal });
  }
}

/**
 * Whether what a film is seen on belongs to fewer points than there are now: its plane, once the run is done, or where
 * there was next to nothing to choose it by; a ground between the points, when they have become twice as many, and once the run is done.
 */
function isOutgrown({ header, count, firstCount, done }) {
  const [, chosenBy] = header.plane.spec.split("@");
  if (chosenBy !== undefined && Number(chosenBy) < (done ? count : Math.min(FEW, count - FEW))) return true;
  if (header.surface_from === "landscape" || header.dimension !== 2) return false;
  return count > firstCount && (done || count >= 2 * firstCount + 20);
}

/** What a film's plane was asked for by. */
function specOf({ header }) {
  return header.plane.spec.split("@")[0];
}

/** Waits; longer while nobody looks, since a page in the background needs nothing. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, document.hidden ? 5 * milliseconds : milliseconds);
    signal.addEventListener("abort", done);
  });
}
