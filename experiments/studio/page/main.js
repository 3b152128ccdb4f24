/** The page: two parts, one of them seen at a time; its address follows what is shown. */

import { linkTo, readAddress, writeAddress } from "./address.js";
import { ask } from "./api.js";
import { Cards } from "./cards.js";
import { Playground } from "./playground.js";
import { Theme } from "./theme.js";
import { Watch } from "./watch.js";

/** The address is written so often at most: browsers refuse more. */
const ADDRESS_MILLISECONDS = 400;

const theme = new Theme();
const tabs = [...document.querySelectorAll("[role=tab]")];
const parts = {};
let shown = "";
let timer = 0;

async function begin() {
  const catalogue = await ask("/api/catalogue");
  const given = (name) => ({ catalogue, theme: theme.now, onMoment: () => shown === name && address() });
  parts.playground = new Playground(document.getElementById("playground"), given("playground"));
  parts.watch = new Watch(document.getElementById("watch"), given("watch"));
  parts.cards = new Cards(document.getElementById("cards"), catalogue);
  for (const part of [parts.playground, parts.watch]) part.onLink = linkTo;
  theme.addEventListener("change", () => {
    for (const name of ["playground", "watch"]) parts[name].theatre.setTheme(theme.now);
  });
  addEventListener("pagehide", () => parts.playground.leave());
  document.getElementById("theme").addEventListener("click", () => theme.toggle());
  for (const tab of tabs) {
    tab.addEventListener("click", () => open(tab.dataset.part));
    tab.addEventListener("keydown", moveBetweenTabs);
  }
  // Somebody's address, pasted where the studio is open, changes no more than what is behind the #.
  addEventListener("hashchange", () => readAddress().has("view") && location.reload());
  const first = readAddress().get("view") ?? catalogue.opens;
  open(parts[first] ? first : "playground", { look: readAddress().get("look") });
}

function open(name, { look = null } = {}) {
  if (shown === name) return;
  parts[shown]?.theatre?.player.pause();
  parts[shown]?.rest?.();
  shown = name;
  for (const tab of tabs) {
    const on = tab.dataset.part === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(tab.dataset.part).hidden = !on;
  }
  if (look) parts[name].theatre?.setLook(look);
  if (parts[name].begin) parts[name].begin();
  else writeAddress({ view: name });
}

/** Writes the frame's address, a little later than it is drawn. */
function address() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (parts[shown].address) writeAddress(parts[shown].address());
  }, ADDRESS_MILLISECONDS);
}

function moveBetweenTabs(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const next = tabs[(tabs.indexOf(event.currentTarget) + by + tabs.length) % tabs.length];
  next.focus();
  open(next.dataset.part);
}

begin().catch((error) => {
  const note = document.getElementById("failure");
  note.textContent = error.message;
  note.hidden = false;
});
