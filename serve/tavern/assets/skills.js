// One card a skill: the ladder, the mastered level, the last evaluations against the gate.

import { h, keyed, part, replay, rune, setAttr, setText, setVar } from "./dom.js";
import { MEMORIZABLE, patchEvaluations } from "./evaluations.js";
import { integer, percent, plural, text } from "./format.js";
import { onState } from "./live.js";

const LEVEL_UP_MS = 2400;

export function mount(element) {
  const cards = part(element, "cards");
  onState((state) => {
    if (!state) return;
    keyed(cards, Object.values(state.skills ?? {}), (skill) => skill.id, create, patch);
  });
}

function create(skill) {
  const named = (name, tag, attributes = {}) => h(tag, { ...attributes, [`data-${name}`]: true });
  return h(
    "section", { class: "panel skill", style: `--c:${skill.colour}`, "aria-labelledby": `skill-${skill.id}` },
    h("div", { class: "top" },
      rune(skill.icon),
      h("div", {}, h("h2", { id: `skill-${skill.id}` }, named("name", "a", { href: `/guild?skill=${skill.id}` })), named("about", "p", { class: "sub" })),
      h("p", { class: "of" }, named("mastered", "b"), named("of", "small"), h("br"), h("span", { class: "lbl" }, "mastered"))),
    named("ladder", "div", { class: "ladder", role: "img" }),
    h("div", { class: "split sub" }, named("training", "span"), named("xp", "span")),
    h("div", { class: "evals" },
      h("div", { class: "split" }, named("mean", "span"), named("count", "span", { class: "sub" })),
      named("rows", "div"),
      named("axis", "div", { class: "ev axis", "aria-hidden": "true" }),
      named("empty", "p", { class: "empty" })));
}

function patch(card, skill) {
  const put = (name, value) => setText(part(card, name), value);
  const mastered = skill.mastered_level ?? 0;
  const whole = skill.max_level !== null && mastered >= skill.max_level;
  put("name", text(skill.name));
  put("about", text(skill.description));
  put("mastered", integer(skill.mastered_level));
  put("of", ` of ${integer(skill.max_level)}`);
  const memorizable = skill.memorizable ? ` (memorizable: ${MEMORIZABLE})` : "";
  const training = whole ? "every level mastered" : `training level ${integer(skill.training_level)}${skill.level_title ? `: ${skill.level_title}` : ""}${memorizable}`;
  put("training", skill.verdict ?? training);
  put("xp", `XP ${integer(skill.xp)}`);
  ladder(part(card, "ladder"), skill, mastered);
  evaluations(card, skill);
  if (card.dataset.mastered !== undefined && mastered > Number(card.dataset.mastered)) replay(card, "levelled", LEVEL_UP_MS);
  card.dataset.mastered = mastered;
}

function ladder(rungs, skill, mastered) {
  const levels = skill.max_level ?? 0;
  while (rungs.childElementCount < levels) rungs.append(h("i"));
  setVar(rungs, "--n", levels);
  setAttr(rungs, "aria-label", `${mastered} of ${plural(levels, "level")} mastered`);
  [...rungs.children].forEach((rung, at) => setAttr(rung, "class", at < mastered ? "on" : at + 1 === skill.training_level ? "now" : null));
}

function evaluations(card, skill) {
  const gate = 100 * (skill.threshold ?? 0);
  const rows = skill.evaluations ?? [];
  setAttr(part(card, "empty"), "hidden", rows.length > 0);
  setAttr(part(card, "axis"), "hidden", rows.length === 0);
  const last = skill.last_accuracy === null || skill.last_accuracy === undefined ? "" : ` The newest evaluation of any level: ${percent(skill.last_accuracy)}.`;
  setText(part(card, "empty"), `No evaluation of level ${integer(skill.training_level)} yet. While a battle runs, snapshots of the hero answer fresh problems of this level, graded exactly; when the mean of three evaluations reaches ${gate.toFixed(0)} %, the level is mastered and the window empties.${last}`);
  setText(part(card, "mean"), rows.length ? `Mean of last ${rows.length} · ${percent(skill.window_mean)}` : "Evaluations");
  const sizes = new Set(rows.map((row) => row.n));
  setText(part(card, "count"), sizes.size === 1 ? `n = ${[...sizes][0]}${rows.length > 1 ? " each" : ""}` : "");
  patchEvaluations(part(card, "rows"), part(card, "axis"), rows, skill.threshold, skill.id);
}
