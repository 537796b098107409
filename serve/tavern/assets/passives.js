// Passives over checkpoints: the pooled result, its interval and peak, the runs behind them, and warnings.

import { act, markRunning } from "./acting.js";
import { fold, h, icon, keyed, part, s, setAttr, setText } from "./dom.js";
import { interval } from "./evaluations.js";
import { integer, plural, wholePercent } from "./format.js";
import { begin, isOpen, jobOf, onGuild } from "./guildfeed.js";
import { jobLine, patchJobLine } from "./jobline.js";

const WIDTH = 1000;
const HEIGHT = 60;
const TOP = 2; // where 100 % is drawn
const JOB = "passive_eval";

export function mount(element) {
  fold(element);
  const line = jobLine(JOB);
  part(element, "line").replaceWith(line);
  const buttons = [...element.querySelectorAll("[data-run]")];
  for (const control of buttons) {
    control.addEventListener("click", () => {
      act(control, part(element, "problem"), () => begin(JOB, "/api/guild/passives/run", { mode: control.dataset.run }, { kind: JOB }));
    });
  }
  const scale = h("li", { class: "key", "aria-hidden": "true" }, h("h3", {}, "Scale"),
    h("span", { class: "spark" }, s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" }, s("path", { class: "ax", d: "M0 2H1000M0 30H1000M0 58H1000" })), ...[100, 50, 0].map((tick) => h("i", { style: `top:${100 - tick}%` }, `${tick} %`))),
    h("span", { class: "faint", "data-scale": true }));
  onGuild((guild) => {
    patchJobLine(line);
    buttons.forEach((control) => setAttr(control, "aria-disabled", isOpen(jobOf(JOB)) ? "true" : null));
    if (!guild) return;
    const { passives, limits } = guild;
    buttons.forEach((control) => markRunning(control, guild, JOB));
    const steps = passives.flatMap((passive) => passive.runs.map((run) => run.step));
    setAttr(part(element, "empty"), "hidden", steps.length > 0);
    const warned = passives.filter((passive) => passive.warning).length;
    const versions = [...new Set(passives.map((passive) => passive.version))];
    setText(part(element, "sub"), `${warned ? `${plural(warned, "warning")} · ` : ""}what the hero was not trained on · LITE at every checkpoint, FULL on request · ${versions.length === 1 ? `version ${versions[0]}` : `versions ${versions.join(", ")}`}`);
    const list = part(element, "list");
    const [first, last] = steps.length ? [Math.min(...steps), Math.max(...steps)] : [0, 1];
    keyed(list, [...passives, { id: "scale" }], (passive) => passive.id, (passive) => (passive.id === "scale" ? scale : create()), (card, passive) => {
      if (card !== scale) patch(card, passive, limits, first, last);
    });
    setAttr(scale, "hidden", steps.length === 0);
    setText(part(scale, "scale"), `line: the last ${limits.pooled_runs} LITE runs (${limits.pooled_problems} problems) pooled; dots: all runs; dashes: peak · steps ${integer(first)} to ${integer(last)}`);
  });
}

function create() {
  const path = (name) => s("path", { class: name });
  return h("li", {}, h("h3"), h("b"),
    h("span", { class: "spark" }, s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, s("path", { class: "ax", d: "M0 30H1000M0 2H1000" }), path("ar"), path("pk"), path("dt"), path("ln"), path("ed"))),
    h("span", { class: "d" }), h("span", { class: "faint" }), h("span", { class: "ci-words" }), h("p", { class: "warning", hidden: true }, icon("warn", true), h("span")));
}

function patch(card, { title, runs, pooled, peak, warning }, limits, first, last) {
  const [name, value, spark, under, best, words, alarm] = card.children;
  card.className = warning ? "w" : pooled ? "" : "none";
  setText(name, title);
  setText(value, pooled ? wholePercent(pooled.accuracy) : "–");
  draw(spark.firstChild, runs, limits.pooled_runs, peak, first, last);
  const points = pooled && peak ? Math.round(100 * peak.accuracy) - Math.round(100 * pooled.accuracy) : null;
  setText(under, points === null ? asked(runs, limits.pooled_problems) : points > 0 ? `${integer(points)} points under peak` : "at peak");
  setText(best, peak ? `peak ${wholePercent(peak.accuracy)} at ${integer(peak.step)}` : "");
  setText(words, pooled ? `${integer(pooled.correct)} of ${integer(pooled.n)} (${interval(pooled)})` : "");
  setAttr(alarm, "hidden", !warning);
  setText(alarm.lastChild, warning ?? "");
}

function draw(svg, runs, size, peak, first, last) {
  const [, area, top, dots, line, end] = svg.children;
  const x = ({ step }) => ((WIDTH * (step - first)) / (last - first || 1)).toFixed(0);
  const y = (share) => (HEIGHT - 2 - (HEIGHT - 2 - TOP) * share).toFixed(1);
  const pools = rolling(runs, size);
  const points = pools.map(([run, share]) => `${x(run)} ${y(share)}`);
  const path = points.map((point, at) => `${at ? "L" : "M"}${point}`).join("");
  setAttr(line, "d", path);
  setAttr(area, "d", points.length > 1 ? `${path}V${HEIGHT}H${x(pools[0][0])}Z` : "");
  setAttr(dots, "d", runs.map((run) => `M${x(run)} ${y(run.accuracy)}h0`).join(""));
  setAttr(end, "d", points.length ? `M${points.at(-1)}h0` : "");
  setAttr(top, "d", peak ? `M0 ${y(peak.accuracy)}H${WIDTH}` : "");
}

const isLite = (run) => run.mode === "lite";
const sum = (runs, name) => runs.reduce((total, run) => total + run[name], 0);

// What there is of the problems that the first pooled result takes.
function asked(runs, problems) {
  const lite = runs.filter(isLite);
  if (!lite.length) return runs.length ? "asked in FULL only" : "not asked yet";
  return `${integer(sum(lite, "n"))} of ${integer(problems)} problems asked`;
}

// What is pooled at each LITE run, from the first on that has enough of them before it: the run, and the accuracy.
function rolling(runs, size) {
  const lite = runs.filter(isLite);
  return lite.slice(size - 1).map((run, at) => {
    const pool = lite.slice(at, at + size);
    return [run, sum(pool, "correct") / sum(pool, "n")];
  });
}
