/** The replay within a report: the films lie in the page itself, and nothing is asked of a server. */

import { linkTo, lookIn, momentIn, readAddress, writeAddress } from "./base/address.js";
import { el, fill } from "./base/dom.js";
import { Film } from "./film/film.js";
import { Theatre } from "./player/theatre.js";
import { Theme } from "./base/theme.js";

const ADDRESS_MILLISECONDS = 400;

const host = document.getElementById("replay");
const { cards, style } = JSON.parse(document.getElementById("replay-given").textContent);
const texts = [...document.querySelectorAll("script[data-film]")];
const root = host.attachShadow({ mode: "open" });
const theme = new Theme(host);
const films = new Map();
let timer = 0;

const field = (id, text, select) => el("div", { class: "field" }, [el("label", { for: id, text }), select]);
const options = () => texts.map((text) => el("option", { value: text.dataset.film, text: text.dataset.title }));
const run = el("select", { id: "run" }, options());
const beside = el("select", { id: "beside" }, [el("option", { value: "", text: "nothing" }), ...options()]);
const stage = el("div", { class: "theatre" });
fill(root, [
  el("style", { text: style }),
  el("div", { class: "chooser" }, [field("run", "Run", run), field("beside", "Beside it", beside)]),
  stage,
]);

const theatre = new Theatre(stage, { cards, theme: theme.now, link: () => linkTo(address()), onMoment: noteAddress });
theme.addEventListener("change", () => theatre.setTheme(theme.now));
for (const select of [run, beside]) select.addEventListener("change", () => show(null));

/** Runs begin when they are looked at: a report is read from the top. */
new IntersectionObserver((entries, observer) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  observer.disconnect();
  begin();
}).observe(host);

function begin() {
  const given = readAddress();
  const known = (id) => texts.some((text) => text.dataset.film === id);
  if (known(given.get("replay"))) run.value = given.get("replay");
  if (known(given.get("beside"))) beside.value = given.get("beside");
  if (lookIn(given)) theatre.setLook(lookIn(given));
  show(momentIn(given));
}

function show(at) {
  const chosen = [run.value, beside.value].filter(Boolean).map(filmOf);
  // By their titles: strategies of two directories may have one name.
  const title = (id) => texts.find((text) => text.dataset.film === id).dataset.title;
  theatre.setFilms(chosen, [run.value, beside.value].filter(Boolean).map(title));
  if (at === null) theatre.perform();
  else theatre.player.seek(at);
}

function filmOf(id) {
  if (!films.has(id)) {
    const text = texts.find((each) => each.dataset.film === id).textContent;
    films.set(id, new Film(Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0)).buffer));
  }
  return films.get(id);
}

function address() {
  return { replay: run.value, beside: beside.value || null, at: Math.round(theatre.player.at), look: theatre.look };
}

function noteAddress() {
  // Not before somebody has done anything: the report's own anchors would be lost.
  if (timer || !films.size) return;
  timer = setTimeout(() => {
    timer = 0;
    if (root.activeElement) writeAddress(address());
  }, ADDRESS_MILLISECONDS);
}
