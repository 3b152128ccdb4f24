/** The layer of the scene above the points: words, paths, hand-overs and agents, drawn flat over the picture. */
import { FLOOR, heightInBox } from "./box.js";
import { themeOf } from "../colours.js";
import { Labels } from "../overlay/labels.js";
import { drawLegend } from "../overlay/legend.js";
import { drawOverlay } from "../overlay/overlay.js";
import { drawAxes } from "./axes.js";
import { isFramed } from "./parts.js";
import { isUnder } from "./visibility.js";

/** How far the surface's lines are drawn above it. */
const ABOVE = 0.002;

/** @typedef {import("./scene.js").SceneView} SceneView */

/** @param {SceneView} view */
export function paintOver(view) {
  const { agents, axes, box, ground, scale, ticks, overlay, rig } = view;
  const { stack } = view.renderer;
  const theme = themeOf(view.theme);
  const context = stack.clearLayer(1);
  const labels = new Labels(context, theme, [0, 0, stack.width, stack.height], overlay.reserved);
  const eye = rig.camera.position;
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  const project = (x, y, z) => rig.project(x, y, z, stack);
  drawOverlay(context, {
    theme, labels, agents, lowest: scale.loss(0), side: box.side, tilt: Math.cos(rig.state().polar),
    at: (u, v, loss) => view.seeAt(u, v, loss),
    ground: (u, v) => view.see([box.x(u), heightInBox(ground, u, v) + ABOVE, box.z(v)]),
    floor: (u, v) => {
      const [x, z] = [box.x(u), box.z(v)];
      return { ...project(x, FLOOR, z), hidden: isUnder(ground, box, [x, FLOOR, z], eye) };
    },
    frames: (region) => !view.coarse && ground.size > 1 && isFramed(region, box.side),
    arc: (from, to) => bendArc(view, from, to, project),
  }, overlay, view.points, view.listLandings());
  if (!overlay.bare) {
    drawLegend(context, labels, scale, view.theme, theme);
    drawAxes({ box, project, eye, axes, ticks, labels, theme });
  }
  view.noteLabels(labels);
}

/**
 * Return the arc of a hand-over from the giver to the receiver; longer arcs are higher.
 * @param {SceneView} view
 * @param {any} from
 * @param {any} to
 * @param {(x: number, y: number, z: number) => {x: number, y: number}} project
 * @returns {[number, number][]}
 */
function bendArc(view, from, to, project) {
  const ends = [from, to].map(({ u, v, loss }) => view.inBox(u, v, loss));
  const rise = 0.07 + 0.35 * Math.hypot(ends[1][0] - ends[0][0], ends[1][2] - ends[0][2]);
  return Array.from({ length: 41 }, (_, k) => {
    const part = k / 40;
    const [x, y, z] = [0, 1, 2].map((axis) => ends[0][axis] + (ends[1][axis] - ends[0][axis]) * part);
    const place = project(x, y + rise * 4 * part * (1 - part), z);
    return [place.x, place.y];
  });
}
