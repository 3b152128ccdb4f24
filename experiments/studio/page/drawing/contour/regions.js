/** Regions in the contour view: outlines, filled if their lease is out. */
import { fadeColour } from "../colours.js";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
 * @param {import("../../types.d.ts").Region[]} regions
 * @param {import("../../types.d.ts").Marker[]} agents
 * @param {ReturnType<typeof import("../../drawing/colours.js").themeOf>} theme
 */
export function drawRegions(context, frame, regions, agents, theme) {
  for (const { agent, polygon, now } of regions) {
    const colour = agents[agent]?.colour ?? "#888888";
    context.beginPath();
    for (const [u, v] of polygon) context.lineTo(frame.x(u), frame.y(v));
    context.closePath();
    context.fillStyle = fadeColour(colour, 0.13);
    if (now) context.fill();
    if (now) {
      context.strokeStyle = theme.halo;
      context.lineWidth = 4.5;
      context.stroke();
    }
    context.strokeStyle = fadeColour(colour, now ? 1 : 0.4);
    context.lineWidth = now ? 2.2 : 1;
    context.stroke();
  }
}
