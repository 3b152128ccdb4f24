/** Where the scene is seen from, and the gestures that change it. */
import { FLOOR, TALL } from "./box.js";
import { Matrix4, OrbitControls, PerspectiveCamera, Spherical, Vector3 } from "../../vendor/three.js";

/**
 * What is seen of the scene: angles in radians; a zoom of 1 fits all.
 * @typedef {{azimuth: number, polar: number, zoom: number, target: [number, number, number]}} Camera
 */

/** @type {Camera} */
const HOME = { azimuth: -0.55, polar: 0.93, zoom: 1, target: [0, (TALL + FLOOR) / 2, 0] };
const MARGIN = { x: 44, y: 40 }; // px, for the axes' labels
const TURN = Math.PI / 24;
const VIEW = 24; // degrees, upwards

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

  /** {azimuth, polar: radians, zoom: 1 fits all, target: [x, y, z]} */
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
   * A host of another shape: everything that was seen stays seen.
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
   * Turn by an arrow, zoom by + and -, and back by 0; true if the key meant something.
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
   * A place in the scene as {x, y} in CSS pixels of a host of {width, height}.
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
   * As `project`, for many places: a function (x, y, z, screen) that writes screen.x and screen.y.
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
   * The line of sight through {x, y}: two places of the scene, [x, y, z] each.
   * @param {import("../../types.d.ts").Screen} place
   * @param {import("../../types.d.ts").Size} host
   */
  ray({ x, y }, { width, height }) {
    const away = new Vector3((x / width) * 2 - 1, 1 - (y / height) * 2, 0.5).unproject(this.camera);
    const direction = away.sub(this.camera.position).normalize();
    const near = this.camera.position;
    // The part of it between the highest and the lowest that anything stands.
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
 * The distance from which the whole box is seen, from whatever side.
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
