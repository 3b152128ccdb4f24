/** Starts code that is packed in the page when it is needed: the replay, most of which is a 3D library. */

import { unpackText } from "./island.js";

const IMPORTED = /"(searchparty\/[\w./-]+\.js)"/g;

/**
 * Start packed modules as soon as an element comes near the view. The last of them starts the others.
 * @param {Element} host
 * @param {string} id the id of the element that holds [[name, code], ...], each module after those that it imports
 */
export function startWhenSeen(host, id) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    start(id);
  }, { rootMargin: "300px" }).observe(host);
}

/** @param {string} id */
async function start(id) {
  /** @type {[string, string][]} */
  const modules = JSON.parse(await unpackText(id));
  /** @type {Record<string, string>} */
  const places = {};
  let last = "";
  for (const [name, code] of modules) {
    const placed = code.replace(IMPORTED, (_, known) => `"${places[known]}"`);
    last = places[name] = URL.createObjectURL(new Blob([placed], { type: "text/javascript" }));
  }
  await import(last);
}
