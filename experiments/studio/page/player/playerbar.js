/** The controls of a player: play, step, scrub and speed, and their keys. */

import { el, fill, say } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { whole } from "../base/wording.js";

const NOTE_MILLISECONDS = 2500;
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8];

export class PlayerBar {
  /**
   * @param {HTMLElement} host
   * @param {import("./player.js").Player} player
   * @param {{decisions: () => number[], describe: () => string, link: () => string, strip: HTMLElement, more: HTMLElement[]}} given
   *   functions that return the moments of decisions (in evaluations), a description of the moment shown, and its address;
   *   the curve over the slider, and what else stands in the bar
   */
  constructor(host, player, given) {
    this.player = player;
    this.given = given;
    this.toggle = button("Play", icon("play"), "play", () => player.toggle());
    this.scrub = el("input", { type: "range", class: "scrub", min: 0, max: 1, value: 0, step: 1, "aria-label": "Evaluations spent" });
    // Read the value before the player pauses, because pausing draws the slider at its old place.
    this.scrub.addEventListener("input", () => this.#go(Number(this.scrub.value)));
    // Screen readers do not announce this while it plays; the slider announces its value when it is moved.
    this.readout = el("output", { class: "readout", "aria-live": "off" });
    this.note = el("span", { class: "soft", role: "status" });
    this.live = el("button", { type: "button", class: "live", hidden: true, text: "Live", "aria-pressed": "false", onclick: () => player.follow() });
    const speed = el("select", { "aria-label": "Speed", class: "speed" }, SPEEDS.map((s) => el("option", { value: s, text: `${s}×` })));
    speed.value = String(player.speed);
    speed.addEventListener("change", () => player.setSpeed(Number(speed.value)));
    this.speed = speed;
    this.copy = button("Copy a link to this frame", icon("link"), "link", () => this.#copyLink());
    this.marks = el("div", { class: "marks", role: "group", "aria-label": "Moments that matter" });
    host.append(
      el("div", { class: "transport" }, [
        el("div", { class: "buttons", role: "group", "aria-label": "Replay" }, [
          button("To the beginning", icon("first"), "first", () => this.#go(0)),
          button("Previous decision", icon("previous-decision"), "previous-decision", () => this.#decision(-1)),
          button("One evaluation back", icon("back"), "back", () => this.#step(-1)),
          this.toggle,
          button("One evaluation forward", icon("on"), "on", () => this.#step(1)),
          button("Next decision", icon("next-decision"), "next-decision", () => this.#decision(1)),
          button("To the end", icon("last"), "last", () => this.#go(player.length)),
        ]),
        el("div", { class: "buttons" }, [this.readout, this.live, speed, this.copy, this.note]),
      ]),
      el("div", { class: "timeline" }, [given.strip, el("div", { class: "track-line" }, [this.marks, this.scrub])]),
      ...given.more,
    );
    player.addEventListener("change", () => this.#draw());
    document.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  /**
   * Mark moments over the slider; each is a button that leads there.
   * @param {{at: number, text: string, colour: string, kind: string}[]} moments
   * @param {number} length of the run in evaluations
   */
  setMarks(moments, length) {
    fill(this.marks, moments.map(({ at, text, colour, kind }) => {
      const mark = el("button", { type: "button", class: "mark", "data-kind": kind, title: text, "aria-label": `Evaluation ${whole(at)}: ${text}`, onclick: () => this.#go(at) });
      mark.style.left = `${((100 * at) / (length || 1)).toFixed(2)}%`;
      mark.style.setProperty("--mark", colour);
      return mark;
    }));
  }

  /** @param {number} at */
  #go(at) {
    this.player.pause();
    this.player.seek(at);
  }

  /** @param {number} by */
  #step(by) {
    this.#go(Math.round(this.player.at) + by);
  }

  /** @param {number} direction */
  #decision(direction) {
    const { at } = this.player;
    const moments = this.given.decisions();
    const next = direction > 0 ? moments.find((m) => m > at + 1e-9) : moments.findLast((m) => m < at - 1e-9);
    this.#go(next ?? (direction > 0 ? this.player.length : 0));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // In a report, the page is inside a shadow tree, and the event's target is only its host.
    const [inner] = event.composedPath();
    const target = inner instanceof Element ? inner : null;
    const typing = target?.closest("input:not([type=range]), select, textarea, [data-keys]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.scrub.offsetParent === null) return;
    // Sliders use Home and End themselves.
    const onSlider = target?.matches("input") && target !== this.scrub;
    const onButton = target?.closest("button, summary, a, [role=tab]");
    // Other sliders and elements that scroll use these keys themselves.
    if (["Home", "End"].includes(event.key) && target !== this.scrub && target?.closest("input, pre, .entries")) return;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      " ": () => !onButton && this.player.toggle(),
      ",": () => this.#step(-1),
      ".": () => this.#step(1),
      "[": () => this.#decision(-1),
      "]": () => this.#decision(1),
      Home: () => this.#go(0),
      End: () => this.#go(this.player.length),
    };
    if (!keys[event.key] || (event.key === " " && onButton) || (onSlider && ["Home", "End"].includes(event.key))) return;
    event.preventDefault();
    keys[event.key]();
  }

  async #copyLink() {
    const address = this.given.link();
    try {
      await navigator.clipboard.writeText(address);
      this.#note("Copied");
    } catch {
      // Without a secure origin or permission there is no clipboard: put the link into the address bar.
      history.replaceState(null, "", address);
      this.#note("In the address bar");
    }
  }

  /** @param {string} text */
  #note(text) {
    say(this.note, text);
    setTimeout(() => say(this.note, ""), NOTE_MILLISECONDS);
  }

  #draw() {
    const { at, length, playing, following } = this.player;
    this.scrub.max = String(Math.max(1, length));
    this.scrub.value = String(Math.round(at));
    if (!playing) this.scrub.setAttribute("aria-valuetext", this.given.describe());
    say(this.readout, `${whole(at)} / ${whole(length)}`);
    if (this.toggle.dataset.playing !== String(playing)) {
      this.toggle.dataset.playing = String(playing);
      fill(this.toggle, [icon(playing ? "pause" : "play")]);
    }
    this.toggle.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.toggle.title = playing ? "Pause (space)" : "Play (space)";
    this.live.setAttribute("aria-pressed", String(following));
    this.speed.value = String(this.player.speed);
  }
}

/**
 * @param {string} label
 * @param {Element} picture
 * @param {string} name
 * @param {() => void} onclick
 */
function button(label, picture, name, onclick) {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, "data-do": name, onclick }, [picture]);
}
