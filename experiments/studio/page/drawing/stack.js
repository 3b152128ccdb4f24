/** A stack of canvases that fills a host element and follows its size. */

/** Canvases on top of each other; only the lowest gets pointer events. `ratio` is the pixels per CSS pixel, at most 2. */
export class Stack {
  /**
   * @param {HTMLElement} host
   * @param {number} count
   * @param {() => void} onResize called after every change of size
   */
  constructor(host, count, onResize) {
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    this.host = host;
    this.canvases = Array.from({ length: count }, (_, k) => this.#layer(k));
    this.onResize = onResize;
    this.width = this.height = this.seen = 0;
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(host);
  }

  get ratio() {
    return Math.min(window.devicePixelRatio || 1, 2);
  }

  /** Read the host's size, and call `onResize` if it has changed. */
  measure() {
    const width = Math.max(this.host.clientWidth, 1);
    const height = Math.max(this.host.clientHeight, 1);
    if (width === this.width && height === this.height && this.seen === this.ratio) return;
    [this.width, this.height, this.seen] = [width, height, this.ratio];
    this.onResize();
  }

  /**
   * Clear layer `k` and return its 2D context, in CSS pixels, at `ratio`.
   * @param {number} k
   */
  clearLayer(k, ratio = this.ratio) {
    const canvas = this.canvases[k];
    const [wide, high] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  /**
   * Return the 2D context of layer `k` with its current content.
   * @param {number} k
   */
  layerContext(k) {
    return /** @type {CanvasRenderingContext2D} */ (this.canvases[k].getContext("2d"));
  }

  dispose() {
    this.observer.disconnect();
    for (const canvas of this.canvases) canvas.remove();
  }

  /** @param {number} k */
  #layer(k) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas.style, {
      position: "absolute", left: "0", top: "0", width: "100%", height: "100%", display: "block",
      pointerEvents: k ? "none" : "auto", touchAction: "none",
    });
    canvas.setAttribute("aria-hidden", "true");
    this.host.append(canvas);
    return canvas;
  }
}
