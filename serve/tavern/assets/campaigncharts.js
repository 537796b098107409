// The two charts of a comparison. Lines end in their names; names that would lie on each other are moved apart.

import { h, part, s, setAttr } from "./dom.js";
import { duration, integer, parameters, stepLabels } from "./format.js";
import { logTicks, niceTicks } from "./scale.js";

const WIDTH = 1000;
const HEIGHT = 100;
const COLOURS = ["#ffc04d", "#79d8c6", "#8fbcf0", "#d0a5ef", "#97d38d", "#ff9a86", "#e3cf9f", "#f4a6c8"];
const LABEL = 7.5; // height of a name, in percent of the chart
const LETTER = 7.2; // px of a letter of a name
const MOST_NAMED = 0.5; // of the chart's width, at most, for the names beside the lines

export const colourOf = (at) => COLOURS[at % COLOURS.length];
const label = (share, words) => h("span", { style: `--p:${(100 * share).toFixed(2)}` }, words);
const short = (value) => parameters(value);

// Each campaign's promotions in a skill as stairs, up to where it is now; `by` names the counter.
export function courseChart(element, rows, skill, by) {
  const lines = rows.map((row, at) => ({ id: row.id, colour: colourOf(at), asked: skill in row.mastered, ...course(row, skill, by) })).filter((line) => line.asked && line.end !== null);
  for (const line of lines) line.words = `${line.id} ${integer(line.level)}`;
  const named = LETTER * (2 + Math.max(0, ...lines.map((line) => line.words.length)));
  const room = 1 - Math.min(MOST_NAMED, named / Math.max(1, part(element, "plot").clientWidth));
  const far = Math.max(1, ...lines.map((line) => line.end));
  const top = Math.max(4, ...lines.map((line) => line.level)) * 1.08;
  const x = (value) => (value / far) * WIDTH * room;
  const y = (level) => (1 - level / top) * HEIGHT;
  const ys = niceTicks(0, top, 5).filter(Number.isInteger);
  const xs = niceTicks(0, far / room, 6).filter((tick) => x(tick) < WIDTH * 0.97);
  part(element, "svg").replaceChildren(
    ...ys.map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(tick), y2: y(tick) })),
    ...xs.map((tick) => s("line", { class: "grid minor", x1: x(tick), x2: x(tick), y1: 0, y2: HEIGHT })),
    ...lines.map((line) => s("path", { class: "stair", style: `--c:${line.colour}`, d: `M0 ${HEIGHT}${line.points.map(([value, level]) => `H${x(value).toFixed(1)}V${y(level).toFixed(2)}`).join("")}H${x(line.end).toFixed(1)}` })),
  );
  part(element, "y").replaceChildren(...ys.map((tick) => label(y(tick) / HEIGHT, integer(tick))));
  const words = by === "seconds" ? duration : by === "step" ? stepLabels(xs) : short;
  part(element, "x").replaceChildren(...xs.map((tick) => label(x(tick) / WIDTH, tick === 0 ? "0" : words(tick))));
  names(part(element, "ends"), lines.map((line) => ({ ...line, x: x(line.end) / 10, y: y(line.level) })));
  setAttr(part(element, "plot"), "aria-label", `Mastered level: ${lines.map((line) => `${line.id} ${integer(line.level)} after ${words(line.end)}`).join(", ") || "nothing known yet"}`);
}

// [[counter, level], …] with level 0 first left out, where it ends, and the last level.
function course(row, skill, by) {
  const value = (counters, step) => (by === "step" ? step : counters?.[by] ?? null);
  const points = row.transitions.filter((each) => each.skill_id === skill).map((each) => [value(each.total, each.step), each.level]).filter(([at]) => at !== null);
  const now = value(row.reached, row.reached?.step ?? null);
  const last = points.at(-1)?.[0] ?? null;
  return { points, level: points.at(-1)?.[1] ?? 0, end: now === null ? last : Math.max(now, last ?? 0) };
}

// A dot a campaign: its cap where a verdict stands, else the level mastered so far, hollow.
export function capChart(element, rows, skill) {
  const dots = rows.flatMap((row, at) => row.caps.filter((cap) => cap.skill_id === skill).map((cap) => ({ id: row.id, colour: colourOf(at), parameters: cap.parameters, level: cap.cap_level ?? cap.mastered_level, known: cap.kind !== null })));
  const all = dots.map((dot) => dot.parameters);
  const [low, high] = [Math.min(...all) / 3, Math.max(...all) * 8];
  const top = Math.max(4, ...dots.map((dot) => dot.level)) * 1.15;
  const x = (value) => (Math.log(value / low) / Math.log(high / low)) * WIDTH;
  const y = (level) => (1 - level / top) * HEIGHT;
  const ys = niceTicks(0, top, 4).filter(Number.isInteger);
  const ticks = dots.length ? logTicks(low, high).filter((tick) => /^1/.test(String(tick))) : [];
  const xs = ticks.length > 1 ? ticks : dots.length ? logTicks(low, high) : [];
  part(element, "cap-svg").replaceChildren(
    ...ys.map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(tick), y2: y(tick) })),
    ...xs.map((tick) => s("line", { class: "grid minor", x1: x(tick), x2: x(tick), y1: 0, y2: HEIGHT })),
  );
  part(element, "cap-y").replaceChildren(...ys.map((tick) => label(y(tick) / HEIGHT, integer(tick))));
  part(element, "cap-x").replaceChildren(...xs.filter((tick) => x(tick) > 30 && x(tick) < 970).map((tick) => label(x(tick) / WIDTH, parameters(tick))));
  const placed = dots.map((dot) => ({ ...dot, x: x(dot.parameters) / 10, y: y(dot.level), words: dot.id }));
  names(part(element, "cap-ends"), placed, placed.map((dot) => h("i", { class: dot.known ? "dot known" : "dot", style: `--c:${dot.colour};--x:${dot.x.toFixed(2)};--y:${dot.y.toFixed(2)}` })));
  setAttr(part(element, "cap-plot"), "aria-label", `Cap against parameters: ${dots.map((dot) => `${dot.id} level ${integer(dot.level)} with ${parameters(dot.parameters)}${dot.known ? "" : ", no verdict"}`).join("; ") || "nothing known yet"}`);
}

// Names beside their ends, in order of height, each at least its own height below the one above; the last within the chart.
function names(place, ends, more = []) {
  const ordered = [...ends].sort((a, b) => a.y - b.y);
  let free = LABEL / 2;
  for (const end of ordered) {
    end.at = Math.max(end.y, free);
    free = end.at + LABEL;
  }
  let limit = HEIGHT - LABEL / 2;
  for (const end of ordered.reverse()) {
    end.at = Math.min(end.at, limit);
    limit = end.at - LABEL;
  }
  place.replaceChildren(...more, ...ordered.map((end) => h("span", { style: `--c:${end.colour};--x:${end.x.toFixed(2)};--y:${end.at.toFixed(2)}` }, end.words)));
}
