/** The points of the scene: one object per level of thinning, and one for the newest, which fall onto the surface. */
import { FLOOR, TALL } from "./box.js";
import { nearness } from "../ground.js";
import { sprites } from "../markers.js";
import { firstDifference, levelOf, LEVELS, Thinning } from "../thinning.js";
import {
  BufferAttribute, BufferGeometry, CanvasTexture, DynamicDrawUsage, LinearFilter, Points, ShaderMaterial,
} from "../../vendor/three.js";

const ACROSS = 16; // agents per row of the sprites
/** The most points that have shadows on the floor. */
const MOST_SHADOWS = 6000;
const SIDE = 32; // px per side of a sprite

const VERTEX = `
  attribute vec4 look; // agent, fade (0 to 255), 1 if below the surface + 2 if failed, height of its fall (0 to 255)
  uniform float head, falling, size, memory, flat_at, flat_part;
  varying vec2 corner;
  varying float opacity;
  void main() {
    float since = head - float(gl_VertexID);
    float age = clamp(since / max(falling, 0.001), 0.0, 1.0);
    float fall = falling > 0.0 ? (1.0 - age * age) * (1.0 - flat_part) : 0.0;
    float old = smoothstep(0.1 * memory, memory, since);
    vec3 place = vec3(position.x, mix(position.y + 0.004 + 0.2 * fall * look.w / 255.0, flat_at, flat_part), position.z);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(place, 1.0);
    float failed = step(1.5, look.z), below = mod(look.z, 2.0) * (1.0 - flat_part);
    // A point below the surface would be hidden by it: it is drawn through it, faint.
    gl_Position.z = below > 0.5 ? -0.99 * gl_Position.w : gl_Position.z - 0.004 * gl_Position.w;
    corner = vec2(mod(look.x, ${ACROSS}.0), floor(look.x / ${ACROSS}.0));
    float there = min(1.0, 4.0 * age + step(falling, 0.0));
    opacity = there * (look.y / 255.0) * mix(1.0, 0.55, below) * mix(1.0, 0.35, failed) * mix(1.0, 0.5, old) * mix(1.0, 0.45, flat_part);
    gl_PointSize = size * (0.72 + 0.28 * look.y / 255.0) * mix(1.2, 0.78, old) * mix(1.0, 0.6, flat_part) * (1.0 + 0.5 * fall);
  }`;
const FRAGMENT = `
  uniform sampler2D sprites;
  varying vec2 corner;
  varying float opacity;
  void main() {
    vec4 texel = texture2D(sprites, (corner + gl_PointCoord) / ${ACROSS}.0);
    if (texel.a * opacity < 0.04) discard;
    gl_FragColor = vec4(texel.rgb, texel.a * opacity);
  }`;

export class ScenePoints {
  /** @param {import("../../vendor/three.js").Scene} scene */
  constructor(scene) {
    this.scene = scene;
    this.thinning = new Thinning();
    /** @type {import("../../types.d.ts").Points} */
    this.points = { count: 0, u: [], v: [], loss: [], distance: [], agent: [], kept: [] };
    this.capacity = 0;
    this.edged = false;
    // State of the last frame: the levels of thinning drawn, and the index from which on all points were drawn.
    this.levels = 0;
    this.landed = 0;
    this.position = new BufferAttribute(new Float32Array(0), 3);
    this.look = new BufferAttribute(new Uint8Array(0), 4);
    this.material = new ShaderMaterial({
      vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
      uniforms: {
        head: { value: 0 }, falling: { value: 0 }, size: { value: 8 }, memory: { value: 100 }, sprites: { value: null },
        flat_at: { value: FLOOR + 0.002 }, flat_part: { value: 0 },
      },
    });
    // The shadows of points on the floor: the same points, drawn flat.
    this.shadowMaterial = this.material.clone();
    this.shadowMaterial.uniforms = { ...this.material.uniforms, flat_part: { value: 1 } };
    this.layers = this.#makeLayers(this.material, 3);
    this.shadows = this.#makeLayers(this.shadowMaterial, 1);
  }

  /**
   * Set the points. Only those that differ from before are copied, or all if `afresh` is set.
   * @param {import("../../types.d.ts").Points} points
   * @param {import("../../drawing/ground.js").Ground} ground
   * @param {import("../../drawing/scene/box.js").Box} box
   * @param {import("../../types.d.ts").Scale} scale
   * @param {boolean} afresh
   */
  set(points, ground, box, scale, afresh) {
    const from = afresh ? 0 : firstDifference(this.points, points);
    this.points = { ...points };
    const grown = points.count > this.capacity;
    if (grown) this.#grow(Math.max(1024, points.count * 1.5));
    this.#fill(grown ? 0 : from, ground, box, scale);
    this.thinning.update(from, points.count, points.kept);
    for (let level = 0; level < LEVELS; level++) this.#index(level, grown ? 0 : from);
  }

  /**
   * @param {import("../../types.d.ts").Marker[]} agents
   * @param {ReturnType<typeof import("../../drawing/colours.js").themeOf>} theme
   * @param {boolean} edged
   */
  setAgents(agents, theme, edged) {
    this.edged = edged;
    this.material.uniforms.sprites.value?.dispose();
    const texture = new CanvasTexture(sprites(agents, SIDE, ACROSS, theme, edged));
    texture.flipY = false;
    texture.generateMipmaps = false;
    texture.minFilter = texture.magFilter = LinearFilter;
    this.material.uniforms.sprites.value = texture;
  }

  /**
   * Prepare the points before `head` for drawing. The newest `falling` ones are falling, and at most about `budget`
   * points are drawn in total. `size` is the size of a point in device pixels, and `memory` is how many points ago a point
   * is old.
   * @param {number} head
   * @param {number} falling
   * @param {number} budget
   * @param {number} size
   * @param {number} memory
   * @returns {number} the number of points that will be drawn
   */
  show(head, falling, budget, size, memory) {
    const { uniforms } = this.material;
    uniforms.head.value = head;
    uniforms.falling.value = falling;
    uniforms.size.value = size;
    uniforms.memory.value = memory;
    const end = Math.min(Math.ceil(head), this.points.count);
    const landed = Math.max(0, Math.min(Math.ceil(head - falling), end));
    const counts = this.thinning.before(landed);
    const levels = Thinning.levelsWithin(counts, budget - (end - landed));
    let drawn = end - landed;
    for (let level = 0; level < LEVELS; level++) {
      const count = level < levels ? counts[level] : 0;
      this.layers[level].visible = count > 0;
      this.layers[level].geometry.setDrawRange(0, count);
      drawn += count;
    }
    this.layers[LEVELS].visible = end > landed;
    this.layers[LEVELS].geometry.setDrawRange(landed, end - landed);
    this.layers.forEach((layer, k) => { this.shadows[k].visible = layer.visible && this.points.count <= MOST_SHADOWS; });
    [this.levels, this.landed] = [levels, landed];
    return drawn;
  }

  /**
   * Return whether the point at `index` was drawn in the last frame, whether or not it was within the view.
   * @param {number} index
   */
  shows(index) {
    return index >= this.landed || this.points.kept[index] > 0 || levelOf(index) < this.levels;
  }

  dispose() {
    for (const layer of this.layers) layer.geometry.dispose();
    this.material.uniforms.sprites.value?.dispose();
    this.material.dispose();
    this.shadowMaterial.dispose();
  }

  /**
   * @param {ShaderMaterial} material
   * @param {number} order
   */
  #makeLayers(material, order) {
    return Array.from({ length: LEVELS + 1 }, () => {
      const layer = new Points(new BufferGeometry(), material);
      layer.frustumCulled = false;
      layer.renderOrder = order;
      this.scene.add(layer);
      return layer;
    });
  }

  /** @param {number} capacity */
  #grow(capacity) {
    this.capacity = Math.floor(capacity);
    const position = new BufferAttribute(new Float32Array(this.capacity * 3), 3).setUsage(DynamicDrawUsage);
    const look = new BufferAttribute(new Uint8Array(this.capacity * 4), 4).setUsage(DynamicDrawUsage);
    for (const layer of this.layers) {
      layer.geometry.dispose();
      layer.geometry = new BufferGeometry();
      layer.geometry.setAttribute("position", position);
      layer.geometry.setAttribute("look", look);
    }
    this.layers.forEach((layer, k) => { this.shadows[k].geometry = layer.geometry; });
    [this.position, this.look] = [position, look];
  }

  /**
   * @param {number} from
   * @param {import("../../drawing/ground.js").Ground} ground
   * @param {import("../../drawing/scene/box.js").Box} box
   * @param {import("../../types.d.ts").Scale} scale
   */
  #fill(from, ground, box, scale) {
    const { count, u, v, loss, distance, agent, reach } = this.points;
    if (from >= count) return;
    for (let k = from; k < count; k++) {
      const height = scale.height(loss[k]);
      const far = distance[k] || 0;
      this.position.array.set([box.x(u[k]), height * TALL, box.z(v[k])], 3 * k);
      const below = far > 0 && height < ground.height(u[k], v[k]) - 0.015;
      const failed = Number.isFinite(loss[k]) ? 0 : 2;
      // Points fall from no higher than their region is wide: otherwise they would stand over it as a column.
      const fall = Math.min(1, 0.04 + 2 * (reach?.[k] ?? 0.5));
      this.look.array.set([agent[k], Math.round(255 * nearness(far)), (below ? 1 : 0) + failed, Math.round(255 * fall)], 4 * k);
    }
    for (const attribute of [this.position, this.look]) {
      attribute.addUpdateRange(from * attribute.itemSize, (count - from) * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }

  /**
   * @param {number} level
   * @param {number} from
   */
  #index(level, from) {
    const { geometry } = this.layers[level];
    const list = this.thinning.lists[level];
    if (geometry.index?.array !== list) {
      // A list that has grown is a new array and needs a new attribute, whose buffer replaces the old one.
      const attribute = new BufferAttribute(list, 1).setUsage(DynamicDrawUsage);
      geometry.setIndex(attribute);
      return;
    }
    const kept = from ? this.thinning.before(from)[level] : 0;
    geometry.index.addUpdateRange(kept, this.thinning.lengths[level] - kept);
    geometry.index.needsUpdate = true;
  }
}
