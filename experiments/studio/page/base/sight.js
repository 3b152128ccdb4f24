/** What need not be drawn in every frame, because nobody sees it. */

export class Sight {
  /** @type {Set<Element>} */
  #inside = new Set();

  /**
   * @param {Element[]} elements
   * @param {() => boolean} moves whether there is a next frame soon: until then, what is outside the window may wait
   */
  constructor(elements, moves) {
    this.moves = moves;
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#inside[isIntersecting ? "add" : "delete"](target);
    });
    for (const element of elements) watcher.observe(element);
  }

  /** @param {Element} element */
  shows(element) {
    return !this.moves() || this.#inside.has(element);
  }
}
