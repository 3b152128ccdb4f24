/** Gestures on a view's host element: keys, and the suppression of clicks that end a drag. */

const DRAG = 4; // px

/**
 * Make the host focusable and call `onKey(key)` for its keys; `onKey` returns true for keys that it used. A click that
 * ends a drag is not passed on to the page.
 * @param {HTMLElement} host
 * @param {(key: string) => boolean} onKey
 * @returns {() => void} a function that removes the listeners
 */
export function listen(host, onKey) {
  if (!host.hasAttribute("tabindex")) host.tabIndex = 0;
  /** @type {[number, number]|null} */
  let down = null;
  let dragged = false;
  /** @param {any} event */
  const onDown = (event) => {
    if (event.isPrimary) dragged = false;
    else dragged = true; // a second finger: a pinch
    if (event.isPrimary) down = [event.clientX, event.clientY];
  };
  /** @param {any} event */
  const onMove = (event) => {
    if (down && event.isPrimary && Math.hypot(event.clientX - down[0], event.clientY - down[1]) > DRAG) dragged = true;
  };
  const onUp = () => { down = null; };
  /** @param {any} event */
  const onClick = (event) => {
    if (dragged && event.detail > 0) event.stopImmediatePropagation();
    dragged = false;
  };
  /** @param {any} event */
  const onKeyDown = (event) => {
    if (event.target !== host || event.ctrlKey || event.metaKey || event.altKey) return;
    if (onKey(event.key)) event.preventDefault();
  };
  /** @type {[string, (event: any) => void][]} */
  const all = [
    ["pointerdown", onDown], ["pointermove", onMove], ["pointerup", onUp], ["pointercancel", onUp], ["click", onClick],
  ];
  for (const [name, listener] of all) host.addEventListener(name, listener, true);
  host.addEventListener("keydown", onKeyDown);
  return () => {
    for (const [name, listener] of all) host.removeEventListener(name, listener, true);
    host.removeEventListener("keydown", onKeyDown);
  };
}
