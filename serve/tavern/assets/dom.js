// Elements and patches. Text reaches the page only through textContent and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) setAttr(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const s = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);
export const icon = (name, small = false) => s("svg", { class: small ? "i s" : "i", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));

// A skill's rune, by the symbol its YAML names.
export const rune = (name) => s("svg", { class: "rune", "aria-hidden": "true" }, s("use", { href: `#${document.getElementById(name) ? name : "rune-any"}` }));

// Writes only what differs, so an unchanged panel costs no layout.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttr(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

export function setVar(element, name, value) {
  if (element.style.getPropertyValue(name) !== String(value)) element.style.setProperty(name, value);
}

// `[data-name]` of a panel by its attribute; `part(panel, "level")` is its `data-level` element.
export const part = (root, name) => root.querySelector(`[data-${name}]`);

// Says something in the page's one live region (in the strip).
export const say = (words) => setText(document.querySelector("[data-say]"), words);

// Makes the children of `list` those of `items`, in order, and no others: known keys are patched in place, and the focus
// stays where it is.
export function keyed(list, items, keyOf, create, patch) {
  const focused = document.activeElement;
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let at = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    known.delete(key); // a second item with this key gets a child of its own
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    patch(child, item);
    if (child === at) at = at.nextElementSibling;
    else list.insertBefore(child, at);
  }
  while (at) { // what stands behind the last item was not used
    const unused = at;
    at = at.nextElementSibling;
    unused.remove();
  }
  if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

// Starts a one-shot CSS animation again.
export function replay(element, name, lasts) {
  element.classList.remove(name);
  void element.getBoundingClientRect();
  element.classList.add(name);
  setTimeout(() => element.classList.remove(name), lasts);
}

// Escape hides the tooltip under the focus or the pointer until either moves on.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const tipped of document.querySelectorAll(".has-tip:is(:hover, :focus, :focus-within)")) {
    tipped.dataset.tipOff = "";
    const restore = () => delete tipped.dataset.tipOff;
    tipped.addEventListener("pointerleave", restore, { once: true });
    tipped.addEventListener("focusout", restore, { once: true });
  }
});

// A panel that is folded at first on a phone.
export function fold(panel) {
  part(panel, "fold").open = !matchMedia("(max-width: 640px)").matches;
}
