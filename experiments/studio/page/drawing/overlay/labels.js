/** Text labels on a drawing, with a halo. They never overlap: one that finds no free place is left out. */

const LINE = 15; // px
const PLAIN = "12px system-ui, sans-serif";
/** How far a label may be from its place, in px; from the second on, a line leads to it. */
const DISTANCES = [0, 20, 42, 68, 96];
/** Directions in which a label is tried, in turn: right, left, above, below, and between. */
const DIRECTIONS = [[1, 0], [-1, 0], [0, -1], [0, 1], [0.75, -0.75], [0.75, 0.75], [-0.75, -0.75], [-0.75, 0.75]];
const PAD = 5; // px, around the text of a label with a background

/**
 * @typedef {[number, number, number, number]} Box left, top, right, bottom
 * @typedef {{colour?: string, font?: string, fill?: string|null}} Look with `fill`, the text stands on a background
 */

/** The labels of one frame; each label avoids the earlier ones. */
export class Labels {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof import("../colours.js").themeOf>} theme
   * @param {Box} bounds
   * @param {Box[]} reserved parts that are kept free of text
   */
  constructor(context, theme, bounds, reserved = []) {
    this.context = context;
    this.theme = theme;
    this.bounds = bounds;
    /** @type {Box[]} */
    this.taken = [...reserved];
    /** @type {{text: string, box: Box}[]} what has been written */
    this.written = [];
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
   * Return whether a place is within the drawing.
   * @param {number} x
   * @param {number} y
   */
  contains(x, y) {
    const [left, top, right, bottom] = this.bounds;
    return x >= left && y >= top && x <= right && y <= bottom;
  }

  /**
   * Write `text` beside (x, y), at least `gap` pixels from it; farther away, a line leads to it. A place outside the drawing
   * has no text.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {number} gap
   * @param {Look} look
   * @returns {boolean} whether there was a free place
   */
  writeBeside(text, x, y, gap, look = {}) {
    if (!this.contains(x, y)) return false;
    const { context } = this;
    context.font = look.font ?? PLAIN;
    const pad = look.fill ? PAD : 0;
    const [wide, high] = [context.measureText(text).width + 2 * pad, LINE + (look.fill ? 4 : 0)];
    for (const more of DISTANCES) {
      for (const [right, down] of DIRECTIONS) {
        const [cx, cy] = [x + right * (gap + more), y + down * (gap + more)];
        const left = right > 0.1 ? cx : right < -0.1 ? cx - wide : x - wide / 2;
        const top = down > 0.9 ? cy : down < -0.9 ? cy - high : cy - high / 2;
        if (!this.#isFree(left, top, wide, high)) continue;
        if (more) this.#lead(x, y, gap, Math.min(Math.max(x, left), left + wide), top + high / 2);
        this.#write(text, [left, top, left + wide, top + high], look);
        return true;
      }
    }
    return false;
  }

  /**
   * Write `text` centred on (x, y), if that place is free.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {Look} look
   */
  writeCentred(text, x, y, look = {}) {
    this.context.font = look.font ?? PLAIN;
    const wide = this.context.measureText(text).width;
    const left = Math.max(this.bounds[0] + 2, Math.min(x - wide / 2, this.bounds[2] - wide - 2));
    const top = y - LINE / 2;
    if (text && this.#isFree(left, top, wide, LINE)) this.#write(text, [left, top, left + wide, top + LINE], look);
  }

  /**
   * @param {string} text
   * @param {Box} box
   * @param {Look} look
   */
  #write(text, [left, top, right, bottom], { colour, font = PLAIN, fill = null }) {
    const { context, theme } = this;
    context.font = font;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.lineJoin = "round";
    if (fill) {
      context.beginPath();
      context.roundRect(left, top, right - left, bottom - top, 5);
      context.fillStyle = fill;
      context.fill();
    } else {
      context.lineWidth = 4;
      context.strokeStyle = theme.halo;
      context.strokeText(text, left, (top + bottom) / 2);
    }
    context.fillStyle = colour ?? (fill ? theme.paper : theme.ink);
    context.fillText(text, left + (fill ? PAD : 0), (top + bottom) / 2);
    this.taken.push([left, top, right, bottom]);
    this.written.push({ text, box: [left, top, right, bottom] });
  }

  /**
   * Draw a line from the edge of a marker to its label.
   * @param {number} x
   * @param {number} y
   * @param {number} gap
   * @param {number} toX
   * @param {number} toY
   */
  #lead(x, y, gap, toX, toY) {
    const { context, theme } = this;
    const away = Math.hypot(toX - x, toY - y) || 1;
    const start = Math.max(gap - 4, 0) / away;
    /** @type {[string, number][]} */
    const strokes = [[theme.halo, 3.5], [theme.ink, 1.1]];
    for (const [colour, width] of strokes) {
      context.beginPath();
      context.moveTo(x + (toX - x) * start, y + (toY - y) * start);
      context.lineTo(toX, toY);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} wide
   * @param {number} high
   */
  #isFree(left, top, wide, high) {
    const [x0, y0, x1, y1] = this.bounds;
    const inside = left >= x0 + 2 && top >= y0 + 2 && left + wide <= x1 - 2 && top + high <= y1 - 2;
    /** @param {Box} box */
    const meets = ([a, b, c, d]) => left < c + 2 && a < left + wide + 2 && top < d + 1 && b < top + high + 1;
    return inside && !this.taken.some(meets);
  }
}
