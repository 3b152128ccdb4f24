/**
 * Form fields: sliders, lists and checkboxes. Each has an `element` and a `value`, and calls `onChange` when the user has
 * changed the value; a slider also calls `onInput` while it moves.
 */

import { el, say } from "./dom.js";
import { explain } from "./explain.js";

let count = 0;

/**
 * A slider's value; null if one of its steps means "none".
 * @typedef {number|null} Value
 */

/**
 * Create a slider that shows its value as text. `steps` lists the possible values if they are not evenly spaced.
 * @template {Value} V
 * @param {{label: string, name: string, min?: number, max?: number, step?: number, steps?: V[]|null, value: V,
 *   words?: (value: any) => string, help?: string, onInput: (value: V) => void, onChange: (value: V) => void}} given
 */
export function slider({ label, name, min, max, step = 1, steps = null, value, words = String, help = "", onInput, onChange }) {
  const id = `field-${++count}`;
  /** @param {V} v */
  const at = (v) => (steps ? nearest(steps, v) : v);
  const input = el("input", { type: "range", id, name, min: steps ? 0 : min, max: steps ? steps.length - 1 : max, step: steps ? 1 : step, value: at(value) });
  const output = el("output", { for: id });
  /** @returns {any} */
  const read = () => (steps ? steps[Number(input.value)] : Number(input.value));
  const draw = () => {
    say(output, words(read()));
    input.setAttribute("aria-valuetext", words(read()));
  };
  input.addEventListener("input", () => {
    draw();
    onInput(read());
  });
  input.addEventListener("change", () => onChange(read()));
  draw();
  const element = el("div", { class: "field" }, [explain(el("label", { for: id, text: label }), help), output, input]);
  return {
    element,
    get value() {
      return read();
    },
    set value(v) {
      input.value = String(at(v));
      draw();
    },
    /**
     * @param {number} low
     * @param {number} high
     */
    setRange(low, high) {
      input.min = String(low);
      input.max = String(high);
      draw();
    },
  };
}

/**
 * Create a list from which one option is chosen. `options` are [value, text].
 * @param {{label: string, name: string, options: [string, string][], value: string, help?: string,
 *   onChange: (value: string) => void}} given
 */
export function choice({ label, name, options, value, help = "", onChange }) {
  const id = `field-${++count}`;
  const select = el("select", { id, name }, options.map(([v, text]) => el("option", { value: v, text })));
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
  const element = el("div", { class: "field" }, [explain(el("label", { for: id, text: label }), help), select]);
  return {
    element,
    get value() {
      return select.value;
    },
    set value(v) {
      select.value = v;
    },
  };
}

/**
 * Create checkboxes of which at least one is always checked. `options` are [value, text, help].
 * @param {{label: string, name: string, options: [string, string, string][], value: string[],
 *   onChange: (values: string[]) => void}} given
 */
export function choices({ label, name, options, value, onChange }) {
  const boxes = options.map(([v, text, help]) => {
    const input = el("input", { type: "checkbox", name, value: v });
    input.checked = value.includes(v);
    input.addEventListener("change", () => {
      // A team needs at least one agent, so the last box stays checked.
      if (!boxes.some(({ input: each }) => each.checked)) input.checked = true;
      onChange(read());
    });
    return { input, element: el("label", { class: "chip", title: help }, [input, el("span", { text })]) };
  });
  const read = () => boxes.filter(({ input }) => input.checked).map(({ input }) => input.value);
  const element = el("fieldset", { class: "field chips" }, [el("legend", { text: label }), ...boxes.map((box) => box.element)]);
  return {
    element,
    get value() {
      return read();
    },
    set value(list) {
      for (const { input } of boxes) input.checked = list.includes(input.value);
    },
  };
}

/**
 * @param {Value[]} steps
 * @param {Value} value
 */
function nearest(steps, value) {
  let best = 0;
  steps.forEach((step, i) => {
    if (Math.abs(Number(step) - Number(value)) < Math.abs(Number(steps[best]) - Number(value))) best = i;
  });
  return best;
}
