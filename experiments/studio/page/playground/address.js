/** The playground's settings as text, for the page's address. */

/**
 * @typedef {import("../types.d.ts").Preset} Preset
 * @typedef {import("../types.d.ts").Side} Side
 */

/**
 * Return the settings in an address, or null if there are none that can be shown. The server validates the rest.
 * @param {string|null} text
 * @param {import("../types.d.ts").Catalogue} catalogue
 * @returns {Preset|null}
 */
export function readPlay(text, catalogue) {
  try {
    const { title, question, common, sides } = JSON.parse(text ?? "null");
    const known = catalogue.landscapes.some(({ kind }) => kind === common.landscape.kind);
    if (!known || sides.length < 1 || sides.length > 2) return null;
    const [first] = catalogue.questions;
    const [usual] = first.sides;
    const whole = sides.map((/** @type {Side} */ { name, settings, from }) => ({ name: String(name), settings: { ...usual.settings, ...settings }, from: typeof from === "number" ? from : undefined }));
    delete whole[0].from;
    return { title, question, common: { ...first.common, ...common }, sides: whole };
  } catch {
    return null;
  }
}

/**
 * Write settings as text that `readPlay` can read.
 * @param {Preset} preset
 */
export function writePlay({ title, question, common, sides }) {
  return JSON.stringify({ title, question, common, sides });
}
