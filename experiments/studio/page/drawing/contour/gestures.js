/** Gestures of the contour view: drag, wheel, pinch and keys. */

const STEP = 48; // px by which an arrow key moves the view
/** @type {Record<string, [number, number]>} */
const PANS = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
/** @type {Record<string, number>} */
const ZOOMS = { "+": 1.25, "=": 1.25, "-": 0.8 };

/**
 * Listen for drags, pinches and the wheel.
 * @param {HTMLElement} element
 * @param {{onPan: (dx: number, dy: number) => void, onZoom: (factor: number, x: number, y: number) => void}} given in CSS
 *   pixels of the element
 * @returns {() => void} a function that removes the listeners
 */
export function dragAndPinch(element, { onPan, onZoom }) {
  const fingers = new Map();
  /**
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  const inside = (event) => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  /** @param {PointerEvent} event */
  const onDown = (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, inside(event));
    element.setPointerCapture(event.pointerId);
  };
  /** @param {PointerEvent} event */
  const onMove = (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = inside(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (!other) return onPan(now[0] - before[0], now[1] - before[1]);
    const [wide, wider] = [before, now].map(([x, y]) => Math.hypot(x - other[0], y - other[1]));
    onPan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    onZoom(wider / Math.max(wide, 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  };
  /** @param {PointerEvent} event */
  const onUp = (event) => fingers.delete(event.pointerId);
  /** @param {WheelEvent} event */
  const onWheel = (event) => {
    event.preventDefault();
    onZoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...inside(event));
  };
  /** @type {[string, (event: any) => void][]} */
  const all = [
    ["pointerdown", onDown], ["pointermove", onMove], ["pointerup", onUp], ["pointercancel", onUp], ["wheel", onWheel],
  ];
  for (const [name, listener] of all) element.addEventListener(name, listener, { passive: false });
  return () => {
    for (const [name, listener] of all) element.removeEventListener(name, listener);
  };
}

/**
 * Move a ContourFrame by a key. Return false if the key has no meaning here.
 * @param {import("../../drawing/contour/frame.js").ContourFrame} frame
 * @param {string} key
 */
export function steer(frame, key) {
  const { left, top, width, height } = frame.inner;
  if (PANS[key]) frame.pan(...PANS[key]);
  else if (ZOOMS[key]) frame.zoomAt(ZOOMS[key], left + width / 2, top + height / 2);
  else if (key === "0") frame.reset();
  else return false;
  return true;
}
