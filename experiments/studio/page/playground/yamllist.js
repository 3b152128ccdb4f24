/** The YAML of the experiments shown, with buttons to copy it. */

import { el, fill, say } from "../base/dom.js";

export class YamlList {
  constructor() {
    this.element = el("div", { class: "yaml" });
  }

  /**
   * @param {string[]} yamls
   * @param {string[]} names
   */
  show(yamls, names) {
    fill(this.element, yamls.map((yaml, i) => {
      const text = el("pre", { tabindex: 0, "aria-label": "The experiment as YAML", text: yaml });
      const details = el("details", {}, [el("summary", { text: `YAML of ${names[i]}` }), text]);
      const note = el("span", { role: "status", class: "soft" });
      const copy = el("button", { type: "button", text: `Copy as YAML${yamls.length > 1 ? `: ${names[i]}` : ""}`, onclick: () => copyText(yaml, note, details) });
      return el("div", { class: "copy" }, [copy, note, details]);
    }));
  }
}

/**
 * @param {string} text
 * @param {HTMLElement} note
 * @param {HTMLDetailsElement} details
 */
async function copyText(text, note, details) {
  try {
    await navigator.clipboard.writeText(text);
    say(note, "Copied. Save it as my.yaml and run: searchparty run my.yaml");
  } catch {
    details.open = true;
    say(note, "This page has no clipboard access: copy the text below.");
  }
}
