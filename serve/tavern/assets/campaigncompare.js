// Campaigns held against each other: mastered levels by what they took, caps by parameters, every cap in one table.

import { capChart, colourOf, courseChart } from "./campaigncharts.js";
import { comparison, csvUrl } from "./campaignsfeed.js";
import { route } from "./campaignsroute.js";
import { capKind } from "./campaignverdicts.js";
import { h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { duration, integer, parameters, plural } from "./format.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";
import { onState } from "./live.js";

export const AXES = { tokens: "tokens of training", seconds: "seconds of training steps", step: "steps" };

export function mount(element) {
  const picker = part(element, "skill");
  let rows = null;
  let names = {};
  const show = () => {
    if (!rows) return;
    setAttr(part(element, "empty"), "hidden", rows.length > 0);
    setAttr(part(element, "body"), "hidden", rows.length === 0);
    for (const link of element.querySelectorAll("[data-csv]")) setAttr(link, "href", csvUrl(link.dataset.csv));
    setText(part(element, "sub"), rows.length ? plural(rows.length, "campaign") : "");
    const skills = skillsOf(rows);
    options(picker, skills, names);
    const skill = skills.includes(route.skill) ? route.skill : skills[0];
    setAttr(part(element, "skill-field"), "hidden", skills.length < 2);
    if (skill && picker.value !== skill) picker.value = skill;
    const by = AXES[route.by] ? route.by : "tokens";
    for (const radio of element.querySelectorAll("[data-by] input")) radio.checked = radio.value === by;
    setText(part(element, "axis"), by === "step" ? "steps" : by);
    setText(part(element, "axis-title"), AXES[by]);
    if (rows.length === 0) return;
    courseChart(element, rows, skill, by);
    capChart(element, rows, skill);
    const caps = rows.flatMap((row, at) => row.caps.map((cap) => ({ ...cap, at })));
    keyed(part(element, "rows"), caps, (cap) => `${cap.campaign_id}/${cap.skill_id}`, create, (line, cap) => patch(line, cap, names));
  };
  picker.addEventListener("change", () => route.set({ skill: picker.value }));
  part(element, "by").addEventListener("change", (event) => route.set({ by: event.target.value }));
  route.on(show);
  onState((state) => {
    if (!state) return;
    names = Object.fromEntries(Object.values(state.skills ?? {}).map(({ id, name }) => [id, name]));
  });
  comparison.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    rows = value ?? rows;
    show();
  });
}

// The skills of these campaigns, the one with the most levels first.
function skillsOf(rows) {
  const levels = new Map();
  for (const { mastered } of rows) for (const [id, level] of Object.entries(mastered)) levels.set(id, (levels.get(id) ?? 0) + level);
  return [...levels].sort(([, one], [, other]) => other - one).map(([id]) => id);
}

const nameOf = (names, id) => names[id] ?? id.toUpperCase();

function options(picker, skills, names) {
  const mark = JSON.stringify(skills.map((id) => nameOf(names, id)));
  if (picker.dataset.is === mark) return;
  picker.dataset.is = mark;
  picker.replaceChildren(...skills.map((id) => h("option", { value: id }, nameOf(names, id))));
}

function create() {
  const cell = (name, left = false) => h("td", { class: left ? "l" : null, "data-label": name, [`data-${name}`]: true });
  return h("tr", {}, h("th", { scope: "row" }, h("i", { class: "swatch", "aria-hidden": "true" }), " ", h("a", {})), cell("hero", true), cell("parameters"), cell("skill", true), cell("mastered"), cell("cap"), cell("kind", true), cell("tokens"), cell("seconds"), cell("step"));
}

function patch(line, cap, names) {
  const put = (name, words) => setText(part(line, name), words);
  const anchor = line.querySelector("a");
  setText(anchor, cap.campaign_id);
  setAttr(anchor, "href", route.href({ campaign: cap.campaign_id }));
  setVar(line.querySelector(".swatch"), "--c", colourOf(cap.at));
  put("hero", cap.hero_id);
  put("parameters", parameters(cap.parameters));
  put("skill", nameOf(names, cap.skill_id));
  put("mastered", integer(cap.mastered_level));
  put("cap", cap.cap_level === null ? "–" : cap.kind === "ladder_exhausted" ? "none" : `${integer(cap.cap_level)} to ${integer(cap.cap_level + 1)}`);
  put("kind", cap.kind ? capKind(cap.kind) : "no verdict");
  put("tokens", integer(cap.tokens));
  put("seconds", duration(cap.seconds));
  put("step", integer(cap.step));
}
