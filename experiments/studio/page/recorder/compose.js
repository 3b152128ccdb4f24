/** Draws a part of the page onto a canvas as it is seen: its canvases, backgrounds, icons and texts, in their order. */

/** @type {Map<string, HTMLImageElement>} icons by their markup */
const icons = new Map();
/** The last pictures of canvases: that of WebGL is empty once it has been shown. @type {WeakMap<HTMLCanvasElement, HTMLCanvasElement>} */
const kept = new WeakMap();
const MOST_ICONS = 300;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLElement} part
 * @param {number} scale pixels of the picture per pixel of the page
 */
export function composePicture(context, part, scale) {
  const { left, top } = part.getBoundingClientRect();
  context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  drawElement(context, part);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Element} element
 */
function drawElement(context, element) {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return;
  const box = element.getBoundingClientRect();
  if (box.width < 2 || box.height < 2) return;
  context.save();
  context.globalAlpha *= Number(style.opacity);
  if (element instanceof HTMLCanvasElement) drawCanvas(context, element, box);
  else if (element instanceof SVGSVGElement) drawIcon(context, element, box);
  else drawBox(context, element, style, box);
  context.restore();
}

/**
 * Draw an element's background and what is in it: what is above other things (z-index) comes last.
 * @param {CanvasRenderingContext2D} context
 * @param {Element} element
 * @param {CSSStyleDeclaration} style
 * @param {DOMRect} box
 */
function drawBox(context, element, style, box) {
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, parseFloat(style.borderRadius) || 0);
  context.fillStyle = style.backgroundColor;
  context.fill();
  const border = parseFloat(style.borderTopWidth);
  if (border > 0 && parseFloat(style.borderBottomWidth) > 0) {
    context.strokeStyle = style.borderTopColor;
    context.lineWidth = border;
    context.stroke();
  }
  if (style.overflowX !== "visible") context.clip();
  /** @param {ChildNode} node */
  const layer = (node) => (node instanceof Element ? Number(getComputedStyle(node).zIndex) || 0 : 0);
  const children = [...element.childNodes].map((node, i) => ({ node, i, layer: layer(node) })).sort((a, b) => a.layer - b.layer || a.i - b.i);
  for (const { node } of children) {
    if (node instanceof Element) drawElement(context, node);
    else if (node instanceof Text && node.data.trim()) drawText(context, node, style);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement} canvas
 * @param {DOMRect} box
 */
function drawCanvas(context, canvas, box) {
  if (!canvas.width || !canvas.height) return;
  const copy = kept.get(canvas) ?? document.createElement("canvas");
  kept.set(canvas, copy);
  const onto = /** @type {CanvasRenderingContext2D} */ (copy.getContext("2d", { willReadFrequently: false }));
  if (isDrawn(canvas)) {
    if (copy.width !== canvas.width || copy.height !== canvas.height) [copy.width, copy.height] = [canvas.width, canvas.height];
    onto.clearRect(0, 0, copy.width, copy.height);
    onto.drawImage(canvas, 0, 0);
  }
  if (copy.width) context.drawImage(copy, box.x, box.y, box.width, box.height);
}

const probe = document.createElement("canvas");
probe.width = probe.height = 1;
const probed = /** @type {CanvasRenderingContext2D} */ (probe.getContext("2d", { willReadFrequently: true }));

/**
 * Return whether a canvas holds a picture. That of WebGL is opaque while it does; others always do.
 * @param {HTMLCanvasElement} canvas
 */
function isDrawn(canvas) {
  if (!canvas.getContext("webgl2")) return true;
  probed.clearRect(0, 0, 1, 1);
  probed.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
  return probed.getImageData(0, 0, 1, 1).data[3] > 0;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {SVGSVGElement} element
 * @param {DOMRect} box
 */
function drawIcon(context, element, box) {
  const copy = /** @type {SVGSVGElement} */ (element.cloneNode(true));
  copy.setAttribute("width", String(2 * box.width));
  copy.setAttribute("height", String(2 * box.height));
  copy.style.color = getComputedStyle(element).color;
  const markup = new XMLSerializer().serializeToString(copy);
  let image = icons.get(markup);
  if (!image) {
    if (icons.size > MOST_ICONS) icons.clear();
    image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(markup)}`;
    icons.set(markup, image);
  }
  if (image.complete && image.naturalWidth) context.drawImage(image, box.x, box.y, box.width, box.height);
}

/**
 * Draw a text, line by line.
 * @param {CanvasRenderingContext2D} context
 * @param {Text} node
 * @param {CSSStyleDeclaration} style
 */
function drawText(context, node, style) {
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "middle";
  const range = document.createRange();
  /** @type {{y: number, x: number, text: string}[]} */
  const lines = [];
  for (const { 0: word, index } of node.data.matchAll(/\S+\s*/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const { x, y, height, width } = range.getBoundingClientRect();
    if (!width) continue;
    const middle = y + height / 2;
    const line = lines.at(-1);
    if (line && Math.abs(line.y - middle) < 3) line.text += word;
    else lines.push({ y: middle, x, text: word });
  }
  for (const { x, y, text } of lines) context.fillText(text, x, y);
}
