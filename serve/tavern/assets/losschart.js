// The loss curve: raw and smoothed train loss, validation loss, marks, a crosshair for pointer and keyboard.
// Drawn on one stretched SVG; labels are HTML, so they keep their size.

import { h, part, s, setAttr, setText, setVar } from "./dom.js";
import { integer, loss, stepLabels } from "./format.js";
import { logTicks, lowerBound, niceTicks, tickLabel } from "./scale.js";

const WIDTH = 1000;
const HEIGHT = 300;
const MOST_POINTS = 6000; // kept; beyond, every other one of the older half goes
const COLUMNS = 500; // the raw line keeps the extremes of each
const EMA_DECAY = 0.98; // per step
const RIGHT_ROOM = 0.025;
const LABEL_PX = 6.5; // of a letter of a mark's words, at most
const SPIKES = 0.03; // of the raw points may lie beyond the scale; smoothed and validation losses never do

export class LossChart {
  constructor(element) {
    this.element = element;
    this.plot = part(element, "plot");
    const path = (name) => s("path", { class: name });
    this.grid = s("g");
    this.lines = { marks: path("qm"), raw: path("raw"), ema: path("ema"), vl: path("vl"), vd: path("vd"), halo: path("now-halo"), dot: path("now-dot") };
    part(element, "svg").append(this.grid, ...Object.values(this.lines));
    this.cursor = null;
    this.clear();
    for (const input of element.querySelectorAll("input")) input.addEventListener("change", () => this.draw());
    this.plot.addEventListener("pointermove", (event) => {
      const box = this.plot.getBoundingClientRect();
      this.point(this.left + ((event.clientX - box.left) / box.width) * (this.right - this.left));
    });
    this.plot.addEventListener("pointerleave", () => this.point(null));
    this.plot.addEventListener("blur", () => this.point(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  get lastStep() {
    return this.points.length ? this.points.at(-1)[0] : -1;
  }

  clear() {
    this.points = []; // [step, train loss, its exponential moving average, corrected for its start]
    this.sum = 0;
    this.weight = 0;
    this.val = [];
    this.marks = [];
    this.draw();
  }

  add({ points = [], val = [], marks = [] }) {
    for (const [step, value] of points) {
      if (step <= this.lastStep || value === null) continue;
      const keep = EMA_DECAY ** (step - this.lastStep);
      this.sum = keep * this.sum + (1 - keep) * value;
      this.weight = keep * this.weight + (1 - keep);
      this.points.push([step, value, this.sum / this.weight]);
    }
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, at) => at % 2 === 0 || at > MOST_POINTS / 2);
    this.val = merged(this.val, val);
    this.marks = merged(this.marks, marks);
    this.draw();
  }

  option(selector) {
    return this.element.querySelector(selector).checked;
  }

  draw() {
    const { points } = this;
    setAttr(part(this.element, "empty"), "hidden", points.length > 0);
    const span = Number(this.element.querySelector("[name=loss-span]:checked").value);
    const end = points.length ? Math.max(this.lastStep, this.val.at(-1)?.[0] ?? 0) : 1;
    const first = points[0]?.[0] ?? 0;
    this.left = span ? Math.max(first, end - span) : first;
    this.right = Math.max(this.left + 1, end + RIGHT_ROOM * (end - this.left));
    const rows = points.slice(Math.max(0, lowerBound(points, this.left) - 1));
    const val = this.val.slice(Math.max(0, lowerBound(this.val, this.left) - 1));
    this.scaleY(rows, val);
    this.drawAxes();
    this.drawLines(rows, val);
    this.drawMarks();
    this.point(this.cursor);
  }

  // The range of what is shown, without the rarest spikes; logarithmic where asked.
  scaleY(rows, val) {
    const raw = rows.map((row) => row[1]).sort((a, b) => a - b);
    const whole = rows.map((row) => row[2]).concat(val.map((row) => row[1]));
    let low = Math.min(raw[0] ?? 0, ...whole);
    let high = Math.max(raw[Math.ceil(raw.length * (1 - SPIKES)) - 1] ?? 1, ...whole);
    this.log = this.option("[data-log]") && low > 0;
    if (this.log) {
      low /= 1.08;
      high *= 1.12;
    } else {
      const room = 0.08 * (high - low || high || 1);
      low = Math.max(0, low - room);
      high += room;
    }
    this.low = low;
    this.high = high > low ? high : low + 1;
  }

  x(step) {
    return ((step - this.left) / (this.right - this.left)) * WIDTH;
  }

  y(value) {
    const at = this.log ? Math.log(Math.max(value, 1e-9) / this.low) / Math.log(this.high / this.low) : (value - this.low) / (this.high - this.low);
    return (1 - at) * HEIGHT;
  }

  drawAxes() {
    if (!this.points.length) {
      for (const axis of [this.grid, part(this.element, "y"), part(this.element, "x")]) axis.replaceChildren();
      return;
    }
    const ys = this.log ? logTicks(this.low, this.high) : niceTicks(this.low, this.high, 5);
    const xs = niceTicks(this.left, this.right, this.plot.clientWidth > 500 ? 7 : 4).filter((step) => Number.isInteger(step));
    const at = (share) => `--p:${(100 * share).toFixed(2)}`;
    this.grid.replaceChildren(
      ...ys.map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: this.y(tick), y2: this.y(tick) })),
      ...xs.map((tick) => s("line", { class: "grid minor", y1: 0, y2: HEIGHT, x1: this.x(tick), x2: this.x(tick) })),
    );
    const label = (tick) => (this.log ? String(tick) : tickLabel(tick, ys));
    part(this.element, "y").replaceChildren(...ys.map((tick) => h("span", { style: at(this.y(tick) / HEIGHT) }, label(tick))));
    const stepLabel = stepLabels(xs);
    part(this.element, "x").replaceChildren(
      ...xs.filter((tick) => this.x(tick) > 20 && this.x(tick) < WIDTH - 20)
        .map((tick) => h("span", { style: at(this.x(tick) / WIDTH) }, stepLabel(tick))),
    );
  }

  drawLines(rows, val) {
    const { raw, ema, vl, vd, halo, dot } = this.lines;
    const smooth = this.option("[data-ema]");
    const column = (step) => Math.floor((this.x(step) / WIDTH) * COLUMNS);
    setAttr(raw, "d", this.path(extremes(rows, column)));
    raw.classList.toggle("alone", !smooth);
    setAttr(ema, "d", smooth ? this.path(lastOfEach(rows, column).map((row) => [row[0], row[2]])) : "");
    setAttr(vl, "d", this.path(val));
    setAttr(vd, "d", val.map(([step, value]) => this.dot(step, value)).join(""));
    const last = rows.at(-1);
    const end = last ? this.dot(last[0], smooth ? last[2] : last[1]) : "";
    setAttr(halo, "d", end);
    setAttr(dot, "d", end);
  }

  path(rows) {
    return rows.map(([step, value], at) => `${at ? "L" : "M"}${this.x(step).toFixed(1)} ${this.y(value).toFixed(1)}`).join("");
  }

  dot(step, value) {
    return `M${this.x(step).toFixed(1)} ${this.y(value).toFixed(1)}h0`;
  }

  // Every mark has its line; words only where they do not run into the next mark's.
  drawMarks() {
    const shown = this.marks.filter(([step]) => step >= this.left && step <= this.right);
    setAttr(this.lines.marks, "d", shown.map(([step]) => `M${this.x(step).toFixed(1)} 0V${HEIGHT}`).join(""));
    const labels = [];
    let free = 1;
    for (const [step, words] of shown.toReversed()) {
      const at = this.x(step) / WIDTH;
      const room = (words.length + 4) * LABEL_PX / (this.plot.clientWidth || WIDTH);
      const left = at + room > 1;
      if ((left ? at : at + room) > free) continue;
      labels.push(h("span", { class: left ? "left" : "", style: `--p:${(100 * at).toFixed(2)}` }, words));
      free = left ? at - room : at;
    }
    part(this.element, "marks").replaceChildren(...labels);
  }

  // Moves the crosshair to the recorded point nearest to `step`; null takes it away.
  point(step) {
    const { points } = this;
    this.cursor = step;
    const cross = part(this.element, "cross");
    setAttr(this.plot, "aria-valuemin", points[0]?.[0] ?? 0);
    setAttr(this.plot, "aria-valuemax", Math.max(0, this.lastStep));
    const row = points.length ? nearest(points, step ?? this.lastStep) : null;
    const near = row && this.val.length ? nearest(this.val, row[0]) : null;
    const words = row ? [`step ${integer(row[0])}`, `train ${loss(row[1])}`, `EMA ${loss(row[2])}`, ...(near ? [`validation ${loss(near[1])} at ${integer(near[0])}`] : [])] : ["no points yet"];
    setAttr(this.plot, "aria-valuenow", row?.[0] ?? 0);
    setAttr(this.plot, "aria-valuetext", words.join(", "));
    setAttr(cross, "hidden", step === null || row === null);
    if (step === null || row === null) return;
    setText(part(cross, "cross-text"), words.join("\n"));
    const at = this.x(row[0]) / WIDTH;
    setVar(cross, "--p", (100 * at).toFixed(2));
    cross.classList.toggle("flip", at > 0.6);
  }

  key(event) {
    const at = this.points.indexOf(nearest(this.points, this.cursor ?? this.lastStep));
    const visible = this.points.length - lowerBound(this.points, this.left);
    const jump = Math.max(1, Math.round(visible / 100));
    const to = { ArrowLeft: at - jump, ArrowRight: at + jump, PageDown: at - 10 * jump, PageUp: at + 10 * jump, Home: 0, End: Infinity }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    this.point(this.points[Math.min(this.points.length - 1, Math.max(this.points.length - visible, to))][0]);
  }
}

// Both lists as one, in the order of their steps; a row that is known already counts once.
function merged(rows, fresh) {
  const known = new Set(rows.map(String));
  const late = fresh.filter((row) => row[1] !== null && !known.has(String(row)));
  return late.length ? [...rows, ...late].sort((a, b) => a[0] - b[0]) : rows;
}

function nearest(rows, step) {
  const at = lowerBound(rows, step);
  if (at === 0) return rows[0];
  if (at === rows.length) return rows[at - 1];
  return step - rows[at - 1][0] <= rows[at][0] - step ? rows[at - 1] : rows[at];
}

// At most the lowest and the highest of each column, in the order they came.
function extremes(rows, column) {
  const kept = [];
  for (let at = 0; at < rows.length; ) {
    const mine = column(rows[at][0]);
    let low = at;
    let high = at;
    for (at += 1; at < rows.length && column(rows[at][0]) === mine; at += 1) {
      if (rows[at][1] < rows[low][1]) low = at;
      if (rows[at][1] > rows[high][1]) high = at;
    }
    kept.push(rows[Math.min(low, high)]);
    if (low !== high) kept.push(rows[Math.max(low, high)]);
  }
  return kept;
}

const lastOfEach = (rows, column) => rows.filter((row, at) => at === rows.length - 1 || column(row[0]) !== column(rows[at + 1][0]));
