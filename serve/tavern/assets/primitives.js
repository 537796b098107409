// The heat map of primitives by track: each cell its window's accuracy, with counts, interval and history on demand.

import { fold, h, keyed, part, s, setAttr, setText, setVar } from "./dom.js";
import { interval } from "./evaluations.js";
import { integer, percent, wholePercent } from "./format.js";
import { onGuild } from "./guildfeed.js";
import { heat } from "./heat.js";

const FEW = 20;
const WIDTH = 200;
const HEIGHT = 36;

export function mount(element) {
  fold(element);
  const map = part(element, "heat");
  onGuild((guild) => {
    if (!guild) return;
    const { primitives } = guild;
    const tracks = [...new Set(primitives.map((primitive) => primitive.track))];
    setAttr(part(element, "empty"), "hidden", primitives.some(isMeasured));
    keyed(map, tracks, (track) => track, createTrack, (row, track) => patchTrack(row, primitives.filter((primitive) => primitive.track === track)));
    if (!map.querySelector(".cell[tabindex='0']")) map.querySelector(".cell")?.setAttribute("tabindex", 0);
  });
  // One stop for Tab; arrows go on from cell to cell.
  map.addEventListener("keydown", (event) => {
    const cells = [...map.querySelectorAll(".cell")];
    const at = cells.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: below(cells, at, 1), ArrowUp: below(cells, at, -1), Home: 0, End: cells.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    cells[to]?.focus();
  });
  map.addEventListener("focusin", ({ target }) => {
    for (const cell of map.querySelectorAll(".cell[tabindex='0']")) cell.tabIndex = -1;
    target.closest(".cell").tabIndex = 0;
  });
}

// The nearest cell of the row of cells below or above.
function below(cells, at, direction) {
  const here = cells[at]?.getBoundingClientRect();
  if (!here) return at;
  const boxes = cells.map((cell) => cell.getBoundingClientRect());
  const beyond = boxes.map((box, k) => [direction * (box.top - here.top), Math.abs(box.left - here.left), k]).filter(([down]) => down > 4);
  return beyond.sort((a, b) => a[0] - b[0] || a[1] - b[1])[0]?.[2] ?? at;
}

const isMeasured = (primitive) => primitive.window_n > 0;

function createTrack(track) {
  return h("section", { class: "trackrow", "aria-labelledby": `track-${track}` },
    h("h3", { id: `track-${track}` }, track[0].toUpperCase() + track.slice(1), h("small")), h("ul", { class: "cells" }));
}

function patchTrack(row, primitives) {
  const measured = primitives.filter(isMeasured);
  const mean = measured.reduce((sum, primitive) => sum + primitive.window_accuracy, 0) / measured.length;
  const count = measured.length === primitives.length ? integer(primitives.length) : `${measured.length} of ${primitives.length}`;
  setText(row.querySelector("small"), measured.length ? `${count} · mean ${wholePercent(mean)}` : `${integer(primitives.length)} · not measured`);
  keyed(row.querySelector(".cells"), primitives, (primitive) => primitive.id, createCell, patchCell);
}

function createCell(primitive) {
  const tip = `tip-${primitive.id}`;
  const history = s("svg", { class: "history", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, s("path", { class: "ln" }));
  return h("li", { class: "cell has-tip", tabindex: -1, "aria-describedby": tip }, h("span", {}, primitive.title), h("b"),
    h("span", { class: "tip", role: "tooltip", id: tip }, h("span", { class: "mono" }, primitive.id), h("b"), h("span", { class: "more" }), history));
}

function patchCell(cell, primitive) {
  const [, number, tip] = cell.children;
  const [, words, more, history] = tip.children;
  const asked = isMeasured(primitive);
  cell.className = `cell has-tip${asked ? (primitive.window_n < FEW ? " few" : "") : " none"}`;
  if (asked) {
    const { fill, ink } = heat(primitive.window_accuracy);
    setVar(cell, "--h", fill);
    setVar(cell, "--f", ink);
  }
  setText(number, asked ? String(Math.round(100 * primitive.window_accuracy)) : "–");
  setText(words, asked ? `${integer(primitive.window_correct)} of ${integer(primitive.window_n)} correct = ${percent(primitive.window_accuracy)}` : "never asked");
  setText(more, asked ? `95 % Wilson interval ${interval(primitive)}. ${integer(primitive.correct)} of ${integer(primitive.attempts)} since the campaign began.` : "");
  setAttr(history, "hidden", primitive.history.length < 2);
  if (primitive.history.length > 1) setAttr(history.firstChild, "d", curve(primitive.history));
}

function curve(history) {
  const first = history[0].step;
  const span = history.at(-1).step - first || 1;
  return history.map(({ step, n, correct }, at) => `${at ? "L" : "M"}${((WIDTH * (step - first)) / span).toFixed(1)} ${(HEIGHT * (1 - correct / n)).toFixed(1)}`).join("");
}
