/** Has runs worked that may be asked for next, once nothing has changed for a while: slider steps, other questions. */

import { neighboursOf } from "./neighbours.js";

/** What is shown must stay so long before other runs are prepared. */
const IDLE_MILLISECONDS = 1200;

export class Preparation {
  /** @type {ReturnType<typeof setTimeout>|0} */
  #timer = 0;

  /**
   * @param {import("./requests.js").PlayRequests} requests
   * @param {import("../types.d.ts").Catalogue} catalogue
   */
  constructor(requests, catalogue) {
    this.requests = requests;
    this.limits = catalogue.limits;
    this.others = catalogue.questions.flatMap(({ common, sides }) => sides.map(({ settings }) => ({ ...common, lease: null, ...settings })));
  }

  /**
   * Prepare what may come after these settings, one for each side. Call it when they are shown.
   * @param {import("../types.d.ts").Settings[]} sides
   */
  schedule(sides) {
    this.cancel();
    this.#timer = setTimeout(() => this.requests.prepare([...neighboursOf(sides, this.limits), ...this.others]), IDLE_MILLISECONDS);
  }

  /** Something else was asked for: it comes first. */
  cancel() {
    clearTimeout(this.#timer);
  }
}
