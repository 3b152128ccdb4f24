/** The fields of the landscape: its kind, function, dimension and instance. */

import { el, fill } from "../base/dom.js";
import { choice, slider } from "../base/fields.js";

const INSTANCES = 20;

/**
 * Describe how a landscape differs from the summary of its kind.
 * @param {import("../types.d.ts").Settings} landscape
 */
function describeTransform({ shift, rotate }) {
  const moved = [shift ? "shifted" : "", rotate ? "rotated" : ""].filter(Boolean).join(" and ");
  return moved ? `Here it is ${moved}; the hollow star marks its minimum.` : "";
}

export class LandscapeFields {
  /**
   * @param {import("../types.d.ts").Catalogue} catalogue
   * @param {(dragging: boolean) => void} onChange
   */
  constructor(catalogue, onChange) {
    this.catalogue = catalogue;
    /** @type {import("../types.d.ts").Settings} */
    this.landscape = {};
    this.onChange = onChange;
    this.element = el("div", { class: "fields" });
    this.about = el("p", { class: "soft about-landscape" });
  }

  get value() {
    return this.landscape;
  }

  /** Show a landscape's settings, in the server's format. */
  set value(landscape) {
    this.landscape = { ...landscape };
    this.#build();
  }

  get #entry() {
    return this.#entryOf(this.landscape.kind);
  }

  /** @param {string} kind */
  #entryOf(kind) {
    const entry = this.catalogue.landscapes.find((each) => each.kind === kind);
    if (!entry) throw new Error(`There is no landscape of the kind ${kind}.`);
    return entry;
  }

  #build() {
    const { fields, summary } = this.#entry;
    const parts = [this.#kinds()];
    if (fields.function) parts.push(this.#functions());
    if (fields.dimension) parts.push(this.#slider("dimension", "Dimensions", fields.dimension.minimum ?? 2, this.catalogue.limits.dimension[1]));
    if (fields.instance) parts.push(this.#slider("instance", "Instance", 1, INSTANCES, "Each instance has a different shift and rotation."));
    this.about.textContent = [summary, describeTransform(this.landscape)].filter(Boolean).join(" ");
    fill(this.element, [...parts.map((part) => part.element), this.about]);
  }

  #kinds() {
    /** @type {[string, string][]} */
    const options = this.catalogue.landscapes.map(({ kind }) => [kind, kind]);
    return choice({ label: "Landscape", name: "landscape", options, value: this.landscape.kind, onChange: (kind) => this.#changeKind(kind) });
  }

  #functions() {
    /** @type {[string, string][]} */
    const options = this.catalogue.bbob.map((name, i) => [String(i + 1), `f${i + 1} ${name}`]);
    return choice({ label: "Function", name: "function", options, value: String(this.landscape.function), onChange: (f) => this.#set("function", Number(f)) });
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {number} min
   * @param {number} max
   */
  #slider(name, label, min, max, help = "") {
    const value = this.landscape[name] ?? Math.max(min, this.#entry.fields[name].default ?? min);
    /** @param {number} v */
    const onInput = (v) => this.#set(name, v, true);
    return slider({ label, name, min, max, value, help, onInput, onChange: (v) => this.#set(name, v) });
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  #set(name, value, dragging = false) {
    this.landscape = { ...this.landscape, [name]: value };
    this.onChange(dragging);
  }

  /**
   * Change the kind; keep the dimension and the instance if the new kind has them.
   * @param {string} kind
   */
  #changeKind(kind) {
    const before = this.landscape;
    const { fields } = this.#entryOf(kind);
    this.landscape = { kind };
    if (fields.function) this.landscape.function = 15;
    if (fields.dimension) this.landscape.dimension = Math.max(before.dimension ?? 2, fields.dimension.minimum ?? 1);
    if (fields.shift) this.landscape.shift = "random";
    if (fields.rotate) this.landscape.rotate = true;
    if (fields.instance) this.landscape.instance = before.instance ?? 1;
    this.#build();
    this.onChange(false);
  }
}
