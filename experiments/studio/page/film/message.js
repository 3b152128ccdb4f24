/** Decoding of the server's messages about a run: a JSON header, then arrays of numbers. See docs/studio.md. */

/** @type {Record<string, Float32ArrayConstructor|Float64ArrayConstructor|Uint32ArrayConstructor>} */
const ARRAYS = { float32: Float32Array, float64: Float64Array, uint32: Uint32Array };
const ALIGNED = 8;

/**
 * @param {ArrayBuffer} buffer
 * @returns {{header: import("../types.d.ts").Header, arrays: Record<string, Float32Array|Float64Array|Uint32Array>}} the header, and arrays that are views of the buffer
 */
export function readMessage(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  /** @type {Record<string, Float32Array|Float64Array|Uint32Array>} */
  const arrays = {};
  let at = 4 + length;
  for (const { name, dtype, shape } of header.arrays) {
    const Kind = ARRAYS[dtype];
    const count = shape.reduce((/** @type {number} */ product, /** @type {number} */ side) => product * side, 1);
    arrays[name] = new Kind(buffer, at, count);
    at += Math.ceil((count * Kind.BYTES_PER_ELEMENT) / ALIGNED) * ALIGNED;
  }
  return { header, arrays };
}
