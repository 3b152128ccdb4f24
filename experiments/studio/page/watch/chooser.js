/** The lists from which the results, one of their runs, and a second run for comparison are chosen. */

import { el, fill } from "../base/dom.js";

/**
 * @typedef {{run: string, strategy: string, landscape: string, repeat: number, state: string, team: number}} Run
 * @typedef {{key: string, runs: Run[], error?: string|null, waiting?: boolean}} Results
 */

export class Chooser {
  /**
   * The results to choose from.
   * @type {Results[]}
   */
  listing = [];
  /** The key of the results whose runs are listed; "" before any were chosen. */
  key = "";
  /** Whether the user has chosen a run; then it is not replaced automatically. */
  picked = false;
  #listed = "";

  /** @param {{onResults: (key: string) => void, onRuns: () => void}} given */
  constructor({ onResults, onRuns }) {
    this.results = el("select", { id: "results" });
    this.runs = [el("select", { id: "run" }), el("select", { id: "other-run" })];
    this.element = el("div", { class: "chooser" }, [field("Results", this.results), field("Run", this.runs[0]), field("Compare with", this.runs[1])]);
    this.results.addEventListener("change", () => onResults(this.results.value));
    for (const select of this.runs) {
      select.addEventListener("change", () => {
        this.picked = true;
        onRuns();
      });
    }
  }

  /** The results whose runs are listed, if they still exist. */
  get entry() {
    return this.listing.find(({ key }) => key === this.key);
  }

  /** The ids of the chosen runs. */
  get chosenRuns() {
    return this.runs.map((select) => select.value).filter(Boolean);
  }

  /** Update the list of results if the listing has changed; return whether it has. */
  listResults() {
    const now = JSON.stringify(this.listing);
    if (now === this.#listed) return false;
    this.#listed = now;
    const { value } = this.results;
    fill(this.results, this.listing.map(({ key }) => el("option", { value: key, text: key })));
    if (this.listing.some(({ key }) => key === value)) this.results.value = value;
    return true;
  }

  /** List the runs and keep the chosen ones. Return whether these are the first runs listed. */
  listRuns() {
    const { entry } = this;
    if (!entry) return false;
    const [first, second] = this.runs.map((select) => select.value);
    const options = () => entry.runs.map(({ run, strategy, landscape, repeat, state }) =>
      el("option", { value: run, text: `${strategy} on ${landscape}, repeat ${repeat}${state === "done" ? "" : ` (${state})`}` }));
    fill(this.runs[0], options());
    fill(this.runs[1], [el("option", { value: "", text: "none" }), ...options()]);
    /** @param {string} id */
    const isListed = (id) => entry.runs.some(({ run }) => run === id);
    this.runs[0].value = isListed(first) ? first : firstToShow(entry.runs);
    this.runs[1].value = isListed(second) ? second : "";
    return !first && entry.runs.length > 0;
  }

  /**
   * Select other results.
   * @param {string} key
   */
  turnTo(key) {
    this.key = key;
    this.results.value = key;
    for (const select of this.runs) fill(select, []);
  }

  /**
   * Choose the runs that an address names, if they are listed. Return whether any run is listed.
   * @param {string|null} run
   * @param {string|null} beside
   */
  choose(run, beside) {
    const known = [...this.runs[0].options].map(({ value }) => value);
    this.picked = Boolean(run);
    if (run && known.includes(run)) this.runs[0].value = run;
    if (beside && known.includes(beside)) this.runs[1].value = beside;
    return known.length > 0;
  }

  /** Switch to a running run if the chosen run is still waiting and was not chosen by the user. Return whether it did. */
  turnToRunning() {
    const { entry } = this;
    const now = entry?.runs.find(({ run }) => run === this.runs[0].value);
    if (!entry || this.picked || now?.state !== "waiting" || !entry.runs.some(({ state }) => state === "running")) return false;
    this.runs[0].value = firstToShow(entry.runs);
    return true;
  }
}

/**
 * @param {string} text
 * @param {HTMLSelectElement} select
 */
function field(text, select) {
  return el("div", { class: "field" }, [el("label", { for: select.id, text }), select]);
}

/**
 * Return the id of the run to show first: the last one that is running, or else that of the largest team.
 * @param {Run[]} runs
 */
function firstToShow(runs) {
  const running = runs.findLast(({ state }) => state === "running");
  const largest = runs.reduce((/** @type {Run|null} */ best, run) => (best === null || run.team > best.team ? run : best), null);
  return (running ?? largest)?.run ?? "";
}
