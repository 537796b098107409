// Text of problems and answers. Circled digits are drawn here: few systems have a font with all of them. What is copied,
// searched and read aloud is the text itself.

import { h } from "./dom.js";

const CIRCLED = /([⓪①②③④⑤⑥⑦⑧⑨])/u;
const DIGITS = "⓪①②③④⑤⑥⑦⑧⑨";

const pieces = (text) => text.split(CIRCLED).filter((piece) => piece !== "").map((piece) => (CIRCLED.test(piece) ? h("i", { class: "digit", "data-digit": DIGITS.indexOf(piece) }, h("span", {}, piece)) : piece));

export const said = (tag, name, text) => h(tag, { class: name }, ...pieces(text));
