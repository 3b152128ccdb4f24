/** The theme, light or dark: that of the system until the user chooses one. */

const SYSTEM = matchMedia("(prefers-color-scheme: dark)");

export class Theme extends EventTarget {
  /** @param {HTMLElement} element the element whose data-theme attribute is set */
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
      // The browser does not allow storage: the choice lasts as long as the page.
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
