/** The edges of the contour view: a frame, ticks and the names of the axes. */
import { sideTicks } from "../numbers.js";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
 * @param {{u?: import("../../types.d.ts").Tick, v?: import("../../types.d.ts").Tick}} axes
 * @param {ReturnType<typeof import("../../drawing/colours.js").themeOf>} theme
 */
export function drawEdges(context, frame, axes, theme) {
  const { left, top, width, height } = frame.window();
  const [u0, v1] = frame.plane(left, top);
  const [u1, v0] = frame.plane(left + width, top + height);
  context.strokeStyle = theme.soft;
  context.lineWidth = 1;
  context.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, Math.round(width) - 1, Math.round(height) - 1);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = theme.soft;
  context.beginPath();
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const { at, text } of sideTicks(axes.u, u0, u1, width / 90)) {
    context.moveTo(frame.x(at), top + height);
    context.lineTo(frame.x(at), top + height + 4);
    context.fillText(text, frame.x(at), top + height + 6);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { at, text } of sideTicks(axes.v, v0, v1, height / 60)) {
    context.moveTo(left, frame.y(at));
    context.lineTo(left - 4, frame.y(at));
    context.fillText(text, left - 7, frame.y(at));
  }
  context.stroke();
  context.fillStyle = theme.ink;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(axes.u?.name ?? "", left + width / 2, top + height + 23);
  context.save();
  context.translate(left - 42, top + height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "top";
  context.fillText(axes.v?.name ?? "", 0, 0);
  context.restore();
}
