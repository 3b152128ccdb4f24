/**
 * The one loop of the page: in each frame, first what advances time, then what draws. So what is asked to be drawn while time
 * advances is drawn in the same frame, and not in the next one.
 */

/** @typedef {(now: number) => void} Act */

/** @type {Set<Act>} */
let steps = new Set();
/** @type {Set<Act>} */
let drawings = new Set();
let asked = false;
let stepping = false;

/**
 * Call `act` once at the beginning of the next frame.
 * @param {Act} act
 */
export function askStep(act) {
  steps.add(act);
  ask();
}

/**
 * Call `act` once after the steps of a frame: of this one, if it is asked for in a step, or else of the next.
 * @param {Act} act
 */
export function askDrawing(act) {
  drawings.add(act);
  if (!stepping) ask();
}

/**
 * Do not call `act`.
 * @param {Act} act
 */
export function cancelFrame(act) {
  steps.delete(act);
  drawings.delete(act);
}

function ask() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(advance);
}

/** Return whether the page has a clock of its own, which waits for each picture: then nothing is left out, or cut short. */
export function isUnhurried() {
  return "unhurried" in document.documentElement.dataset;
}

/** @param {number} now */
function advance(now) {
  asked = false;
  const due = steps;
  steps = new Set();
  stepping = true;
  callAll(due, now);
  stepping = false;
  const drawn = drawings;
  drawings = new Set();
  callAll(drawn, now);
}

/**
 * @param {Set<Act>} acts
 * @param {number} now
 */
function callAll(acts, now) {
  for (const act of acts) {
    // An act that fails must not stop the others.
    try {
      act(now);
    } catch (error) {
      reportError(error);
    }
  }
}
