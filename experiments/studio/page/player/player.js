/** The player: it advances the number of evaluations shown while it plays. One player drives all stages. */

import { askStep, cancelFrame, isUnhurried } from "../base/frames.js";
import { Director } from "../film/director.js";

export class Player extends EventTarget {
  #playing = false;
  #last = 0;
  #onFrame = (/** @type {number} */ now) => this.#tick(now);

  constructor() {
    super();
    this.at = 0;
    this.length = 0;
    this.speed = 1;
    /** The pace: slow at moments that matter. */
    this.director = new Director(0, []);
    /** Whether to stay at the end as the run grows: a run that is watched live. */
    this.following = false;
  }

  get playing() {
    return this.#playing;
  }

  /**
   * Set the length in evaluations and the moments that matter, after the runs shown have grown or changed.
   * @param {number} length
   * @param {{at: number, weight: number}[]} moments
   */
  setLength(length, moments) {
    this.length = length;
    this.director = new Director(length, moments);
    if (this.following || this.at > length) this.at = length;
    this.#notify();
  }

  play() {
    if (this.#playing) return;
    this.following = false;
    if (this.at >= this.length) this.at = 0;
    this.#playing = true;
    this.#last = performance.now();
    askStep(this.#onFrame);
    this.#notify();
  }

  pause() {
    this.#playing = false;
    cancelFrame(this.#onFrame);
    this.#notify();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  /**
   * Go to a number of evaluations.
   * @param {number} at
   */
  seek(at) {
    this.at = Math.min(this.length, Math.max(0, at));
    this.following = this.following && this.at >= this.length;
    this.#notify();
  }

  /** Go to the end of a growing run and stay there. */
  follow() {
    this.following = true;
    this.#playing = false;
    cancelFrame(this.#onFrame);
    this.at = this.length;
    this.#notify();
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    this.#notify();
  }

  /** @param {number} now */
  #tick(now) {
    if (!this.#playing) return;
    // A page in the background gets no frames for a while: limit the step, so that it does not jump afterwards.
    // The time may also be negative, because a frame may have begun before it was requested.
    const passed = Math.min(isUnhurried() ? Infinity : 100, Math.max(0, now - this.#last)) / 1000;
    this.#last = now;
    this.at = this.director.evaluationsAt(this.director.secondsAt(this.at) + passed * this.speed);
    if (this.at >= this.length) this.#playing = false;
    else askStep(this.#onFrame);
    // On a clock that stands, what is shown is so already.
    if (passed) this.#notify();
  }

  #notify() {
    this.dispatchEvent(new Event("change"));
  }
}
