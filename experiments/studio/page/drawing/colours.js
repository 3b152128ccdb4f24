/** Colours and shapes. Agents differ in both, so that they are distinguishable in greyscale and for the colour-blind. */

/** The palette of Okabe and Ito (2008), as in the figures of the reports. */
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#5C5C5C"];

export const SHAPES = ["disc", "square", "triangle up", "diamond", "cross", "plus", "triangle down", "ring"];

/**
 * Colours of losses, from the lowest to the highest, as [lightness, chroma, hue in degrees] of Oklab (Ottosson 2020). The
 * lightness falls evenly, so that equal steps look equal, in greyscale and to the colour-blind too. Low losses are bright:
 * valleys shine, on a light page as on a dark one.
 * @type {Record<"light"|"dark", [number, number, number][]>}
 */
const RAMPS = {
  light: [[0.97, 0.09, 103], [0.87, 0.115, 150], [0.77, 0.1, 190], [0.67, 0.095, 225], [0.57, 0.1, 255], [0.47, 0.11, 278]],
  dark: [[0.93, 0.13, 102], [0.79, 0.13, 152], [0.65, 0.105, 192], [0.51, 0.09, 228], [0.37, 0.085, 258], [0.23, 0.06, 278]],
};

const THEMES = {
  light: {
    paper: "#fbfbf9", ink: "#1c2530", soft: "#5b6675", grid: "#d5dae0", contour: "rgba(10,20,40,0.30)",
    side: "#eef0f2", halo: "rgba(255,255,255,0.88)",
    edge: "#ffffff", rim: "rgba(20,26,34,0.75)", star: "#ffd21f", goal: "#a3105c", good: "#0b6b4a", alarm: "#a1260d",
  },
  dark: {
    paper: "#10151e", ink: "#eef1f5", soft: "#a3adba", grid: "#2c3644", contour: "rgba(5,10,20,0.42)",
    side: "#1a212c", halo: "rgba(16,21,30,0.86)",
    edge: "#ffffff", rim: "rgba(0,0,0,0.8)", star: "#ffd84d", goal: "#ff8ac4", good: "#63d3a8", alarm: "#ff9d88",
  },
};

/**
 * Return the drawing colours of a theme, "light" or "dark", as CSS colours.
 * @param {string} name
 */
export function themeOf(name) {
  return name === "dark" ? THEMES.dark : THEMES.light;
}

/**
 * Convert "#rrggbb" to [r, g, b], each 0 to 1.
 * @param {string} hex
 * @returns {[number, number, number]}
 */
export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/**
 * Convert "#rrggbb" to a CSS colour with an opacity.
 * @param {string} hex
 * @param {number} opacity
 */
export function fadeColour(hex, opacity) {
  const [r, g, b] = rgb(hex);
  return `rgba(${Math.round(r * 255)},${Math.round(g * 255)},${Math.round(b * 255)},${opacity})`;
}

/** The exponent of colours over heights. */
export const TONE = 0.62;

/**
 * Return the place of a height on the colour scale, 0 to 1 each: colours are finer near the lowest loss than heights, because
 * that is where valleys differ.
 * @param {number} height
 */
export function toneOf(height) {
  return Math.min(Math.max(height || 0, 0), 1) ** TONE;
}

/**
 * Return the surface's colour at a height from 0 to 1, as [r, g, b], each 0 to 1.
 * @param {string} name
 * @param {number} height
 * @returns {[number, number, number]}
 */
export function ramp(name, height) {
  const stops = name === "dark" ? RAMPS.dark : RAMPS.light;
  const along = toneOf(height) * (stops.length - 1);
  const first = Math.min(Math.floor(along), stops.length - 2);
  const part = along - first;
  const [lightness, chroma, hue] = stops[first].map((value, k) => value + (stops[first + 1][k] - value) * part);
  const angle = (hue * Math.PI) / 180;
  return oklabToRgb(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle));
}

/**
 * Convert a colour of Oklab to sRGB, [r, g, b], each 0 to 1.
 * @param {number} L
 * @param {number} a
 * @param {number} b
 * @returns {[number, number, number]}
 */
function oklabToRgb(L, a, b) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  /** @param {number} value */
  const gamma = (value) => {
    const inside = Math.min(Math.max(value, 0), 1);
    return inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055;
  };
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}
