// Accuracy of one skill's evaluations by step: a point and its Wilson interval each, one line a level, the gate, and
// where levels were mastered. A crosshair for pointer and keyboard. Labels are HTML, so they keep their size.

import { h, part, s, setAttr, setText, setVar } from "./dom.js";
import { interval } from "./evaluations.js";
import { integer, percent, stepLabels } from "./format.js";
import { niceTicks } from "./scale.js";

const WIDTH = 1000;
const HEIGHT = 100; // percent
const ROOM = 0.02; // left and right of the first and last evaluation
const LABEL_PX = 44; // of "level 14"

export class AccuracyChart {
  constructor(label) {
    const path = (name) => s("path", { class: name });
    this.grid = s("g");
    this.lines = { marks: path("qm"), gate: path("gate"), ci: path("ci"), line: path("acc"), dots: path("dots"), met: path("dots met") };
    this.svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.grid, ...Object.values(this.lines));
    this.plot = h("div", { class: "plot", tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": 0 }, this.svg,
      h("div", { class: "marks", "aria-hidden": "true", "data-marks": true }),
      h("div", { class: "cross", "aria-hidden": "true", "data-cross": true, hidden: true }, h("i"), h("span", { "data-cross-text": true })));
    this.element = h("div", { class: "chart accuracy" }, h("div", { class: "y" }, ...[0, 50, 100].map((tick) => h("span", { style: `--p:${100 - tick}` }, `${tick}`))),
      this.plot, h("span"), h("div", { class: "x", "data-x": true }));
    this.rows = []; // by step
    this.levels = []; // of the rows, in runs
    this.cursor = null; // the row under the crosshair
    this.drawn = null;
    // Also when the plot comes into view: hidden it has no width.
    new ResizeObserver(() => this.labels()).observe(this.plot);
    this.plot.addEventListener("pointermove", (event) => {
      const box = this.plot.getBoundingClientRect();
      const step = this.left + ((event.clientX - box.left) / box.width) * (this.right - this.left);
      this.point(this.nearest(step));
    });
    for (const leave of ["pointerleave", "blur"]) this.plot.addEventListener(leave, () => this.point(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  // `recorded` are rows in the order they were recorded, which is not that of their weights.
  draw(recorded, threshold) {
    const mark = JSON.stringify([recorded.length, recorded[0]?.at, recorded.at(-1)?.at, threshold]);
    if (mark === this.drawn) return;
    this.drawn = mark;
    const rows = recorded.toSorted((a, b) => a.step - b.step);
    this.rows = rows;
    this.levels = runs(rows);
    const first = rows[0]?.step ?? 0;
    const last = Math.max(rows.at(-1)?.step ?? 1, first + 1);
    this.left = first - ROOM * (last - first);
    this.right = last + ROOM * (last - first);
    const at = (row) => this.x(row.step).toFixed(1);
    const y = (share) => (HEIGHT * (1 - share)).toFixed(1);
    const xs = niceTicks(first, last, 5).filter((tick) => Number.isInteger(tick));
    this.grid.replaceChildren(
      ...[0.25, 0.5, 0.75].map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(tick), y2: y(tick) })),
      ...xs.map((tick) => s("line", { class: "grid minor", y1: 0, y2: HEIGHT, x1: this.x(tick), x2: this.x(tick) })));
    setAttr(this.lines.gate, "d", `M0 ${y(threshold)}H${WIDTH}`);
    setAttr(this.lines.ci, "d", rows.map((row) => `M${at(row)} ${y(row.low)}V${y(row.high)}`).join(""));
    setAttr(this.lines.line, "d", this.levels.map((run) => run.map((row, k) => `${k ? "L" : "M"}${at(row)} ${y(row.accuracy)}`).join("")).join(""));
    const dots = (met) => rows.filter((row) => (row.accuracy >= threshold) === met).map((row) => `M${at(row)} ${y(row.accuracy)}h0`).join("");
    setAttr(this.lines.dots, "d", dots(false));
    setAttr(this.lines.met, "d", dots(true));
    const mastered = rows.filter((row) => row.mastered_level);
    setAttr(this.lines.marks, "d", mastered.map((row) => `M${at(row)} 0V${HEIGHT}`).join(""));
    this.labels();
    const label = stepLabels(xs.length ? xs : [0]);
    part(this.element, "x").replaceChildren(...xs.map((tick) => h("span", { style: `--p:${(this.x(tick) / WIDTH) * 100}` }, label(tick))));
    // The crosshair stays at its evaluation; at the oldest where that has left the list.
    this.point(this.cursor && Math.max(0, rows.findIndex(({ at: when, step }) => when === this.cursor.at && step === this.cursor.step)));
  }

  x(step) {
    return ((step - this.left) / (this.right - this.left)) * WIDTH;
  }

  // The level over each run of evaluations, from the newest on, where the words have room.
  labels() {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    let free = width;
    const labels = [];
    for (const run of this.levels.toReversed()) {
      const from = (this.x(run[0].step) / WIDTH) * width;
      const left = Math.min(from, width - LABEL_PX - 8);
      if (left + LABEL_PX > free) continue;
      labels.push(h("span", { style: `--p:${(100 * left) / width}` }, `level ${run[0].level}`));
      free = left - 6;
    }
    part(this.element, "marks").replaceChildren(...labels);
  }

  nearest(step) {
    let best = this.rows.length - 1;
    this.rows.forEach((row, at) => {
      if (Math.abs(row.step - step) < Math.abs(this.rows[best].step - step)) best = at;
    });
    return best;
  }

  // Moves the crosshair to the evaluation at this place of the list; null takes it away.
  point(at) {
    const cross = part(this.element, "cross");
    const row = this.rows[at ?? this.rows.length - 1];
    this.cursor = at === null ? null : row;
    setAttr(this.plot, "aria-valuemax", Math.max(0, this.rows.length - 1));
    setAttr(this.plot, "aria-valuenow", Math.max(0, at ?? this.rows.length - 1));
    const words = row ? [`step ${integer(row.step)} · level ${row.level}`, `${row.correct} of ${row.n} = ${percent(row.accuracy)}`, interval(row), ...(row.mastered_level ? [`level ${row.mastered_level} mastered`] : [])] : ["no evaluation yet"];
    setAttr(this.plot, "aria-valuetext", words.join(", "));
    setAttr(cross, "hidden", at === null || !row);
    if (at === null || !row) return;
    setText(part(cross, "cross-text"), words.join("\n"));
    const share = this.x(row.step) / WIDTH;
    setVar(cross, "--p", (100 * share).toFixed(2));
    cross.classList.toggle("flip", share > 0.5);
  }

  key(event) {
    const last = this.rows.length - 1;
    const at = this.cursor === null ? last : this.rows.indexOf(this.cursor);
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 10, PageUp: at + 10, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.point(Math.min(last, Math.max(0, to)));
  }
}

// Consecutive evaluations of one level.
function runs(rows) {
  const found = [];
  for (const row of rows) {
    if (found.at(-1)?.[0].level === row.level) found.at(-1).push(row);
    else found.push([row]);
  }
  return found;
}
