/** An agent's marker as a small icon, with the shape and colour of its points. */

import { COLOURS } from "../../drawing/colours.js";
import { svg } from "../../base/dom.js";

const PATHS = [
  "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
  "M3 3h10v10H3z",
  "M8 2l6.5 11h-13z",
  "M8 1l6.5 7L8 15L1.5 8z",
  "M3.5 2L8 6.5L12.5 2L14 3.500L9.500 8L14 12.500L12.500 14L8 9.500L3.500 14L2 12.500L6.500 8L2 3.500z",
  "M6.500 2h3v4.500H14v3H9.500V14h-3V9.500H2v-3h4.500z",
  "M8 14L1.500 3h13z",
  "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12zM8 5a3 3 0 1 1 0 6a3 3 0 1 1 0-6z",
];

/** @param {number} index */
export function swatch(index) {
  const path = svg("path", { d: PATHS[index % PATHS.length], fill: COLOURS[index % COLOURS.length], "fill-rule": "evenodd" });
  return svg("svg", { class: "swatch", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, [path]);
}
