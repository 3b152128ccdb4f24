/** The camera of the scene, and the gestures that move it. */
import { FLOOR, TALL } from "./box.js";
import { Matrix4, OrbitControls, PerspectiveCamera, Spherical, Vector3 } from "../../vendor/three.js";

/**
 * The state of the camera: angles in radians; a zoom of 1 shows everything.
 * @typedef {{azimuth: number, polar: number, zoom: number, target: [number, number, number]}} Camera
 */

/** @type {Camera} */
const HOME = { azimuth: -0.5, polar: 0.9, zoom: 1, target: [0, -0.04, 0] };
/** How steeply the view looks down from nearby: into the valleys. */
const STEEP = 0.6;
const MARGIN = { x: 14, y: 16 }; // px
const TURN = Math.PI / 24;
const VIEW = 24; // vertical field of view, in degrees

export class SceneCamera {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange
   */
  constructor(canvas, onChange) {
    this.camera = new PerspectiveCamera(VIEW, 1, 0.05, 30);
    this.controls = new OrbitControls(this.camera, canvas);
    Object.assign(this.controls, { minPolarAngle: 0.05, maxPolarAngle: 1.5, zoomToCursor: false, zoomSpeed: 1.4 });
    this.fit = 3;
    /** The parts of the host above and below that something else covers, in px. */
    this.insets = { top: 0, bottom: 0 };
    this.onChange = onChange;
    this.set(HOME);
    this.controls.addEventListener("change", onChange);
  }

  /** Return the state: {azimuth, polar: radians, zoom: 1 shows everything, target: [x, y, z]} */
  state() {
    const { theta, phi, radius } = this.#spherical();
    return { azimuth: theta, polar: phi, zoom: this.fit / radius, target: this.controls.target.toArray() };
  }

  /** @param {Camera} state */
  set({ azimuth, polar, zoom, target }) {
    this.controls.target.fromArray(target ?? HOME.target);
    const offset = new Vector3().setFromSpherical(new Spherical(this.fit / (zoom || 1), polar, azimuth));
    this.camera.position.copy(this.controls.target).add(offset);
    this.controls.update();
    this.camera.updateMatrixWorld();
    this.onChange();
  }

  /**
   * Adapt to a host of another size, so that everything that was visible stays visible.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    const state = this.state();
    const { top, bottom } = this.insets;
    this.camera.aspect = width / height;
    // What is shown is moved into the middle of what is not covered.
    this.camera.setViewOffset(width, height, 0, (bottom - top) / 2, width, height);
    this.fit = distanceToFit(width, height, height - top - bottom);
    Object.assign(this.controls, { minDistance: this.fit / 12, maxDistance: this.fit * 2.5 });
    this.camera.updateProjectionMatrix();
    this.set(state);
  }

  /**
   * Look at a place, from nearby more from above; `zoom` is 1 to show everything.
   * @param {[number, number, number]} place
   * @param {number} zoom
   */
  lookAt(place, zoom) {
    const { azimuth } = this.state();
    // From afar the middle of everything is looked at, with the floor; from nearby the place on the surface.
    const near = Math.min(1, Math.max(0, (zoom - 1) / 0.8));
    const middle = HOME.target;
    const target = /** @type {[number, number, number]} */ (place.map((value, k) => middle[k] + near * (value - middle[k])));
    const polar = HOME.polar + Math.min(1, Math.max(0, (zoom - 1) / 2)) * (STEEP - HOME.polar);
    this.set({ azimuth, polar, zoom, target });
  }

  /**
   * Rotate by the arrow keys, zoom by + and -, and reset by 0. Return whether the key has a meaning here.
   * @param {string} key
   */
  key(key) {
    const state = this.state();
    if (key === "ArrowLeft") state.azimuth -= TURN;
    else if (key === "ArrowRight") state.azimuth += TURN;
    else if (key === "ArrowUp") state.polar = Math.max(0.05, state.polar - TURN);
    else if (key === "ArrowDown") state.polar = Math.min(1.5, state.polar + TURN);
    else if (key === "+" || key === "=") state.zoom *= 1.15;
    else if (key === "-") state.zoom /= 1.15;
    else if (key === "0") Object.assign(state, HOME);
    else return false;
    this.set(state);
    return true;
  }

  /**
   * Project a place in the scene to {x, y} in CSS pixels of a host of {width, height}.
   * @param {number} x
   * @param {number} y
   * @param {number} z
   * @param {import("../../types.d.ts").Size} host
   */
  project(x, y, z, { width, height }) {
    const place = new Vector3(x, y, z).project(this.camera);
    return { x: ((place.x + 1) / 2) * width, y: ((1 - place.y) / 2) * height };
  }

  /**
   * Return a function (x, y, z, screen) that does the same as `project` for many places; it writes screen.x and screen.y.
   * @param {import("../../types.d.ts").Size} host
   */
  projector({ width, height }) {
    const m = new Matrix4().multiplyMatrices(this.camera.projectionMatrix, this.camera.matrixWorldInverse).elements;
    return (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z, /** @type {import("../../types.d.ts").Screen} */ screen) => {
      const w = m[3] * x + m[7] * y + m[11] * z + m[15];
      screen.x = ((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) * 0.5 * width;
      screen.y = (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * 0.5 * height;
    };
  }

  /**
   * Return the line of sight through {x, y} as two places of the scene, [x, y, z] each.
   * @param {import("../../types.d.ts").Screen} place
   * @param {import("../../types.d.ts").Size} host
   */
  ray({ x, y }, { width, height }) {
    const away = new Vector3((x / width) * 2 - 1, 1 - (y / height) * 2, 0.5).unproject(this.camera);
    const direction = away.sub(this.camera.position).normalize();
    const near = this.camera.position;
    // Only the part between the highest and the lowest place of the scene is needed.
    /** @param {number} height */
    const reach = (height) => (height - near.y) / direction.y;
    const [from, to] = direction.y < 0 ? [Math.max(reach(TALL * 1.05), 0), reach(FLOOR)] : [0, 4];
    return [from, to].map((length) => near.clone().addScaledVector(direction, length).toArray());
  }

  dispose() {
    this.controls.removeEventListener("change", this.onChange);
    this.controls.dispose();
  }

  #spherical() {
    return new Spherical().setFromVector3(this.camera.position.clone().sub(this.controls.target));
  }
}

/**
 * Return the distance from which everything is visible, from the side that is shown first.
 * @param {number} width
 * @param {number} height
 * @param {number} free the height that nothing covers
 */
function distanceToFit(width, height, free) {
  const half = Math.tan((VIEW * Math.PI) / 360);
  const across = half * (width / height) * Math.max(1 - (2 * MARGIN.x) / width, 0.5);
  const upwards = half * Math.max((free - 2 * MARGIN.y) / height, 0.3);
  const [sine, cosine] = [Math.sin(HOME.polar), Math.cos(HOME.polar)];
  const middle = HOME.target[1];
  let distance = 0;
  for (const [cx, cz] of [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]) {
    const x = cx * Math.cos(HOME.azimuth) - cz * Math.sin(HOME.azimuth);
    const z = cx * Math.sin(HOME.azimuth) + cz * Math.cos(HOME.azimuth);
    for (const y of [0.7 * FLOOR - middle, TALL * 0.6 - middle]) {
      const nearer = z * sine + y * cosine;
      distance = Math.max(distance, nearer + Math.abs(x) / across, nearer + Math.abs(y * sine - z * cosine) / upwards);
    }
  }
  return distance;
}
