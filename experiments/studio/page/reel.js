/** A film that is fetched, and followed as long as it grows. */

import { fetchFilm } from "./api.js";
import { Film } from "./film.js";

export class Reel {
  #stop = new AbortController();

  /**
   * @param {string} path of the film
   * @param {{plane?: string|null, onFirst: (film: Film) => void, onGrown: (film: Film) => void,
   *   onError: (error: Error) => void, every?: number}} given `every` so many milliseconds it asks for more
   */
  constructor(path, { plane = null, onFirst, onGrown, onError, every = 400 }) {
    this.film = null;
    this.#run(path, plane, onFirst, onGrown, every).catch((error) => {
      if (error.name !== "AbortError") onError(error);
    });
  }

  /** Asks for no more. */
  stop() {
    this.#stop.abort();
  }

  async #run(path, plane, onFirst, onGrown, every) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const before = this.film?.header.state;
      const buffer = await this.#fetched(path, plane);
      if (signal.aborted) return;
      if (buffer && !this.film) {
        this.film = new Film(buffer);
        onFirst(this.film);
      } else if (buffer && (this.film.append(buffer) || before !== this.film.header.state)) {
        onGrown(this.film);
      }
      if (this.film?.done) return;
      await pause(every, signal);
    }
  }

  /** The next message; null while the run has been asked for and has not begun. */
  async #fetched(path, plane) {
    const known = this.film?.header;
    return fetchFilm(path, { plane: known?.plane.spec ?? plane, since: known?.next, signal: this.#stop.signal });
  }
}

/** Waits; longer while nobody looks, since a page in the background needs nothing. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, document.hidden ? 5 * milliseconds : milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
