/** Gestures on a host: keys, and a click that was a drag is no click. */

const DRAG = 4; // px

/**
 * Let the host be focused and tell `onKey(key)` of keys; it returns true for those it used. A click after a drag is
 * kept from the page.
 * @param {HTMLElement} host
 * @param {(key: string) => boolean} onKey
 * @returns {() => void} takes the listeners away
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
