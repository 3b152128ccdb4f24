/** The heat map of problems and strategies: a table whose cells are shaded by how much faster or slower a strategy is. */

import { drawTable } from "./table.js";

const STRONGEST = 2;
/** Blue is faster, orange is slower; each is mixed into the paper, so that text keeps its contrast. */
const SIDES = { faster: "#0072B2", slower: "#D55E00" };

/**
 * Fill a host with the heat map.
 * @param {HTMLElement} host
 * @param {import("../types.d.ts").HeatData} data ratios of evaluations to those of the baseline; 0 is that only the
 *   strategy reaches the target, -1 that only the baseline does, null that neither does
 */
export function drawHeat(host, { caption, names, problems, baseline, ratios }) {
  const found = ratios.map((row) => row.map(strengthOf));
  drawTable(host, {
    caption, heads: ["problem", ...names],
    rows: problems.map((problem, i) => [problem, ...ratios[i].map((ratio) => wordOf(ratio, baseline))]),
    shades: found.map((row) => [null, ...row.map(shadeOf)]),
    keys: problems.map((problem, i) => [problem, ...found[i]]),
  });
}

/** @param {number|null} ratio */
function strengthOf(ratio) {
  if (ratio === null) return 0;
  if (ratio <= 0) return ratio < 0 ? STRONGEST : -STRONGEST;
  return Math.max(-STRONGEST, Math.min(STRONGEST, Math.log10(ratio)));
}

/** @param {number} strength */
function shadeOf(strength) {
  if (Math.abs(strength) < 0.04) return null;
  const part = Math.round(12 + 30 * (Math.abs(strength) / STRONGEST));
  return `color-mix(in srgb, ${strength < 0 ? SIDES.faster : SIDES.slower} ${part}%, var(--paper))`;
}

/** @param {number|null} ratio @param {string} baseline */
function wordOf(ratio, baseline) {
  if (ratio === null) return `neither it nor ${baseline}`;
  return ratio === 0 ? `solved, not by ${baseline}` : ratio < 0 ? `only by ${baseline}` : `${ratio.toLocaleString("en-US", { maximumSignificantDigits: 2 })} ×`;
}
