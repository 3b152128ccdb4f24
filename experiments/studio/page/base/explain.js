/** The explanation of a word: shown at hover, at focus and at a touch. */

import { el } from "./dom.js";

let count = 0;

/**
 * Return a word with a small button beside it that explains it; without an explanation, the word alone.
 * @param {Node|string} word
 * @param {string} help one or two sentences
 * @param {string} name what the button is about, for those who do not see it
 */
export function explain(word, help, name = String(word instanceof Node ? word.textContent : word)) {
  if (!help) return el("span", {}, [word]);
  const id = `help-${++count}`;
  return el("span", { class: "explain" }, [
    word,
    el("button", { type: "button", "aria-label": `What is ${name}?`, "aria-describedby": id, text: "?" }),
    el("span", { role: "tooltip", id, text: help }),
  ]);
}
