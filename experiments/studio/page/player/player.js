/** The clock of what is shown: a number of evaluations that moves on while it plays. One player moves all stages. */

/** A whole run takes so long at speed 1. */
const SECONDS = 24;

export class Player extends EventTarget {
  #playing = false;
  #frame = 0;
  #last = 0;

  constructor() {
    super();
    this.at = 0;
    this.length = 0;
    this.speed = 1;
    /** Whether to stay at the end as it moves on: a run that is watched live. */
    this.following = false;
  }

  get playing() {
    return this.#playing;
  }

  /**
   * What is shown has become so many evaluations long.
   * @param {number} length
   */
  setLength(length) {
    this.length = length;
    if (this.following || this.at > length) this.at = length;
    this.#notify();
  }

  play() {
    if (this.#playing) return;
    this.following = false;
    if (this.at >= this.length) this.at = 0;
    this.#playing = true;
    this.#last = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
    this.#notify();
  }

  pause() {
    this.#playing = false;
    cancelAnimationFrame(this.#frame);
    this.#notify();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  /**
   * Goes to a number of evaluations.
   * @param {number} at
   */
  seek(at) {
    this.at = Math.min(this.length, Math.max(0, at));
    this.following = this.following && this.at >= this.length;
    this.#notify();
  }

  /** Stays at the end of a run that grows. */
  follow() {
    this.following = true;
    this.#playing = false;
    cancelAnimationFrame(this.#frame);
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
    // A page in the background is not called for a while: do not jump when it is again.
    // And a frame may have begun before it was asked for.
    const passed = Math.min(100, Math.max(0, now - this.#last)) / 1000;
    this.#last = now;
    this.at = Math.min(this.length, this.at + (passed * this.speed * this.length) / SECONDS);
    if (this.at >= this.length) this.#playing = false;
    else this.#frame = requestAnimationFrame((next) => this.#tick(next));
    this.#notify();
  }

  #notify() {
    this.dispatchEvent(new Event("change"));
  }
}
