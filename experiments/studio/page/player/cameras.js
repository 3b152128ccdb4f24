/** The cameras of the stages: they follow the search, until the user moves one; then they move together. */

import { el } from "../base/dom.js";

export class Cameras {
  /** @type {string[]} */
  #last = [];
  following = true;

  /**
   * @param {HTMLElement} row of the stages
   * @param {() => import("./stage/stage.js").Stage[]} stages
   * @param {() => void} onFollow called when the cameras follow again
   */
  constructor(row, stages, onFollow) {
    for (const event of ["pointermove", "wheel", "keyup", "pointerup"]) row.addEventListener(event, () => this.turnTogether(), { passive: true });
    this.stages = stages;
    this.onFollow = onFollow;
    const title = "The view follows the search, and comes nearer as it narrows. Moving the view ends this.";
    this.button = el("button", { type: "button", class: "follow", text: "Follow", title, "aria-pressed": "true", onclick: () => this.follow(!this.following) });
  }

  /**
   * Let the cameras follow the search, or leave them to the user.
   * @param {boolean} on
   */
  follow(on) {
    if (this.following === on) return;
    this.following = on;
    this.button.setAttribute("aria-pressed", String(on));
    this.forget();
    if (on) this.onFollow();
  }

  /** Tell the stages whether to follow, after they have changed. */
  forget() {
    for (const { view } of this.stages()) view.following = this.following;
    this.#last = [];
  }

  /** Move the other stage's camera when the user has moved one of the two. */
  turnTogether() {
    if (this.following) return;
    const views = this.stages().map(({ view }) => view);
    const cameras = views.map((view) => JSON.stringify(view.camera()));
    const moved = cameras.findIndex((camera, i) => camera !== this.#last[i]);
    if (views.length === 2 && moved >= 0 && this.#last.length === 2) {
      views[1 - moved].setCamera(views[moved].camera());
      cameras[1 - moved] = JSON.stringify(views[1 - moved].camera());
    }
    this.#last = cameras;
  }
}
