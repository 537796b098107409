// Text of problems and answers. Circled digits are drawn here: few systems have a font with all of them. What is copied,
// searched and read aloud is the text itself.

import { h } from "./dom.js";

const CIRCLED = /([⓪①②③④⑤⑥⑦⑧⑨])/u;
const DIGITS = "⓪①②③④⑤⑥⑦⑧⑨";

const pieces = (text) => text.split(CIRCLED).filter((piece) => piece !== "").map((piece) => (CIRCLED.test(piece) ? h("i", { class: "digit", "data-digit": DIGITS.indexOf(piece) }, h("span", {}, piece)) : piece));

export const said = (tag, name, text) => h(tag, { class: name }, ...pieces(text));

// Whether some of a text is drawn here, and so is not seen as it is in a text field.
export const isDrawn = (text) => CIRCLED.test(text);

// What comes later of a text, to its end.
export const saidMore = (element, text) => element.append(...pieces(text));
