// Small parts that several panels patch: the problem banner, names with values, a pager, a button that copies.

import { h, icon, keyed, part, say, setAttr, setText } from "./dom.js";
import { integer } from "./format.js";

export function patchProblem(panel, problem) {
  setAttr(part(panel, "problem"), "hidden", problem === null);
  setText(part(panel, "detail"), problem?.detail ?? "");
  setText(part(panel, "remedy"), problem?.remedy ?? "");
}

// Names and values of a description list.
export function patchFacts(list, pairs) {
  keyed(list, pairs, ([name]) => name, ([name]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd")), (fact, [, value]) => setText(fact.lastChild, value));
}

// Turns the pages of a list whose first row is number `offset`.
export function pager(panel, size, turn) {
  part(panel, "earlier").addEventListener("click", () => turn(-size));
  part(panel, "later").addEventListener("click", () => turn(size));
  return (offset, shown, total) => {
    setAttr(part(panel, "pager"), "hidden", total <= size && offset === 0);
    setText(part(panel, "where"), shown ? `${integer(offset + 1)}–${integer(offset + shown)} of ${integer(total)}` : `none of ${integer(total)}`);
    setAttr(part(panel, "earlier"), "aria-disabled", offset === 0 ? "true" : null);
    setAttr(part(panel, "later"), "aria-disabled", offset + size >= total ? "true" : null);
  };
}

export function copyButton(words, label) {
  const control = h("button", { class: "btn ghost icon", type: "button", "aria-label": label, title: label }, icon("copy"));
  control.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(words);
      say(`Copied: ${words}`);
      control.replaceChildren(icon("check"));
    } catch {
      say("This browser does not let the page copy; select the text instead.");
    }
  });
  return control;
}
