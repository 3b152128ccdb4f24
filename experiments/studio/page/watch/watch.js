/** Runs of results directories: live while they are worked, replayed once they are done; one, or two beside each other. */

import { momentIn } from "../base/address.js";
import { ask } from "../base/api.js";
import { el, fill, say } from "../base/dom.js";
import { Reel } from "../film/reel.js";
import { Theatre } from "../player/theatre.js";

/** How often it looks for new results and runs. */
const LIST_MILLISECONDS = 3000;
const POLL_MILLISECONDS = 400;

export class Watch {
  #reels = [];
  #films = [];
  #timer = 0;
  #shelf = "";
  #resting = true;
  #begun = false;
  #picked = false;
  #turn = 0;
  #same = [];
  shelf = [];
  #wanted = null;
  #plane = null;

  constructor(host, { catalogue, theme, onMoment }) {
    this.results = el("select", { id: "results" });
    this.runs = [el("select", { id: "run" }), el("select", { id: "other-run" })];
    this.note = el("p", { class: "note", role: "status", hidden: true });
    const theatre = el("div", { class: "theatre" });
    const field = (text, select) => el("div", { class: "field" }, [el("label", { for: select.id, text }), select]);
    host.append(
      el("div", { class: "chooser" }, [field("Results", this.results), field("Run", this.runs[0]), field("Beside it", this.runs[1])]),
      this.note, theatre,
    );
    this.theatreHost = theatre;
    this.theatre = new Theatre(theatre, {
      cards: catalogue.cards, theme, link: () => this.onLink(this.address()), onMoment, onPlane: (spec) => this.#look(spec),
    });
    this.results.addEventListener("change", () => this.#chooseResults(this.results.value));
    for (const select of this.runs) {
      select.addEventListener("change", () => {
        this.#picked = true;
        this.#chooseRuns();
      });
    }
  }

  /** Shows what an address asks for, else the first run that there is. */
  async begin(address) {
    this.#wanted = momentIn(address);
    this.#plane = address.get("plane");
    if (!(await this.#wake())) return;
    const key = address.get("results") ?? this.results.value;
    if (this.shelf.some((each) => each.key === key)) this.#chooseResults(key, [address.get("run"), address.get("beside")]);
    else if (address.has("results")) this.#say(`There are no results named ${address.get("results")} here.`);
    this.#begun = true;
  }

  /** Goes on after a rest, where it was. */
  async resume() {
    const awake = await this.#wake();
    if (!awake || !this.key || (this.#films.length && this.#films.every((film) => film?.done))) return;
    this.#wanted = this.theatre.player.following ? null : this.theatre.player.at;
    this.#chooseRuns();
  }

  /** Stops asking while another part of the page is looked at. */
  rest() {
    this.#resting = true;
    this.#turn += 1;
    clearTimeout(this.#timer);
    for (const reel of this.#reels) reel.stop();
    this.#reels = [];
  }

  /** Asks for the list again. Whether it is still looked at once that is there. */
  async #wake() {
    this.#resting = false;
    const turn = ++this.#turn;
    await this.#list();
    return turn === this.#turn;
  }

  address() {
    const [run, beside] = this.runs.map((select) => select.value || null);
    const plane = this.#plane;
    return { view: "watch", results: this.results.value, run, beside, at: Math.round(this.theatre.player.at), plane, look: this.theatre.look };
  }

  async #list() {
    clearTimeout(this.#timer);
    try {
      this.shelf = (await ask("/api/results")).results;
      this.#offer();
    } catch (error) {
      this.#say(error.message);
    }
    clearTimeout(this.#timer);
    if (!this.#resting) this.#timer = setTimeout(() => this.#list(), document.hidden ? 5 * LIST_MILLISECONDS : LIST_MILLISECONDS);
  }

  /** Fills the lists, if they have changed. */
  #offer() {
    const now = JSON.stringify(this.shelf);
    if (now === this.#shelf) return;
    this.#shelf = now;
    const { value } = this.results;
    fill(this.results, this.shelf.map(({ key }) => el("option", { value: key, text: key })));
    if (this.shelf.some(({ key }) => key === value)) this.results.value = value;
    this.theatreHost.hidden = this.#films.length === 0;
    if (!this.shelf.length) {
      this.#say("There are no results here yet. Make some with `searchparty run quickstart`, or play in the playground.");
      return;
    }
    if (!this.key && this.#begun) this.#chooseResults(this.results.value);
    else if (this.key && this.#offerRuns()) this.#chooseRuns();
    else this.#goOn();
  }

  #offerRuns() {
    const entry = this.shelf.find(({ key }) => key === this.key);
    if (!entry) return false;
    if (entry.error || entry.waiting) this.#say(entry.waiting ? "Waiting for the run to begin…" : entry.error);
    const [first, second] = this.runs.map((select) => select.value);
    const options = () => entry.runs.map(({ run, strategy, landscape, repeat, state }) =>
      el("option", { value: run, text: `${strategy} on ${landscape}, repeat ${repeat}${state === "done" ? "" : ` (${state})`}` }));
    fill(this.runs[0], options());
    fill(this.runs[1], [el("option", { value: "", text: "nothing" }), ...options()]);
    const known = (id) => entry.runs.some(({ run }) => run === id);
    this.runs[0].value = known(first) ? first : telling(entry.runs);
    this.runs[1].value = known(second) ? second : "";
    return !first && entry.runs.length > 0;
  }

  /** A run that had ended, or was stopped, and is worked again (`resume`) is followed again. */
  #goOn() {
    const entry = this.shelf.find(({ key }) => key === this.key);
    const now = entry?.runs.find(({ run }) => run === this.runs[0].value);
    if (!this.#picked && now?.state === "waiting" && entry.runs.some(({ state }) => state === "running")) {
      // Its turn has not come; another's has.
      this.runs[0].value = telling(entry.runs);
      this.#chooseRuns();
      return;
    }
    const again = (film) => film?.done && entry?.runs.some(({ run, state }) => run === film.header.run && state === "running");
    if (!this.#films.some(again)) return;
    this.#wanted = this.theatre.player.at;
    this.#chooseRuns();
  }

  #chooseResults(key, [run, beside] = [null, null]) {
    this.key = key;
    this.results.value = key;
    for (const select of this.runs) fill(select, []);
    this.#offerRuns();
    const known = [...this.runs[0].options].map(({ value }) => value);
    this.#picked = Boolean(run);
    if (run && known.includes(run)) this.runs[0].value = run;
    if (beside && known.includes(beside)) this.runs[1].value = beside;
    if (known.length) this.#chooseRuns();
  }

  #chooseRuns() {
    const chosen = this.runs.map((select) => select.value).filter(Boolean);
    for (const reel of this.#reels) reel.stop();
    const films = [];
    const arrived = () => {
      if (this.#films !== films || chosen.some((_, i) => !films[i])) return;
      this.#say("");
      this.theatreHost.hidden = false;
      const fresh = chosen.some((_, i) => this.theatre.films[i] !== films[i]);
      this.theatre.setFilms(films, this.#names(films));
      // The same runs on another ground, or with what came since: whoever looks at a moment stays at it.
      const same = this.#same.length === chosen.length && this.#same.every((each, i) => each === chosen[i]);
      this.#same = chosen;
      if (fresh && !(same && this.#wanted === null)) this.#perform(films);
    };
    this.#films = films;
    this.#same = [];
    this.#reels = chosen.map((run, i) => new Reel(`/api/results/${encodeURIComponent(this.key)}/runs/${encodeURIComponent(run)}/film`, {
      plane: this.#plane, every: POLL_MILLISECONDS,
      onFirst: (film) => { films[i] = film; arrived(); },
      onGrown: () => arrived(),
      onError: (error) => this.#films === films && this.#say(error.message),
    }));
  }

  #names(films) {
    const same = films.length === 2 && films[0].header.strategy === films[1].header.strategy;
    return films.map(({ header }) => (same ? `${header.strategy}, repeat ${header.repeat}, ${header.landscape}` : `${header.strategy} on ${header.landscape}`));
  }

  #perform(films) {
    const { player } = this.theatre;
    if (this.#wanted !== null) {
      player.pause();
      player.seek(this.#wanted);
      this.#wanted = null;
    } else if (films.some((film) => film.header.state === "running")) {
      player.follow();
    } else {
      player.following = false;
      this.theatre.perform();
    }
  }

  #look(spec) {
    this.#plane = spec;
    this.#wanted = this.theatre.player.at;
    this.#chooseRuns();
  }

  #say(text) {
    say(this.note, text);
    this.note.hidden = !text;
  }
}

/** The run to begin with: one that is worked now, else that of the largest team. */
function telling(runs) {
  const running = runs.findLast(({ state }) => state === "running");
  const largest = runs.reduce((best, run) => (best === null || run.team > best.team ? run : best), null);
  return (running ?? largest)?.run ?? "";
}
