/** What has happened on a stage, in a few words each: the newest as a caption, those before it as a list. */

import { el, fill } from "../../base/dom.js";
import { brief, whole } from "../../base/wording.js";
import { nameEnd } from "../../film/closing.js";
import { swatch } from "./swatch.js";

/** The most events that are listed, and the least weight of one. */
const LISTED = 4;
const WEIGHTY = 0.3;
/** The share of a run for which a caption stays. */
const LASTING = 0.07;
/** Moments less than this share of a run apart are simultaneous. */
const TOGETHER = 0.005;

export class Storyline {
  /** What is shown: it changes with the words. */
  version = "";

  /** @param {(evaluations: number) => void} onSeek */
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.list = el("ol", { class: "story", "aria-label": "What has happened" });
    this.caption = el("p", { class: "say" });
  }

  /**
   * @param {import("../../film/film.js").Film} film
   * @param {import("../../film/story.js").Moment[]} story
   * @param {number} at
   */
  show(film, story, at) {
    const told = story.filter((moment) => moment.weight >= WEIGHTY && moment.at <= at + 1e-9);
    // Of what happens at the same time, the weightiest is said.
    const last = told.at(-1)?.at ?? 0;
    const together = told.filter((moment) => last - moment.at <= TOGETHER * film.evaluations);
    const newest = together.reduce((/** @type {import("../../film/story.js").Moment|undefined} */ best, moment) => (!best || moment.weight >= best.weight ? moment : best), undefined);
    const over = film.done && at >= film.evaluations;
    const fresh = newest && isFresh(film, story, newest, at) ? newest : null;
    const words = over ? nameEnd(film).text : (fresh ? wordsNow(film, fresh, at) : "");
    const version = `${film.header.run} ${told.length} ${words}`;
    if (version === this.version) return;
    this.version = version;
    fill(this.list, told.slice(-LISTED).map((moment) => this.#entry(moment, moment === newest)));
    this.caption.dataset.kind = over ? nameEnd(film).kind : (fresh?.kind ?? "");
    fill(this.caption, words ? [...(over || !fresh ? [] : swatchesOf(fresh)), el("span", { text: words })] : []);
  }

  /**
   * @param {import("../../film/story.js").Moment} moment
   * @param {boolean} isNewest whether it is what the caption tells
   */
  #entry(moment, isNewest) {
    const time = whole(moment.at);
    return el("li", { "data-kind": moment.kind, "data-newest": String(isNewest) }, [
      el("button", { type: "button", title: `Go to evaluation ${time}`, onclick: () => this.onSeek(moment.at) }, [
        el("span", { class: "when-told", text: time }), ...swatchesOf(moment), el("span", { text: moment.text }),
      ]),
    ]);
  }
}

/**
 * Return whether a moment is still news: not long ago, and nothing else has happened since.
 * @param {import("../../film/film.js").Film} film
 * @param {import("../../film/story.js").Moment[]} story
 * @param {import("../../film/story.js").Moment} newest
 * @param {number} at
 */
function isFresh(film, story, newest, at) {
  const length = film.evaluations;
  if (at - newest.at > LASTING * length) return false;
  if (story.some((moment) => moment.at <= at && moment.at > newest.at + TOGETHER * length)) return false;
  return newest.kind !== "record" || film.agent[film.bestAt(film.headAt(at))] === newest.agent;
}

/**
 * Return the words of a moment; of a record, with the best loss of now.
 * @param {import("../../film/film.js").Film} film
 * @param {import("../../film/story.js").Moment} moment
 * @param {number} at
 */
function wordsNow(film, { text, loss }, at) {
  const best = film.bestAt(film.headAt(at));
  return loss === undefined || best < 0 ? text : text.replace(brief(loss), brief(film.loss[best]));
}

/**
 * Return the markers of those who act: of a hand-over the giver, an arrow, and the receivers.
 * @param {import("../../film/story.js").Moment} moment
 * @returns {Node[]}
 */
function swatchesOf({ kind, agent, others }) {
  if (kind === "start" && agent === 0 && others.length === 0) return [];
  return others.length ? [swatch(agent), el("span", { text: "→" }), ...others.slice(0, 3).map(swatch)] : [swatch(agent)];
}
