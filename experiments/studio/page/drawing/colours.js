/** Colours and shapes. Agents differ in both, so that they are distinguishable in greyscale and for the colour-blind. */

/** The palette of Okabe and Ito (2008), as in the figures of the reports. */
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#5C5C5C"];

export const SHAPES = ["disc", "square", "triangle up", "diamond", "cross", "plus", "triangle down", "ring"];

/** Colours of heights: low losses are close to the background, high ones differ from it; muted, so that points stand out. */
const RAMPS = {
  light: ["#f7f1df", "#e9e8de", "#d1d8d8", "#b5c3ca", "#99abb8", "#7f94a5"],
  dark: ["#171d29", "#222c3b", "#33414f", "#4a5a66", "#65757d", "#858f90"],
};

const THEMES = {
  light: {
    paper: "#ffffff", ink: "#1c2530", soft: "#5b6675", grid: "#d5dae0", contour: "rgba(28,37,48,0.30)",
    side: "#eef0f2", halo: "rgba(255,255,255,0.88)",
    edge: "#ffffff", rim: "rgba(20,26,34,0.75)", star: "#ffd21f",
  },
  dark: {
    paper: "#10151e", ink: "#eef1f5", soft: "#a3adba", grid: "#2c3644", contour: "rgba(225,232,240,0.24)",
    side: "#1a212c", halo: "rgba(16,21,30,0.86)",
    edge: "#ffffff", rim: "rgba(0,0,0,0.8)", star: "#ffd84d",
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

/**
 * Return the surface's colour at a height from 0 to 1, as [r, g, b], each 0 to 1.
 * @param {string} name
 * @param {number} height
 * @returns {[number, number, number]}
 */
export function ramp(name, height) {
  const stops = name === "dark" ? RAMPS.dark : RAMPS.light;
  const along = Math.min(Math.max(height || 0, 0), 1) * (stops.length - 1);
  const first = Math.min(Math.floor(along), stops.length - 2);
  const low = rgb(stops[first]);
  const high = rgb(stops[first + 1]);
  const part = along - first;
  const [r, g, b] = low.map((value, channel) => value + (high[channel] - value) * part);
  return [r, g, b];
}
