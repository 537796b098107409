// Every level of the campaign shown: when it was mastered, what it cost, and its best evaluation.

import { record } from "./campaignsfeed.js";
import { h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { integer, moment, percent, took } from "./format.js";

const COST = [["steps", "step"], ["tokens", "tokens"], ["examples", "examples"]];

export function mount(element) {
  record.on((value) => {
    if (!value) return;
    const rows = levels(value);
    setAttr(part(element, "scroll"), "hidden", rows.length === 0);
    setAttr(part(element, "empty"), "hidden", rows.length > 0);
    keyed(part(element, "rows"), rows, (row) => `${row.skill.id}/${row.level}`, create, patch);
  });
}

// Levels mastered or evaluated, the newest first, skill by skill.
function levels({ transitions, bests, skills }) {
  const known = new Map(skills.map((skill) => [skill.id, skill]));
  const found = new Map();
  const at = (id, level) => {
    const key = `${id}/${level}`;
    if (!found.has(key)) found.set(key, { skill: known.get(id) ?? { id, name: id, colour: "" }, level, transition: null, best: null });
    return found.get(key);
  };
  for (const each of transitions) at(each.skill_id, each.level).transition = each;
  for (const each of bests.levels) at(each.skill_id, each.level).best = each;
  return [...found.values()].sort((a, b) => a.skill.id.localeCompare(b.skill.id) || b.level - a.level);
}

function create({ skill, level }) {
  return h("tr", {},
    h("th", { scope: "row" }, h("i", { class: "swatch", style: `--c:${skill.colour}`, "aria-hidden": "true" }), ` ${skill.name} ${level}`),
    h("td", { "data-label": "mastered", "data-at": true }), h("td", { "data-label": "at step", "data-step": true }),
    ...COST.map(([name]) => h("td", { "data-label": name, [`data-${name}`]: true })),
    h("td", { "data-label": "seconds", "data-seconds": true }), h("td", { "data-label": "best accuracy" }, h("span", { "data-best": true }), h("span", { class: "trk", "data-trk": true, "aria-hidden": "true" }, h("i", { class: "ci" }), h("i", { class: "pip" }))));
}

function patch(line, { skill, transition, best }) {
  setText(part(line, "at"), transition ? moment(transition.at) : "not yet");
  setText(part(line, "step"), integer(transition?.step));
  for (const [name, key] of COST) setText(part(line, name), integer(transition?.cost?.[key]));
  setText(part(line, "seconds"), took(transition?.cost?.seconds));
  setText(part(line, "best"), best ? `${percent(best.accuracy)} of ${best.n}` : "–");
  const track = part(line, "trk");
  setAttr(track, "hidden", best === null);
  setAttr(track.parentNode, "title", best ? `evaluation ${best.evaluation_id}, step ${integer(best.step)}, 95 % interval ${percent(best.low)} to ${percent(best.high)}` : null);
  if (!best) return;
  for (const [name, value] of [["--c", skill.colour], ["--lo", 100 * best.low], ["--hi", 100 * best.high], ["--m", 100 * best.accuracy]]) setVar(track, name, value);
  track.querySelector(".pip").classList.toggle("met", best.accuracy >= 0.8);
}
