/** The setting of a point of a film, in words. */

import { number } from "../base/wording.js";

/**
 * Return the values of a point by the names of the parameters; "" if they have no names.
 * @param {import("./film.js").Film} film
 * @param {number} index
 */
export function nameSetting(film, index) {
  const axes = film.header.axes ?? [];
  return axes.map((axis, k) => `${axis.name} ${valueOf(axis, film.settings[k][index])}`).join(", ");
}

/**
 * @param {import("../types.d.ts").Axis} axis
 * @param {number} value the number on the axis
 */
function valueOf({ integer, choices }, value) {
  if (choices) return String(choices[value]);
  return integer ? String(Math.round(value)) : number(value);
}
