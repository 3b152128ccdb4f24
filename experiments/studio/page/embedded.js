/** The replay within a report: the films are embedded in the HTML file, and no server is needed. */

import { linkTo, lookIn, momentIn, readAddress, writeAddress } from "./base/address.js";
import { byId, el, fill } from "./base/dom.js";
import { Film } from "./film/film.js";
import { Replay } from "./player/replay.js";
import { Theme } from "./base/theme.js";

const ADDRESS_MILLISECONDS = 400;

const host = byId("replay");
const { cards, style } = JSON.parse(byId("replay-given").textContent ?? "");
/** @type {HTMLElement[]} */
const texts = [...document.querySelectorAll("script[data-film]")].filter((element) => element instanceof HTMLElement);
const root = host.attachShadow({ mode: "open" });
const theme = new Theme(host);
/** @type {Map<string, Film>} */
const films = new Map();
/** @type {ReturnType<typeof setTimeout>|0} */
let timer = 0;

/**
 * @param {string} id
 * @param {string} text
 * @param {HTMLElement} select
 */
const field = (id, text, select) => el("div", { class: "field" }, [el("label", { for: id, text }), select]);
const options = () => texts.map((text) => el("option", { value: text.dataset.film, text: text.dataset.title }));
const run = el("select", { id: "run" }, options());
const beside = el("select", { id: "beside" }, [el("option", { value: "", text: "none" }), ...options()]);
const replayHost = el("div", { class: "replay" });
fill(root, [
  el("style", { text: style }),
  el("div", { class: "chooser", hidden: host.dataset.bare !== undefined }, [field("run", "Run", run), field("beside", "Compare with", beside)]),
  replayHost,
]);

const replay = new Replay(replayHost, { cards, theme: theme.now, link: () => linkTo(address()), onMoment: noteAddress });
theme.addEventListener("change", () => replay.setTheme(theme.now));
for (const select of [run, beside]) select.addEventListener("change", () => show(null));

host.addEventListener("choose", (event) => {
  // Before the replay has begun, it reads the choice from its host.
  if (!films.size || !(event instanceof CustomEvent)) return;
  choose(run, event.detail);
  beside.value = "";
  show(null);
});

/** Start the replay only when it becomes visible, because a report is read from the top. */
new IntersectionObserver((entries, observer) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  observer.disconnect();
  begin();
}).observe(host);

function begin() {
  const given = readAddress();
  choose(run, host.dataset.chosen ?? given.get("replay") ?? host.dataset.run ?? null);
  if (!host.dataset.chosen) choose(beside, given.get("beside") ?? host.dataset.beside ?? null);
  const look = lookIn(given);
  if (look) replay.setLook(look);
  show(momentIn(given));
}

/**
 * Select the run that an address names, if it is in this file.
 * @param {HTMLSelectElement} select
 * @param {string|null} id
 */
function choose(select, id) {
  if (id !== null && texts.some((text) => text.dataset.film === id)) select.value = id;
}

/** @param {number|null} at */
function show(at) {
  const chosen = [run.value, beside.value].filter(Boolean).map(filmOf);
  // Name the films by their titles, because strategies of two directories may have the same name.
  replay.setFilms(chosen, [run.value, beside.value].filter(Boolean).map((id) => textOf(id).dataset.title ?? id));
  if (at === null) replay.playFromStart();
  else replay.player.seek(at);
}

/** @param {string} id */
function textOf(id) {
  const found = texts.find((text) => text.dataset.film === id);
  if (!found) throw new Error(`This file contains no run ${id}.`);
  return found;
}

/** @param {string} id */
function filmOf(id) {
  const known = films.get(id);
  if (known) return known;
  const text = textOf(id).textContent ?? "";
  const film = new Film(Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0)).buffer);
  films.set(id, film);
  return film;
}

/** @returns {import("./base/address.js").State} */
function address() {
  return { replay: run.value, beside: beside.value || null, at: Math.round(replay.player.at), look: replay.look };
}

function noteAddress() {
  // Do not write the address before the reader has used the replay: that would overwrite the report's own anchors.
  if (timer || !films.size) return;
  timer = setTimeout(() => {
    timer = 0;
    if (root.activeElement) writeAddress(address());
  }, ADDRESS_MILLISECONDS);
}
