/** The lineage of a best point: which agents found points and handed them on. */

/**
 * Return the chain that led to a film's best point, first link first: each agent, the loss of the point that it handed
 * on, the evaluations spent by then, and the lease with which it was handed on. The last link is the best point itself.
 * @param {import("./film.js").Film} film
 * @param {number} index
 * @returns {{agent: number, loss: number, spent: number, lease: number}[]}
 */
export function lineageOf(film, index) {
  if (index < 0) return [];
  const links = [{ agent: film.agent[index], loss: film.loss[index], spent: film.spent[index], lease: -1 }];
  let lease = film.leases[film.lease[index]];
  const visited = new Set();
  for (;;) {
    const handed = findSourceLease(film, lease);
    if (!handed || visited.has(handed.id)) return links;
    visited.add(handed.id);
    const { incumbent } = handed;
    if (!incumbent) return links;
    links.unshift({ agent: incumbent.agent, loss: incumbent.loss, spent: film.evaluationsAtTime(handed.starts), lease: handed.id });
    lease = film.leases[incumbent.lease];
  }
}

/**
 * Return the latest lease, up to the given one, that handed this search its point; null if its agent has started afresh
 * since then or was handed none.
 * @param {import("./film.js").Film} film
 * @param {import("../types.d.ts").Lease} lease
 */
function findSourceLease(film, lease) {
  const given = new Set(film.insights.filter((i) => i.kind === "handed").map((i) => i.lease));
  for (let id = lease.id; id >= 0; id--) {
    const earlier = film.leases[id];
    if (earlier.agent !== lease.agent) continue;
    if (given.has(id)) return earlier;
    if (earlier.fresh) return null;
  }
  return null;
}

/**
 * Return the agent whose point an insight of the kind "handed" is about; -1 if the lease had none.
 * @param {import("./film.js").Film} film
 * @param {import("../types.d.ts").Insight} insight
 */
export function giverOf(film, insight) {
  return film.leases[insight.lease].incumbent?.agent ?? -1;
}
