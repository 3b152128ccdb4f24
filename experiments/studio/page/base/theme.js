/** Light or dark: as the system has it, until somebody chooses. */

const SYSTEM = matchMedia("(prefers-color-scheme: dark)");

export class Theme extends EventTarget {
  /** @param {HTMLElement} element whose data-theme says which it is */
  constructor(element = document.documentElement) {
    super();
    this.element = element;
    this.chosen = readStoredTheme();
    SYSTEM.addEventListener("change", () => this.#apply());
    this.#apply();
  }

  get now() {
    return this.chosen ?? (SYSTEM.matches ? "dark" : "light");
  }

  toggle() {
    this.chosen = this.now === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("searchparty-theme", this.chosen);
    } catch {
      // A browser that keeps nothing: the choice lasts as long as the page.
    }
    this.#apply();
  }

  #apply() {
    this.element.dataset.theme = this.now;
    this.dispatchEvent(new Event("change"));
  }
}

function readStoredTheme() {
  try {
    const theme = localStorage.getItem("searchparty-theme");
    return theme === "light" || theme === "dark" ? theme : null;
  } catch {
    return null;
  }
}
