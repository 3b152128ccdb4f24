/** Binary searches in sorted arrays. */

/**
 * Return how many entries of a sorted array are <= x.
 * @param {ArrayLike<number>} sorted
 * @param {number} x
 */
export function countUpTo(sorted, x, length = sorted.length) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Return how many entries of a sorted array are < x.
 * @param {ArrayLike<number>} sorted
 * @param {number} x
 */
export function countBelow(sorted, x, length = sorted.length) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
