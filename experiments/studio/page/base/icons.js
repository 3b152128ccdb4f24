/** The icons on buttons. They are drawn as SVG, because not every system has fonts with such symbols. */

import { svg } from "./dom.js";

const PATHS = {
  play: "M4 2.5v11l9-5.500z",
  pause: "M4 2.500h3v11h-3zM9 2.500h3v11h-3z",
  first: "M3 2.500h2v11h-2zM13 2.500v11l-7.500-5.500z",
  last: "M11 2.500h2v11h-2zM3 2.500v11l7.500-5.500z",
  back: "M10.500 2.500v11l-6-5.500z",
  on: "M5.500 2.500v11l6-5.500z",
  "previous-decision": "M8 2.500v11l-6-5.500zM14 2.500v11l-6-5.500z",
  "next-decision": "M2 2.500v11l6-5.500zM8 2.500v11l6-5.500z",
  link: "M6.500 9.500l3-3M7 5l2-2a2.800 2.800 0 0 1 4 4l-2 2M9 11l-2 2a2.800 2.800 0 0 1-4-4l2-2",
};
const STROKED = new Set(["link"]);

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const drawn = STROKED.has(name) ? { fill: "none", stroke: "currentColor", "stroke-width": 1.6 } : { fill: "currentColor" };
  return svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, [svg("path", { d: PATHS[name], ...drawn })]);
}
