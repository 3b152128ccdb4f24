/** Round numbers for axes, and their format. */

const PLAIN = new Intl.NumberFormat("en-US", { maximumFractionDigits: 9 });

/**
 * Return the number with the fewest digits in [low, high], or 0 if it is in the range.
 * @param {number} low
 * @param {number} high
 */
export function simplest(low, high) {
  if (low <= 0 && high >= 0) return 0;
  const from = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
  for (let power = from; power > from - 16; power--) {
    for (const leading of [10, 5, 2, 1]) {
      const multiple = Math.ceil(roundDigits(low / leading / 10 ** power)) * leading;
      const value = Number(`${multiple}e${power}`);
      if (value >= low && value <= high) return value;
    }
  }
  return (low + high) / 2;
}

/** @param {number} value */
function roundDigits(value) {
  return Number(value.toPrecision(12));
}

/**
 * Return about `count` evenly spaced round numbers in [low, high].
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function linearTicks(low, high, count) {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.75) ?? 10) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(roundDigits(k * step));
  return ticks;
}

/**
 * Return at most `count` powers of ten in [low, high]; if fewer than two fit, 1, 2 and 5 times powers of ten.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function logTicks(low, high, count) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / Math.max(count, 1)));
  const ticks = [];
  for (let power = first; power <= last; power += stride) ticks.push(Number(`1e${power}`));
  if (ticks.length >= 2) return ticks;
  const finer = [];
  for (let power = first - 1; power <= last; power++) {
    for (const leading of [1, 2, 5]) finer.push(Number(`${leading}e${power}`));
  }
  const inside = finer.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  return inside.length >= 2 ? inside : linearTicks(low, high, count);
}

/** The most characters of a choice beside a tick. */
const LONGEST_TICK = 14;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * Format a number for an axis: 0.25, 10,000, 4 million as 4×10⁶, 0.00001 as 10⁻⁵.
 * @param {number} value
 */
export function formatNumber(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "?";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) {
    return PLAIN.format(Number(value.toPrecision(6))).replace("-", "−");
  }
  const [digits, power] = value.toExponential(3).split("e");
  const leading = String(Number(digits)).replace("-", "−");
  const raised = String(Math.abs(Number(power))).replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]);
  const exponent = `10${Number(power) < 0 ? "⁻" : ""}${raised}`;
  return leading === "1" ? exponent : leading === "−1" ? `−${exponent}` : `${leading}×${exponent}`;
}

/**
 * Return the ticks of one side of the plane: [{at: plane coordinate, text}], where value = offset + scale * at. Those of
 * a logarithmic axis are numbers whose logarithm is the value, those of a choice its choices.
 * @param {import("../types.d.ts").Tick|undefined} side
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function sideTicks({ offset = 0, scale = 1, log, integer, choices } = {}, low, high, count) {
  const ends = [offset + scale * low, offset + scale * high].sort((a, b) => a - b);
  /** @param {number} value @param {string} text */
  const tick = (value, text) => ({ at: (value - offset) / scale, text });
  if (choices) {
    const shown = choices.map((choice, position) => tick(position, shorten(String(choice))));
    return shown.filter((_, position) => position >= ends[0] && position <= ends[1]);
  }
  if (log) {
    const found = logTicks(10 ** ends[0], 10 ** ends[1], count).filter((value) => !integer || Number.isInteger(value));
    return found.map((value) => tick(Math.log10(value), formatNumber(value)));
  }
  const found = linearTicks(ends[0], ends[1], count).filter((value) => !integer || Number.isInteger(value));
  return found.map((value) => tick(value, formatNumber(value)));
}

/** @param {string} text */
function shorten(text) {
  return text.length <= LONGEST_TICK ? text : `${text.slice(0, LONGEST_TICK - 1)}…`;
}
