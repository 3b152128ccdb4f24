/** The canvases of the scene: WebGL below, labels and markers above. */
import { Stack } from "../stack.js";
import { ColorManagement, LinearSRGBColorSpace, WebGLRenderer } from "../../vendor/three.js";

/** Pixels per CSS pixel of a still picture that a processor draws. */
const SMOOTH = 1.6;

// Colours are given as they should appear, without conversion.
ColorManagement.enabled = false;

export class SceneRenderer {
  /**
   * @throws Error if there is no WebGL 2
   * @param {HTMLElement} host
   * @param {() => void} onResize
   * @param {() => void} onRestored
   */
  constructor(host, onResize, onRestored) {
    this.stack = new Stack(host, 2, onResize);
    this.canvas = this.stack.canvases[0];
    const slow = isDrawnByProcessor();
    try {
      this.gl = new WebGLRenderer({ canvas: this.canvas, alpha: false, antialias: !slow, powerPreference: "high-performance" });
    } catch (error) {
      this.stack.dispose();
      throw new Error("This browser cannot draw in three dimensions: WebGL 2 is disabled or missing.", { cause: error });
    }
    this.slow = slow;
    this.wide = this.high = 0;
    this.paper = "";
    this.gl.outputColorSpace = LinearSRGBColorSpace;
    this.onRestored = () => onRestored();
    this.canvas.addEventListener("webglcontextrestored", this.onRestored);
  }

  /**
   * Return the pixels per CSS pixel for the next frame: fewer if frames are late, more for a still picture.
   * @param {boolean} full
   * @param {import("../pace.js").Pace} pace
   */
  ratio(full, pace) {
    // Without hardware antialiasing, a still picture is smoothed by drawing it at a higher resolution.
    if (full) return this.slow ? SMOOTH : this.stack.ratio;
    return (this.slow ? 1 : this.stack.ratio) * pace.scale;
  }

  /**
   * @param {import("../../vendor/three.js").Scene} scene
   * @param {import("../../vendor/three.js").PerspectiveCamera} camera
   * @param {string} paper
   * @param {number} ratio
   */
  render(scene, camera, paper, ratio) {
    const { width, height } = this.stack;
    if (this.gl.getPixelRatio() !== ratio || this.wide !== width || this.high !== height) {
      this.gl.setPixelRatio(ratio);
      this.gl.setSize(width, height, false);
      [this.wide, this.high] = [width, height];
    }
    if (this.paper !== paper) this.gl.setClearColor(paper);
    this.paper = paper;
    this.gl.render(scene, camera);
  }

  dispose() {
    this.canvas.removeEventListener("webglcontextrestored", this.onRestored);
    this.gl.dispose();
    // Browsers allow few contexts: release this one now, not when it is garbage-collected.
    this.gl.forceContextLoss();
    this.stack.dispose();
  }
}

/** @type {boolean|undefined} */
let processor;

/** Return whether WebGL is emulated in software, where antialiasing costs more than it gains. */
function isDrawnByProcessor() {
  if (processor !== undefined) return processor;
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = gl ? String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  processor = /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
  return processor;
}
