// Evaluations of a level against its gate: a row each with the Wilson interval, and the axis under them.

import { h, keyed, setVar } from "./dom.js";
import { integer, percent } from "./format.js";

const share = (value) => (100 * value).toFixed(1);
export const MEMORIZABLE = "fewer than 300 distinct problems for evaluation: training and evaluation draw from all of them";
export const interval = ({ low, high }) => `${share(low)}–${share(high)} %`;

// `scope` keeps the ids of the tooltips apart from those of other lists on the page.
export function patchEvaluations(rows, axis, evaluations, threshold, scope) {
  const gate = 100 * threshold;
  keyed(rows, evaluations, (row) => `${row.level}/${row.step}/${row.at}`, (row) => create(row, gate, scope), () => {});
  if (axis.dataset.gate === String(gate)) return;
  axis.dataset.gate = gate;
  const tick = (at, words, name = "") => h("span", { class: name, style: `--m:${at}` }, words);
  axis.replaceChildren(h("span", { class: "t" }, "step"), h("span", { class: "trk ax" }, tick(0, "0"), tick(25, "25"), tick(50, "50"), tick(gate, `gate ${gate.toFixed(0)} %`, "g"), tick(100, "100")), h("span"));
}

function create(row, gate, scope) {
  const tip = `tip-${scope}-${row.level}-${row.step}`;
  return h(
    "div", { class: "ev has-tip fresh", tabindex: 0, role: "group", "aria-label": `step ${integer(row.step)}: ${percent(row.accuracy)}`, "aria-describedby": tip },
    h("span", { class: "t" }, integer(row.step)),
    track(row, gate),
    h("span", { class: "a" }, percent(row.accuracy)),
    h("span", { class: "tip", role: "tooltip", id: tip }, h("b", {}, `${row.correct} of ${row.n} correct = ${percent(row.accuracy)}`), "95 % Wilson interval ", h("span", { class: "mono" }, interval(row))));
}

// Accuracy and interval on a line from 0 to 100 %, with the gate where there is one.
export function track(row, gate = null) {
  const line = h("span", { class: "trk", style: gate === null ? null : `--gate:${gate}` },
    gate === null ? null : h("i", { class: "gate" }), h("i", { class: "ci" }), h("i", { class: "pip" }));
  patchTrack(line, row);
  return line;
}

export function patchTrack(line, { accuracy, low, high }) {
  const gate = line.style.getPropertyValue("--gate");
  line.lastChild.classList.toggle("met", gate !== "" && 100 * accuracy >= Number(gate));
  setVar(line, "--lo", share(low));
  setVar(line, "--hi", share(high));
  setVar(line, "--m", share(accuracy));
}
