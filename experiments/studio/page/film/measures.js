/** What a landscape tells of the best point so far besides its loss, such as the loss on held-out data, over a run. */

/** @typedef {{x: number[], y: number[]}} Trace the evaluations at the end of leases, and the values there */

/**
 * Return the measures of a run by name, at the end of each lease that improved on those that had ended before.
 * @param {import("./film.js").Film} film
 * @returns {Map<string, Trace>}
 */
export function traceMeasures(film) {
  /** @type {Map<string, Trace>} */
  const traces = new Map();
  const ended = film.outcomes.filter(({ measures }) => measures).sort((a, b) => film.leases[a.lease].ends - film.leases[b.lease].ends);
  let least = Infinity;
  for (const { lease, best, measures } of ended) {
    if (best === null || best >= least) continue;
    least = best;
    const at = film.evaluationsAtTime(film.leases[lease].ends);
    for (const [name, value] of Object.entries(measures ?? {})) {
      const trace = traces.get(name) ?? { x: [], y: [] };
      traces.set(name, trace);
      // Leases may end together: the last value is that of the best point.
      const place = trace.x.at(-1) === at ? trace.x.length - 1 : trace.x.length;
      trace.x[place] = at;
      trace.y[place] = value ?? NaN;
    }
  }
  return traces;
}

/**
 * Return the names of measures by their kind, the last word of the name: "loss", "accuracy".
 * @param {Iterable<string>} names
 * @returns {Map<string, string[]>}
 */
export function groupByKind(names) {
  /** @type {Map<string, string[]>} */
  const kinds = new Map();
  for (const name of names) {
    const kind = name.split(" ").at(-1) ?? name;
    kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return kinds;
}

/**
 * Return whether more of a measure is better; then it is a share, and its axis is linear.
 * @param {string} name
 */
export function isHigherBetter(name) {
  return name.endsWith("accuracy");
}
