/** Creation of elements. Text from data becomes text nodes, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Create an HTML element with attributes and children. Attributes `on…` are listeners, and `text` is the element's text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} attributes
 * @param {(Node|string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, children = []) {
  return initElement(document.createElement(tag), attributes, children);
}

/**
 * Create an SVG element in the same way.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} attributes
 * @param {(Node|string)[]} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes = {}, children = []) {
  return initElement(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, any>} attributes
 * @param {(Node|string)[]} children
 * @returns {E}
 */
function initElement(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/**
 * Give an element exactly these children. Children that stay are not touched, so that they keep the focus.
 * @param {Element|ShadowRoot} element
 * @param {Node[]} children
 */
export function fill(element, children) {
  children.forEach((child, i) => {
    if (element.childNodes[i] !== child) element.insertBefore(child, element.childNodes[i] ?? null);
  });
  while (element.childNodes.length > children.length) element.lastChild?.remove();
}

/**
 * Set an element's text only if it differs, so that a screen reader does not announce it twice.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Return the page's element with an id. Throws if there is none.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element ${id}.`);
  return element;
}
