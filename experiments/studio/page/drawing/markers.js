/** The shapes of agents, points and stars on a canvas. */

/**
 * Trace shape 0..7 (see SHAPES) around (x, y) with radius r; the caller fills and strokes it.
 * @param {CanvasRenderingContext2D} context
 * @param {number} shape
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function trace(context, shape, x, y, r) {
  context.beginPath();
  if (shape === 0) context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === 1) context.rect(x - 0.86 * r, y - 0.86 * r, 1.72 * r, 1.72 * r);
  else if (shape === 2) polygon(context, x, y + 0.2 * r, 1.2 * r, 3, -Math.PI / 2);
  else if (shape === 3) polygon(context, x, y, 1.2 * r, 4, 0);
  else if (shape === 4) bars(context, x, y, 1.15 * r, Math.PI / 4);
  else if (shape === 5) bars(context, x, y, 1.15 * r, 0);
  else if (shape === 6) polygon(context, x, y - 0.2 * r, 1.2 * r, 3, Math.PI / 2);
  else {
    context.arc(x, y, r, 0, 2 * Math.PI);
    context.moveTo(x + 0.45 * r, y);
    context.arc(x, y, 0.45 * r, 0, 2 * Math.PI, true);
  }
}

/**
 * Trace a five-pointed star.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function traceStar(context, x, y, r) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = k % 2 ? 0.45 * r : r;
    const angle = -Math.PI / 2 + (k * Math.PI) / 5;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {number} corners
 * @param {number} turn
 */
function polygon(context, x, y, r, corners, turn) {
  for (let k = 0; k < corners; k++) {
    const angle = turn + (k * 2 * Math.PI) / corners;
    context.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {number} turn
 */
function bars(context, x, y, r, turn) {
  const half = 0.36 * r;
  const cross = [[r, half], [half, half], [half, r], [-half, r], [-half, half], [-r, half]];
  const outline = [...cross, ...cross.map(([a, b]) => [-a, -b])];
  for (const [a, b] of outline) {
    context.lineTo(x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn));
  }
  context.closePath();
}

/** Points smaller than this (CSS px) have no white edge, because it would cover them. */
export const EDGED = 5;

/**
 * Return the side of a point's picture in CSS pixels, for a host of a size; the more points, the smaller they are.
 * @param {import("../types.d.ts").Size} host
 * @param {number} count
 */
export function pointSize({ width, height }, count) {
  const alone = Math.min(Math.max(Math.min(width, height) / 70, 6.5), 9);
  const crowded = alone * Math.min(Math.max((4000 / Math.max(count, 1)) ** 0.3, 0.4), 1);
  // Round to half pixels, so that the size does not change with every new point.
  return Math.round(crowded * 2) / 2;
}

/**
 * Fill the traced path, with an edge around it and a rim around the edge, so that it is visible on any background.
 * @param {CanvasRenderingContext2D} context
 * @param {string} fill
 * @param {string} edge
 * @param {number} width
 * @param {string|null} rim
 */
export function paint(context, fill, edge, width, rim) {
  context.lineJoin = "round";
  if (rim) {
    context.strokeStyle = rim;
    context.lineWidth = 2 * width + 1.5;
    context.stroke();
  }
  context.strokeStyle = edge;
  context.lineWidth = 2 * width;
  context.stroke();
  context.fillStyle = fill;
  context.fill("evenodd");
}

/**
 * Draw one small picture per agent into a canvas of `across` x `across` pictures with sides of `side` pixels.
 * @param {import("../types.d.ts").Marker[]} agents
 * @param {number} side
 * @param {number} across
 * @param {{edge: string}} theme
 * @param {boolean} edged
 */
export function sprites(agents, side, across, theme, edged) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side * across;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  agents.slice(0, across * across).forEach((agent, k) => {
    const x = (k % across + 0.5) * side;
    const y = (Math.floor(k / across) + 0.5) * side;
    trace(context, agent.shape, x, y, side * (edged ? 0.3 : 0.38));
    if (edged) paint(context, agent.colour, theme.edge, side * 0.06, null);
    context.fillStyle = agent.colour;
    context.fill("evenodd");
  });
  return canvas;
}
