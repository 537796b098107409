// The level chosen on a skill's page: its facts, sample problems, and the hero's answers with their grades.

import { act } from "./acting.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { integer, moment, percent, plural } from "./format.js";
import { begin, isOpen, isTrained, jobOf } from "./guildfeed.js";
import { route, skillHref } from "./guildroute.js";
import { jobLine, patchJobLine } from "./jobline.js";
import { said } from "./said.js";
import { skillUrl } from "./skillcontrols.js";

const MOST_ANSWERS = 40;
export const levelJob = (skill) => `level/${skill}`;

// Sets the panel up; `current()` is the skill shown.
export function levelPanel(page, current) {
  const control = part(page, "evaluate-level");
  control.addEventListener("click", () => {
    const level = shownLevel(current());
    act(control, part(page, "level-problem"), () => begin(levelJob(route.skill), `${skillUrl(route.skill)}/evaluate`, { level }, { kind: "eval", level }));
  });
  part(page, "filter").addEventListener("change", () => answers(page, current()));
}

// Brings the level's panel into view, below what was pressed.
export function revealLevel(page) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  part(page, "level-title").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

const shownLevel = (detail) => detail.examples[0]?.level ?? route.level ?? detail.training_level;

export function patchLevelPanel(page, skill, detail) {
  const level = shownLevel(detail);
  const row = detail.levels.find((each) => each.level === level);
  setText(part(page, "level-title"), `Level ${level}: ${row.title}`);
  step(part(page, "lower"), skill, level - 1);
  step(part(page, "higher"), skill, level + 1);
  const control = part(page, "evaluate-level");
  setText(control.lastChild, `Evaluate level ${level}`);
  setAttr(control, "aria-disabled", isOpen(jobOf(levelJob(route.skill))) ? "true" : null);
  setAttr(control, "disabled", !isTrained(skill));
  line(part(page, "job-place"));
  const facts = [
    ["Mastered at step", row.mastered_at_step === null ? "not yet" : integer(row.mastered_at_step)],
    ["Accuracy", row.n ? `${percent(row.accuracy)}` : "–"],
    ["Correct", row.n ? `${integer(row.correct)} of ${integer(row.n)}` : "not asked yet"],
    ["Share of the mix", percent(row.weight)],
    ["Memorizable", row.memorizable ? "yes, fewer than 300 for evaluation" : "no"],
  ];
  keyed(part(page, "level-facts"), facts, ([name]) => name, ([name]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd")), (fact, [, value]) => setText(fact.lastChild, value));
  const examples = detail.examples.map((example, place) => ({ ...example, key: `${example.level}/${place}/${example.prompt}` })); // prompts may repeat
  keyed(part(page, "examples"), examples, ({ key }) => key, ({ prompt, response }) =>
    h("li", { class: "sheet" }, said("p", "said", prompt), given("response", response)), () => {});
  answers(page, detail);
}

function line(place) {
  if (place.firstChild?.dataset.job !== levelJob(route.skill)) place.replaceChildren(jobLine(levelJob(route.skill)));
  patchJobLine(place.firstChild);
}

function step(link, skill, level) {
  const there = level >= 1 && level <= skill.max_level;
  setAttr(link, "hidden", !there);
  setAttr(link, "href", skillHref(skill.id, level));
  setText(part(link, "number"), String(level));
}

function answers(page, detail) {
  const level = shownLevel(detail);
  const wanted = page.querySelector("[name=answers]:checked").value;
  const mine = detail.samples.filter((sample) => sample.level === level);
  const all = mine.flatMap(({ step: at, at: when, answers: given }) => given.map((each, place) => ({ ...each, key: `${level}/${at}/${when}/${place}`, at, when })));
  const chosen = all.filter((each) => wanted === "" || String(each.correct) === wanted);
  const others = [...new Set(detail.samples.map((sample) => sample.level))];
  const right = all.filter((each) => each.correct).length;
  const cut = chosen.length > MOST_ANSWERS ? `; the first ${MOST_ANSWERS} of ${integer(chosen.length)} are shown` : "";
  const nothing = others.length ? `No answers at level ${level} are kept. There are some of ${others.length === 1 ? "level" : "levels"} ${others.join(", ")}.` : "No answers are kept yet: each evaluation keeps a few, with their grades.";
  setText(part(page, "answers-sub"), all.length ? `${integer(right)} of ${plural(all.length, "kept answer")} correct${cut}` : nothing);
  keyed(part(page, "answers"), chosen.slice(0, MOST_ANSWERS), (each) => each.key, sheet, () => {});
}

function sheet({ prompt, answer, expected, correct, reason, at, when }) {
  return h("li", { class: `sheet ${correct ? "right" : "wrong"}` },
    h("p", { class: "grade" }, icon(correct ? "check" : "x", true), h("b", {}, correct ? "right" : "wrong"), h("span", { class: "sub" }, `step ${integer(at)}, ${moment(when)}`)),
    said("p", "said", prompt),
    given("answer", answer), correct ? null : given("expected", expected), reason ? said("p", "why", reason) : null);
}

const given = (name, words) => h("p", { class: "given" }, h("span", { class: "lbl" }, name), words === "" ? h("span", { class: "faint" }, "nothing") : said("span", "said", words));
