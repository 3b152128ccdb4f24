/** Text on a drawing: with a halo, and where it covers no other text. */

const LINE = 15;

/** Places the labels of one frame; a later label goes round the earlier ones. */
export class Labels {
  constructor(context, theme, width, height) {
    this.context = context;
    this.theme = theme;
    this.width = width;
    this.height = height;
    this.taken = [];
  }

  /** Keep a place free of text. */
  reserve(x, y, r) {
    this.taken.push([x - r, y - r, x + r, y + r]);
  }

  /**
   * Write `text` beside (x, y), `gap` pixels from it. A label that finds no free place is left out unless `must`.
   * @returns {boolean} whether it was written
   */
  beside(text, x, y, gap, { colour, font = "12px system-ui, sans-serif", must = false } = {}) {
    const { context } = this;
    context.font = font;
    const wide = context.measureText(text).width;
    const places = [
      [x + gap, y - LINE / 2], [x - gap - wide, y - LINE / 2], [x - wide / 2, y - gap - LINE], [x - wide / 2, y + gap],
      [x + gap * 0.8, y - gap - LINE * 0.8], [x + gap * 0.8, y + gap * 0.8],
      [x - gap * 0.8 - wide, y - gap - LINE * 0.8], [x - gap * 0.8 - wide, y + gap * 0.8],
    ];
    const free = places.find(([left, top]) => this.#free(left, top, wide)) ?? (must ? this.#inside(places[0], wide) : null);
    if (!free) return false;
    this.at(text, free[0], free[1], { colour, font });
    return true;
  }

  /** Write `text` with its upper left corner at (left, top). */
  at(text, left, top, { colour, font = "12px system-ui, sans-serif" } = {}) {
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

  #free(left, top, wide) {
    const inside = left >= 2 && top >= 2 && left + wide <= this.width - 2 && top + LINE <= this.height - 2;
    return inside && !this.taken.some(([a, b, c, d]) => left < c + 2 && a < left + wide + 2 && top < d && b < top + LINE);
  }

  #inside([left, top], wide) {
    return [Math.max(2, Math.min(left, this.width - wide - 2)), Math.max(2, Math.min(top, this.height - LINE - 2))];
  }
}
