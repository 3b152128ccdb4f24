/** Text labels on a drawing, with a halo, placed so that they do not overlap. */

const LINE = 15; // px
const PLAIN = "12px system-ui, sans-serif";

/**
 * @typedef {[number, number, number, number]} Box left, top, right, bottom
 * @typedef {{colour?: string, font?: string}} Look
 */

/** The labels of one frame; each label avoids the earlier ones. */
export class Labels {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof import("./colours.js").themeOf>} theme
   * @param {Box} bounds
   */
  constructor(context, theme, bounds) {
    this.context = context;
    this.theme = theme;
    this.bounds = bounds;
    /** @type {Box[]} */
    this.taken = [];
  }

  /**
   * Keep a place free of text.
   * @param {number} x
   * @param {number} y
   * @param {number} r
   */
  reserve(x, y, r) {
    this.taken.push([x - r, y - r, x + r, y + r]);
  }

  /**
   * Return whether a flag at (x, y) would overlap something.
   * @param {number} x
   * @param {number} y
   */
  covers(x, y) {
    return this.taken.some(([left, top, right, bottom]) => x > left - 18 && x < right && y > top - 8 && y < bottom + 8);
  }

  /**
   * Write `text` beside (x, y), `gap` pixels from it. If there is no free place, it is left out unless `must` is set.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {number} gap
   * @param {Look & {must?: boolean}} look
   * @returns {boolean} whether it was written
   */
  writeBeside(text, x, y, gap, { colour, font = PLAIN, must = false } = {}) {
    const { context } = this;
    context.font = font;
    const wide = context.measureText(text).width;
    /** @type {[number, number][]} */
    const places = [
      [x + gap, y - LINE / 2], [x - gap - wide, y - LINE / 2], [x - wide / 2, y - gap - LINE], [x - wide / 2, y + gap],
      [x + gap * 0.8, y - gap - LINE * 0.8], [x + gap * 0.8, y + gap * 0.8],
      [x - gap * 0.8 - wide, y - gap - LINE * 0.8], [x - gap * 0.8 - wide, y + gap * 0.8],
    ];
    const found = places.find(([left, top]) => this.#free(left, top, wide));
    if (!found && !must) return false;
    const free = found ?? this.#inside(places[0], wide);
    this.writeAt(text, free[0], free[1], { colour, font });
    return true;
  }

  /**
   * Write `text` centred on (x, y), if that place is free.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {{colour?: string}} look
   */
  writeCentred(text, x, y, { colour } = {}) {
    this.context.font = PLAIN;
    const wide = this.context.measureText(text).width;
    const left = Math.max(this.bounds[0] + 2, Math.min(x - wide / 2, this.bounds[2] - wide - 2));
    if (this.#free(left, y - LINE / 2, wide)) this.writeAt(text, left, y - LINE / 2, { colour });
  }

  /**
   * Write `text` so that it ends at `right` and is vertically centred on y, if that place is free.
   * @param {string} text
   * @param {number} right
   * @param {number} y
   * @param {Look} look
   */
  writeBefore(text, right, y, { colour, font = PLAIN } = {}) {
    this.context.font = font;
    const wide = this.context.measureText(text).width;
    const left = Math.max(right - wide, this.bounds[0] + 2);
    if (this.#free(left, y - LINE / 2, wide)) this.writeAt(text, left, y - LINE / 2, { colour, font });
  }

  /**
   * Write `text` with its upper left corner at (left, top).
   * @param {string} text
   * @param {number} left
   * @param {number} top
   * @param {Look} look
   */
  writeAt(text, left, top, { colour, font = PLAIN } = {}) {
    const { context, theme } = this;
    context.font = font;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = theme.halo;
    context.strokeText(text, left, top + LINE / 2);
    context.fillStyle = colour ?? theme.ink;
    context.fillText(text, left, top + LINE / 2);
    this.taken.push([left, top, left + context.measureText(text).width, top + LINE]);
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} wide
   */
  #free(left, top, wide) {
    const [x0, y0, x1, y1] = this.bounds;
    const inside = left >= x0 + 2 && top >= y0 + 2 && left + wide <= x1 - 2 && top + LINE <= y1 - 2;
    /** @param {Box} box */
    const meets = ([a, b, c, d]) => left < c + 2 && a < left + wide + 2 && top < d && b < top + LINE;
    return inside && !this.taken.some(meets);
  }

  /**
   * @param {[number, number]} place
   * @param {number} wide
   */
  #inside([left, top], wide) {
    const [x0, y0, x1, y1] = this.bounds;
    return [Math.max(x0 + 2, Math.min(left, x1 - wide - 2)), Math.max(y0 + 2, Math.min(top, y1 - LINE - 2))];
  }
}
