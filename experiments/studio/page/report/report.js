/** A report: fills its figures and tables from the data in the file, each when it comes into view or is opened. */

import { Theme } from "../base/theme.js";
import { drawAreas } from "./areas.js";
import { disposeCharts, drawCurves, redrawCharts } from "./curves.js";
import { drawDots } from "./dots.js";
import { legend, redrawToWidth } from "./figure.js";
import { drawFront } from "./front.js";
import { drawGrids } from "./grids.js";
import { drawHeat } from "./heat.js";
import { drawIntervals } from "./intervals.js";
import { unpackIsland } from "./island.js";
import { startWhenSeen } from "./late.js";
import { drawMap } from "./map.js";
import { drawProblem, drawSmallMultiples } from "./problem.js";
import { drawSteps } from "./steps.js";
import { drawTable } from "./table.js";

/** Elements that wait until they are drawn, and what draws them. @type {Map<HTMLElement, () => void>} */
const waiting = new Map();
const theme = new Theme();
const island = await unpackIsland("island");

/**
 * Draw a figure of the data into a host.
 * @param {HTMLElement} host
 * @param {string} key
 */
function drawFigure(host, key) {
  const data = island.figures[key];
  if (!data) return;
  if (data.kind === "curves") drawCurves(host, data, theme.now, { legend: !sharesLegend(host, data.series.length) });
  else if (data.kind === "areas") drawAreas(host, data, theme.now);
  else if (data.kind === "intervals") drawIntervals(host, data, theme.now);
  else if (data.kind === "dots") drawDots(host, data, theme.now);
  else if (data.kind === "map") drawMap(host, data, island.grounds[data.ground ?? ""] ?? null, theme.now);
  else if (data.kind === "front") drawFront(host, data, theme.now);
  else if (data.kind === "grids") drawGrids(host, data);
  else if (data.kind === "steps") drawSteps(host, data, theme.now);
  else drawHeat(host, data);
}

/**
 * Return whether a small multiple has the lines, and so the colours, of the legend above all of them.
 * @param {HTMLElement} host
 * @param {number} lines
 */
function sharesLegend(host, lines) {
  return host.closest(".multiple") !== null && lines === island.strategies.length;
}

/** @param {HTMLElement} host */
function drawNow(host) {
  const draw = waiting.get(host);
  waiting.delete(host);
  seen.unobserve(host);
  draw?.();
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && target instanceof HTMLElement) drawNow(target);
  }
}, { rootMargin: "300px" });

/**
 * Draw into a host as soon as it is in view. What is in a closed section or not chosen is never in view.
 * @param {HTMLElement} host
 * @param {() => void} draw
 */
function drawWhenSeen(host, draw) {
  waiting.set(host, draw);
  seen.observe(host);
}

/** @param {string} selector */
const all = (selector) => [...document.querySelectorAll(selector)].filter((found) => found instanceof HTMLElement);

function fillPage() {
  for (const host of all("[data-figure]")) drawWhenSeen(host, () => drawFigure(host, host.dataset.figure ?? ""));
  for (const host of all("[data-table]")) drawWhenSeen(host, () => drawTable(host, island.tables[host.dataset.table ?? ""]));
  for (const host of all("[data-legend]")) host.replaceChildren(legend(island.strategies, theme.now));
  for (const host of all("[data-multiples]")) drawWhenSeen(host, () => drawSmallMultiples(host, island, theme.now));
  const [problem] = all("#problem");
  const choice = document.querySelector("#problem-choice");
  if (problem && choice instanceof HTMLInputElement) {
    const show = () => {
      const number = island.problems.findIndex(({ name }) => name === choice.value.trim());
      if (number < 0) return;
      problem.closest("figure")?.removeAttribute("hidden");
      drawProblem(problem, island, number, theme.now);
    };
    choice.onchange = choice.oninput = show;
    show();
  }
  for (const choice of all("select[data-shows]")) {
    if (!(choice instanceof HTMLSelectElement)) continue;
    choice.onchange = () => {
      for (const section of all(choice.dataset.shows ?? "")) section.hidden = section.id !== choice.value;
    };
  }
}

/** Names of problems for the field in which one is chosen. */
function listProblems() {
  const list = document.getElementById("problem-names");
  list?.append(...island.problems.map(({ name }) => Object.assign(document.createElement("option"), { value: name })));
}

/** @type {HTMLElement[]} */
let closed = [];

/** Open the sections that are closed, but for the data of figures: on paper, they would be hundreds of pages. */
function openSections() {
  for (const details of all("details:not([open], .data)")) {
    closed.push(details);
    details.setAttribute("open", "");
  }
}

addEventListener("beforeprint", () => {
  for (const section of all(".portrait[hidden], .trade-off[hidden]")) section.hidden = false;
  closed = [];
  // Everything is drawn at the width of the paper, or it would be stretched to it.
  document.documentElement.classList.add("paper");
  openSections();
  for (const host of [...waiting.keys()]) drawNow(host);
  openSections();
  document.documentElement.dataset.theme = "light";
  redrawToWidth();
  redrawCharts("light");
});
addEventListener("afterprint", () => {
  for (const details of closed) details.removeAttribute("open");
  for (const choice of all("select[data-shows]")) choice.dispatchEvent(new Event("change"));
  document.documentElement.dataset.theme = theme.now;
  document.documentElement.classList.remove("paper");
  redrawToWidth();
  redrawCharts(theme.now);
});
theme.addEventListener("change", () => {
  disposeCharts();
  for (const host of all("[data-figure], [data-multiples], #problem")) {
    host.replaceChildren();
  }
  fillPage();
});

listProblems();
fillPage();
const replay = document.getElementById("replay");
if (replay) startWhenSeen(replay, "replay-code");
document.documentElement.dataset.ready = "true";
