/** Where to look: the valley of the best point so far, the closer the smaller the regions are that are searched. */

import { agentsAt, leasesByAgent } from "./moment.js";

const SAMPLES = 120;
/** Half widths of what is looked at, as shares of the plane's longer side. */
const WIDEST = 0.5;
const NARROWEST = 0.15;
const AT_END = 0.2;
/** How many samples before and after a moment are averaged: the look moves smoothly, and is there when something happens. */
const BEFORE = 2;
const AFTER = 8;

/**
 * The middle of what is looked at, and half of its width, on the plane.
 * @typedef {{u: number, v: number, half: number}} Focus
 */

/** The looks of a run, at evenly spaced moments. It depends on the moment alone, not on how it was reached. */
export class FocusTrack {
  /** @param {import("./film.js").Film} film */
  constructor(film) {
    this.length = film.evaluations || 1;
    const byAgent = leasesByAgent(film);
    const raw = Array.from({ length: SAMPLES + 1 }, (_, k) => lookAt(film, byAgent, film.headAt((this.length * k) / SAMPLES)));
    const [u0, u1, v0, v1] = film.header.plane.extent;
    const side = Math.max(u1 - u0, v1 - v0);
    widenAtRestarts(film, raw);
    raw[SAMPLES].half = Math.max(raw[SAMPLES].half, AT_END * side);
    this.extent = [u0, u1, v0, v1];
    this.looks = raw.map((_, k) => averageLooks(raw.slice(Math.max(0, k - BEFORE), k + AFTER + 1)));
  }

  /**
   * @param {number} evaluations
   * @param {number} least the least half width
   * @returns {Focus}
   */
  at(evaluations, least = 0) {
    const place = Math.min(Math.max(evaluations / this.length, 0), 1) * SAMPLES;
    const first = Math.min(Math.floor(place), SAMPLES - 1);
    const [a, b, part] = [this.looks[first], this.looks[first + 1], place - first];
    /** @param {"u"|"v"|"half"} key */
    const mix = (key) => a[key] + (b[key] - a[key]) * part;
    return confine({ u: mix("u"), v: mix("v"), half: Math.max(mix("half"), least) }, this.extent);
  }
}

/**
 * @param {import("./film.js").Film} film
 * @param {import("./moment.js").ByAgent} byAgent
 * @param {number} head
 * @returns {Focus}
 */
function lookAt(film, byAgent, head) {
  const [u0, u1, v0, v1] = film.header.plane.extent;
  const side = Math.max(u1 - u0, v1 - v0);
  const radii = agentsAt(film, byAgent, head).flatMap(({ lease }) => (lease ? [lease.radius] : []));
  const half = Math.min(Math.max(2.2 * Math.min(WIDEST, ...radii), NARROWEST * side), WIDEST * side);
  const best = film.bestAt(head);
  // The middle of the plane if all of it is shown, and the best point if little is.
  const near = best < 0 ? 0 : (WIDEST - half / side) / (WIDEST - NARROWEST);
  const [midU, midV] = [(u0 + u1) / 2, (v0 + v1) / 2];
  return { u: midU + near * ((film.u[best] ?? midU) - midU), v: midV + near * ((film.v[best] ?? midV) - midV), half };
}

/**
 * Look at all of the plane where an agent that searches alone starts again elsewhere.
 * @param {import("./film.js").Film} film
 * @param {Focus[]} raw the looks at the samples; they are changed
 */
function widenAtRestarts(film, raw) {
  if (film.team.length > 1) return;
  const [u0, u1, v0, v1] = film.header.plane.extent;
  for (const { kind, time } of film.insights) {
    if (kind !== "restart") continue;
    const sample = Math.round((film.evaluationsAtTime(time) / (film.evaluations || 1)) * SAMPLES);
    for (let k = Math.max(0, sample - BEFORE); k <= Math.min(SAMPLES, sample + AFTER + 1); k++) {
      raw[k] = { u: (u0 + u1) / 2, v: (v0 + v1) / 2, half: WIDEST * Math.max(u1 - u0, v1 - v0) };
    }
  }
}

/**
 * @param {Focus[]} looks
 * @returns {Focus}
 */
function averageLooks(looks) {
  /** @param {(look: Focus) => number} read */
  const mean = (read) => looks.reduce((sum, look) => sum + read(look), 0) / looks.length;
  return { u: mean((look) => look.u), v: mean((look) => look.v), half: Math.exp(mean((look) => Math.log(look.half))) };
}

/**
 * Move a look so that little of what it shows lies outside the plane.
 * @param {Focus} look
 * @param {number[]} extent
 * @returns {Focus}
 */
function confine({ u, v, half }, [u0, u1, v0, v1]) {
  /** @type {(value: number, low: number, high: number) => number} */
  const within = (value, low, high) => {
    const room = Math.max(0, (high - low) / 2 - 0.8 * half);
    return Math.min(Math.max(value, (low + high) / 2 - room), (low + high) / 2 + room);
  };
  return { u: within(u, u0, u1), v: within(v, v0, v1), half };
}
