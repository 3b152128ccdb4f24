/** Makes the scene as high as the window has room for it, above the player. */

/** The least height in px: of one stage, and of a window's height. */
const LEAST = 260;
const LEAST_STACKED = 380;
const STACKED = "(max-width: 699px)";
const GAP = 8;

export class SceneFit {
  /**
   * @param {HTMLElement} scene
   * @param {HTMLElement} below what must stay visible below it
   */
  constructor(scene, below) {
    this.scene = scene;
    this.below = below;
    const observer = new ResizeObserver(() => this.measure());
    for (const element of [document.body, below]) observer.observe(element);
    addEventListener("resize", () => this.measure());
  }

  measure() {
    if (this.scene.offsetParent === null) return;
    const top = this.scene.getBoundingClientRect().top + scrollY;
    const least = matchMedia(STACKED).matches ? LEAST_STACKED : LEAST;
    const height = Math.max(least, innerHeight - top - this.below.offsetHeight - GAP);
    if (this.scene.style.height !== `${height}px`) this.scene.style.height = `${height}px`;
  }
}
