/** The choice of points to draw if there is no time for all: nested sets, each twice as large as the one before. */

export const LEVELS = 9;

/**
 * Return the level of the point at `index`, 0 to LEVELS - 1: half of the points have the last level, a quarter the one
 * before it, and so on. Levels 0 to k together are an even sample.
 * @param {number} index
 */
export function levelOf(index) {
  // Multiples of the golden ratio are spread evenly, whatever the period in which agents alternate.
  return Math.max(0, LEVELS - 1 - Math.clz32(Math.imul(index + 1, 2654435769)));
}

/**
 * Return how many of a sorted list's first `length` values are below `limit`.
 * @param {ArrayLike<number>} sorted
 * @param {number} length
 * @param {number} limit
 */
export function countBelow(sorted, length, limit) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The indices of points, one sorted list per level; points that are always kept have level 0. */
export class Thinning {
  constructor() {
    this.lists = Array.from({ length: LEVELS }, () => new Uint32Array(64));
    this.lengths = new Uint32Array(LEVELS);
    this.count = 0;
  }

  /**
   * Remove the points from index `from` on, and add those up to `count`.
   * @param {number} from
   * @param {number} count
   * @param {ArrayLike<number>} kept
   */
  update(from, count, kept) {
    for (let level = 0; level < LEVELS; level++) {
      this.lengths[level] = countBelow(this.lists[level], this.lengths[level], from);
    }
    for (let index = from; index < count; index++) this.#push(kept[index] ? 0 : levelOf(index), index);
    this.count = count;
  }

  /**
   * Return how many points of each level are before `head`, as a Uint32Array(LEVELS).
   * @param {number} head
   */
  before(head) {
    return this.lengths.map((length, level) => countBelow(this.lists[level], length, head));
  }

  /**
   * Return how many levels, at least one, can be drawn with at most `budget` points.
   * @param {Uint32Array} counts
   * @param {number} budget
   */
  static levelsWithin(counts, budget) {
    let sum = counts[0];
    let level = 1;
    while (level < LEVELS && sum + counts[level] <= budget) sum += counts[level++];
    return level;
  }

  /**
   * @param {number} level
   * @param {number} index
   */
  #push(level, index) {
    const list = this.lists[level];
    if (this.lengths[level] === list.length) {
      this.lists[level] = new Uint32Array(list.length * 2);
      this.lists[level].set(list);
    }
    this.lists[level][this.lengths[level]++] = index;
  }
}

/**
 * Return the first index at which two sets of points differ.
 * @param {import("../types.d.ts").Points} old
 * @param {import("../types.d.ts").Points} points
 */
export function firstDifference(old, points) {
  const shared = Math.min(old.count, points.count);
  for (let index = 0; index < shared; index++) {
    if (
      old.u[index] !== points.u[index] || old.v[index] !== points.v[index] ||
      old.agent[index] !== points.agent[index] || old.kept[index] !== points.kept[index] ||
      !Object.is(old.loss[index], points.loss[index])
    ) return index;
  }
  return shared;
}
