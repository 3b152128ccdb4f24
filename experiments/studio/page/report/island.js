/** The data of a report: JSON, compressed, in one element of the page. */

/**
 * Return the data of the element with an id.
 * @param {string} id
 * @returns {Promise<import("../types.d.ts").Island>}
 */
export async function unpackIsland(id) {
  return JSON.parse(await unpackText(id));
}

/**
 * Return the text that is packed in the element with an id.
 * @param {string} id
 */
export async function unpackText(id) {
  const text = document.getElementById(id)?.textContent ?? "";
  const packed = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}
