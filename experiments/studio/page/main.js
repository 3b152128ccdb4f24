/** The entry point of the page: it switches between its sections and keeps the address up to date with what is shown. */

import { linkTo, lookIn, readAddress, writeAddress } from "./base/address.js";
import { ask } from "./base/api.js";
import { byId } from "./base/dom.js";
import { Cards } from "./player/cards.js";
import { Playground } from "./playground/playground.js";
import { Theme } from "./base/theme.js";
import { Watch } from "./watch/watch.js";

/** Minimum time between two updates of the address; browsers reject more frequent ones. */
const ADDRESS_MILLISECONDS = 400;

const theme = new Theme();
/** @type {HTMLElement[]} */
const tabs = [...document.querySelectorAll("[role=tab]")].filter((element) => element instanceof HTMLElement);
/** @type {Record<string, any>} sections by name: a section may have address, replay, begin, resume, rest */
const parts = {};
const begun = new Set();
let shown = "";
/** @type {ReturnType<typeof setTimeout>|0} */
let timer = 0;

async function begin() {
  const catalogue = await ask("/api/catalogue");
  /** @param {string} name */
  const optionsFor = (name) => ({ catalogue, theme: theme.now, onMoment: () => shown === name && address() });
  parts.playground = new Playground(byId("playground"), optionsFor("playground"));
  parts.watch = new Watch(byId("watch"), optionsFor("watch"));
  parts.cards = new Cards(byId("cards"), catalogue);
  for (const part of [parts.playground, parts.watch]) part.onLink = linkTo;
  theme.addEventListener("change", () => {
    for (const name of ["playground", "watch"]) parts[name].replay.setTheme(theme.now);
  });
  // A page restored from the browser's back-forward cache has cancelled its runs, so reload it.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("pagehide", () => parts.playground.leave());
  byId("theme").addEventListener("click", () => theme.toggle());
  for (const tab of tabs) {
    tab.addEventListener("click", () => open(partOf(tab)));
    tab.addEventListener("keydown", moveBetweenTabs);
  }
  // An address that is pasted over this page's address is opened as in a new page.
  addEventListener("hashchange", () => readAddress().has("view") && location.reload());
  const asked = readAddress();
  const first = asked.get("view") ?? catalogue.opens;
  open(Object.hasOwn(parts, first) ? first : "playground", asked);
}

/**
 * Show a section of the page, in the state that an address describes, or as it was left.
 * @param {string} name
 */
function open(name, given = new URLSearchParams()) {
  if (shown === name) return;
  parts[shown]?.replay?.player.pause();
  parts[shown]?.rest?.();
  shown = name;
  for (const tab of tabs) {
    const on = partOf(tab) === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    byId(partOf(tab)).hidden = !on;
  }
  if (lookIn(given)) parts[name].replay?.setLook(lookIn(given));
  if (begun.has(name)) parts[name].resume?.();
  else parts[name].begin?.(given);
  begun.add(name);
  if (parts[name].address) address();
  else writeAddress({ view: name });
}

/** Update the page's address to the frame shown, after a short delay. */
function address() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (parts[shown].address) writeAddress(parts[shown].address());
  }, ADDRESS_MILLISECONDS);
}

/**
 * Return the name of the section that a tab opens.
 * @param {HTMLElement} tab
 */
function partOf(tab) {
  return tab.dataset.part ?? "";
}

/** @param {KeyboardEvent} event */
function moveBetweenTabs(event) {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!by) return;
  event.preventDefault();
  const next = tabs[(tabs.findIndex((tab) => tab === event.currentTarget) + by + tabs.length) % tabs.length];
  next.focus();
  open(partOf(next));
}

begin().catch((error) => {
  const note = byId("failure");
  note.textContent = error.message;
  note.hidden = false;
});
