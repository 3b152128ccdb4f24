/** The key of the colours: which loss has which colour. */
import { formatNumber } from "../numbers.js";
import { ramp, TONE, toneOf } from "../colours.js";

const SIZE = { wide: 120, high: 8, edge: 14 };
const STOPS = 40;
const LEAST = { wide: 300, high: 300 }; // px: on a smaller view, there is no room

/**
 * Draw the key into the lower right corner.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./labels.js").Labels} labels
 * @param {import("../../types.d.ts").Scale} scale
 * @param {string} themeName
 * @param {{soft: string, ink: string}} theme
 */
export function drawLegend(context, labels, scale, themeName, theme) {
  const [x0, y0, right, bottom] = labels.bounds;
  if (right - x0 < LEAST.wide || bottom - y0 < LEAST.high || scale.ticks.length < 2) return;
  const left = right - SIZE.wide - SIZE.edge;
  const top = bottom - SIZE.edge - 18;
  const gradient = context.createLinearGradient(left, 0, left + SIZE.wide, 0);
  for (const [part, colour] of stopsOf(themeName)) gradient.addColorStop(part, colour);
  context.fillStyle = gradient;
  context.fillRect(left, top, SIZE.wide, SIZE.high);
  labels.taken.push([left, top, right - SIZE.edge, top + SIZE.high]);
  labels.writeCentred("loss: lower is better", left + SIZE.wide / 2, top - 10, { colour: theme.soft });
  const shown = [scale.ticks[0], scale.ticks[Math.floor(scale.ticks.length / 2)], scale.ticks[scale.ticks.length - 1]];
  for (const { loss, height } of shown) labels.writeCentred(formatNumber(loss), left + toneOf(height) * SIZE.wide, top + SIZE.high + 9, { colour: theme.soft });
}

/** @type {Map<string, [number, string][]>} */
const known = new Map();

/**
 * Return the colours of a theme's scale, from the lowest loss to the highest, as [place, CSS colour].
 * @param {string} name
 */
function stopsOf(name) {
  const stops = known.get(name) ?? Array.from({ length: STOPS + 1 }, (_, k) => {
    const [r, g, b] = ramp(name, (k / STOPS) ** (1 / TONE)).map((value) => Math.round(value * 255));
    return /** @type {[number, string]} */ ([k / STOPS, `rgb(${r},${g},${b})`]);
  });
  known.set(name, stops);
  return stops;
}
