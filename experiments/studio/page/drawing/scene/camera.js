/** The camera of the scene, and the gestures that move it. */
import { FLOOR, TALL } from "./box.js";
import { Matrix4, OrbitControls, PerspectiveCamera, Spherical, Vector3 } from "../../vendor/three.js";

/**
 * The state of the camera: angles in radians; a zoom of 1 shows everything.
 * @typedef {{azimuth: number, polar: number, zoom: number, target: [number, number, number]}} Camera
 */

/** @type {Camera} */
const HOME = { azimuth: -0.55, polar: 0.93, zoom: 1, target: [0, (TALL + FLOOR) / 2, 0] };
const MARGIN = { x: 44, y: 40 }; // px, for the axes' labels
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
    this.camera.aspect = width / height;
    this.fit = distanceToFit(width, height);
    Object.assign(this.controls, { minDistance: this.fit / 12, maxDistance: this.fit * 2.5 });
    this.camera.updateProjectionMatrix();
    this.set(state);
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
 * Return the distance from which the whole box is visible from every side.
 * @param {number} width
 * @param {number} height
 */
function distanceToFit(width, height) {
  const half = Math.tan((VIEW * Math.PI) / 360);
  const across = half * (width / height) * Math.max(1 - (2 * MARGIN.x) / width, 0.5);
  const upwards = half * Math.max(1 - (2 * MARGIN.y) / height, 0.5);
  const [sine, cosine] = [Math.sin(HOME.polar), Math.cos(HOME.polar)];
  const rise = (TALL - FLOOR) / 2;
  let distance = 0;
  for (let turn = 0; turn < 24; turn++) {
    const angle = (turn * Math.PI) / 12;
    const [x, z] = [Math.cos(angle) * Math.SQRT1_2, Math.sin(angle) * Math.SQRT1_2];
    for (const y of [-rise, rise]) {
      const nearer = z * sine + y * cosine;
      distance = Math.max(distance, nearer + Math.abs(x) / across, nearer + Math.abs(y * sine - z * cosine) / upwards);
    }
  }
  return distance;
}
