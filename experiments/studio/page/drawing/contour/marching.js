/** Contour lines of a grid of heights, by marching squares. */

// Corners of a cell: 1 at (0, 0), 2 at (1, 0), 4 at (1, 1), 8 at (0, 1). Edges: 0 bottom, 1 right, 2 top, 3 left.
const EDGES = [
  [], [3, 0], [0, 1], [3, 1], [1, 2], [3, 0, 1, 2], [0, 2], [3, 2],
  [2, 3], [2, 0], [0, 1, 2, 3], [2, 1], [1, 3], [1, 0], [0, 3], [],
];

/**
 * Return the contour line at `level` of `heights` (size x size, heights[j * size + i] at column i, row j).
 *
 * @param {Float32Array|number[]} heights
 * @param {number} size
 * @param {number} level
 * @returns {number[]} segments as x0, y0, x1, y1 in columns and rows; a cell with a corner that is not finite has none
 */
export function contourSegments(heights, size, level) {
  /** @type {number[]} */
  const segments = [];
  for (let j = 0; j < size - 1; j++) {
    for (let i = 0; i < size - 1; i++) {
      const at = j * size + i;
      const corners = [heights[at], heights[at + 1], heights[at + size + 1], heights[at + size]];
      const sum = corners[0] + corners[1] + corners[2] + corners[3];
      if (!Number.isFinite(sum)) continue;
      let kind = 0;
      for (let c = 0; c < 4; c++) if (corners[c] >= level) kind |= 1 << c;
      if (kind === 0 || kind === 15) continue;
      let edges = EDGES[kind];
      // A saddle: the mean of its corners decides which corners are connected.
      if ((kind === 5 || kind === 10) && sum / 4 >= level) edges = EDGES[15 - kind];
      for (const edge of edges) pushCrossing(segments, corners, edge, level, i, j);
    }
  }
  return segments;
}

/**
 * @param {number[]} segments
 * @param {number[]} corners
 * @param {number} edge
 * @param {number} level
 * @param {number} i
 * @param {number} j
 */
function pushCrossing(segments, corners, edge, level, i, j) {
  const from = corners[edge];
  const part = (level - from) / (corners[(edge + 1) % 4] - from);
  if (edge === 0) segments.push(i + part, j);
  else if (edge === 1) segments.push(i + 1, j + part);
  else if (edge === 2) segments.push(i + 1 - part, j + 1);
  else segments.push(i, j + 1 - part);
}
