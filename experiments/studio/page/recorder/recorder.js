/** Records the scene from the beginning to its end as a film: WebM, or MP4 where the browser can. */

import { el, say } from "../base/dom.js";
import { composePicture } from "./compose.js";

/** @type {[string, string][]} media types that browsers record, and endings of their files: those first that take least time */
const TYPES = [["video/mp4;codecs=avc1.640028", "mp4"], ["video/webm;codecs=vp8", "webm"], ["video/webm", "webm"]];
/** Width and height of films, and the width of the page that is drawn onto them. */
const FORMS = { wide: { size: [1920, 1080], page: 1280, name: "1920 × 1080" }, square: { size: [1080, 1080], page: 720, name: "1080 × 1080" } };
const FRAMES_PER_SECOND = 30;
/** A little less than a frame, since frames of the page come when they can. */
const FRAME_MILLISECONDS = 25;
const BITS_PER_SECOND = 8e6;
/** How long the end is shown. */
const HOLD_MILLISECONDS = 2500;
/** Until the page is laid out anew. */
const SETTLE_MILLISECONDS = 400;

export class Recorder {
  #stop = () => {};

  /**
   * @param {HTMLElement} scene
   * @param {import("../player/player.js").Player} player
   * @param {() => string} title what is recorded, for the name of the file
   */
  constructor(scene, player, title) {
    this.scene = scene;
    this.player = player;
    this.title = title;
    this.status = el("span", { class: "soft", role: "status" });
    this.cancel = el("button", { type: "button", class: "stop-recording", hidden: true, text: "Stop recording", onclick: () => this.#stop() });
    const buttons = Object.entries(FORMS).map(([form, { name }]) => el("button", { type: "button", "data-form": form, text: name, onclick: () => this.record(/** @type {keyof typeof FORMS} */ (form)) }));
    this.menu = el("details", { class: "record" }, [
      el("summary", { text: "Record", title: "Record the scene as a film" }),
      el("div", {}, [...buttons, el("span", { class: "soft", text: "It plays once while it is recorded; leave this page open." })]),
    ]);
    this.element = el("div", { class: "recorder", hidden: !findType() }, [this.menu, this.status, this.cancel]);
  }

  /**
   * Play from the beginning, and offer the film for download when it has ended.
   * @param {keyof typeof FORMS} form
   */
  async record(form) {
    const found = findType();
    if (!found || this.scene.dataset.recording) return;
    this.menu.open = false;
    this.player.pause();
    this.player.seek(0);
    this.scene.dataset.recording = form;
    this.cancel.hidden = false;
    say(this.status, "Recording.");
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
    try {
      const blob = await this.#recordOnto(form, found[0]);
      say(this.status, `Recorded: ${(blob.size / 1e6).toFixed(1)} MB.`);
      download(blob, `searchparty-${this.title().replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.${found[1]}`);
    } catch (error) {
      say(this.status, `Nothing was recorded: ${error instanceof Error ? error.message : error}`);
    } finally {
      delete this.scene.dataset.recording;
      delete this.scene.dataset.recorded;
      this.cancel.hidden = true;
    }
  }

  /**
   * @param {keyof typeof FORMS} form
   * @param {string} type
   * @returns {Promise<Blob>}
   */
  #recordOnto(form, type) {
    const { size: [width, height], page } = FORMS[form];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    const media = new MediaRecorder(canvas.captureStream(FRAMES_PER_SECOND), { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
    /** @type {Blob[]} */
    const parts = [];
    media.ondataavailable = ({ data }) => {
      parts.push(data);
      if (data.size) this.scene.dataset.recorded = String(parts.length);
    };
    return new Promise((resolve, reject) => {
      media.onerror = () => reject(new Error("the browser has stopped recording"));
      media.onstop = () => resolve(new Blob(parts, { type }));
      let endsAt = Infinity;
      let stopped = false;
      let last = -Infinity;
      this.#stop = () => (stopped = true);
      const tick = (/** @type {number} */ now) => {
        if (now - last > FRAME_MILLISECONDS) {
          last = now;
          composePicture(context, this.scene, width / page);
        }
        if (!this.player.playing && endsAt === Infinity) endsAt = now + HOLD_MILLISECONDS;
        if (stopped || now >= endsAt) media.stop();
        else requestAnimationFrame(tick);
      };
      media.start(1000);
      this.player.play();
      requestAnimationFrame(tick);
    });
  }
}

/** Return the best media type that this browser records, and the ending of its files; undefined if there is none. */
function findType() {
  if (typeof MediaRecorder === "undefined" || !HTMLCanvasElement.prototype.captureStream) return undefined;
  return TYPES.find(([type]) => MediaRecorder.isTypeSupported(type));
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const href = URL.createObjectURL(blob);
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
