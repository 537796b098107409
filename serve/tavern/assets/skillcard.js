// The card of a skill that is trained: its ladder, the gate it stands before, its accuracy over time, its weakest
// primitives and its controls.

import { AccuracyChart } from "./accuracychart.js";
import { h, keyed, part, replay, rune, setAttr, setText } from "./dom.js";
import { MEMORIZABLE, interval, patchEvaluations, patchTrack, track } from "./evaluations.js";
import { integer, percent, plural, wholePercent } from "./format.js";
import { isTrained } from "./guildfeed.js";
import { skillHref } from "./guildroute.js";
import { patchSkillControls, skillControls } from "./skillcontrols.js";

const LEVEL_UP_MS = 2400;
const WEAKEST_SHOWN = 6;
const charts = new WeakMap();

const named = (name, tag, attributes = {}, ...children) => h(tag, { ...attributes, [`data-${name}`]: true }, ...children);

export function createCard(skill, limits) {
  const chart = new AccuracyChart(`Accuracy of ${skill.name} by step: evaluation under the crosshair`);
  const card = h(
    "section", { class: "panel skill card", style: `--c:${skill.colour}`, "aria-labelledby": `card-${skill.id}` },
    h("div", { class: "card-top" },
      skillTop(skill, h("h2", { id: `card-${skill.id}` }, h("a", { href: skillHref(skill.id) }, skill.name))),
      named("unavailable", "p", { class: "unavailable", hidden: true })),
    h("div", { class: "card-ladder" },
      named("rungs", "ol", { class: "rung", "aria-label": `Levels of ${skill.name}` }),
      legend(),
      trackFacts()),
    evaluationBlock(chart),
    named("weak", "div", { class: "card-weak" },
      h("h3", {}, "Weakest primitives"), named("weakest", "ul", { class: "weakest" }), named("no-weakest", "p", { class: "empty" }), named("sparred", "p", { class: "sub", hidden: true })),
    skillControls(skill, limits, "card"));
  charts.set(card, chart);
  return card;
}

export function patchCard(card, skill, guild) {
  patchTop(card, skill);
  setAttr(part(card, "unavailable"), "hidden", skill.available);
  setText(part(card, "unavailable"), skill.unavailable_reason ?? "");
  rungs(part(card, "rungs"), skill);
  patchFacts(card, skill);
  patchEvaluationBlock(card, charts.get(card), skill, guild.limits, "card");
  patchWeakest(card, skill, WEAKEST_SHOWN);
  sparred(part(card, "sparred"), skill.sparring);
  patchSkillControls(card.querySelector(".controls"), skill, guild);
  if (card.dataset.mastered !== undefined && skill.mastered_level > Number(card.dataset.mastered)) replay(card, "levelled", LEVEL_UP_MS);
  card.dataset.mastered = skill.mastered_level;
}

export function skillTop(skill, title) {
  return h("div", { class: "top" }, rune(skill.icon), h("div", {}, title, named("about", "p", { class: "sub" }, skill.description)),
    h("p", { class: "of" }, named("mastered", "b"), named("of", "small"), h("br"), h("span", { class: "lbl" }, "mastered")));
}

export function patchTop(card, skill) {
  setText(part(card, "mastered"), integer(skill.mastered_level));
  setText(part(card, "of"), ` of ${integer(skill.max_level)}`);
}

export const legend = (more = []) => h("p", { class: "legend", "aria-hidden": "true" }, ...[["lo", "mastered"], ["ln", "training"], ["", "not reached"], ...more].map(([name, words]) => h("span", {}, h("i", { class: name }), words)));

export const standing = (skill, level) => (level <= skill.mastered_level ? "mastered" : level === skill.training_level ? "training" : "not reached");
const CLASSES = { mastered: "on", training: "now", "not reached": "" };
export const rungClass = (skill, level) => CLASSES[standing(skill, level)];

function rungs(list, skill) {
  const levels = Array.from({ length: skill.max_level }, (_, at) => at + 1);
  keyed(list, levels, (level) => level, (level) => h("li", {}, h("a", { href: skillHref(skill.id, level) }, String(level))), (rung, level) => {
    const title = skill.level_titles[level - 1];
    rung.className = rungClass(skill, level);
    setAttr(rung.firstChild, "title", title);
    setAttr(rung.firstChild, "aria-label", `${skill.name} level ${level}: ${title}, ${standing(skill, level)}`);
    setAttr(rung.firstChild, "aria-current", level === skill.training_level && level > skill.mastered_level ? "step" : null);
  });
  if (list.dataset.at === String(skill.training_level)) return;
  list.dataset.at = skill.training_level;
  // On a phone the rungs are one row, with the training level in its middle; its place is known once it is in the page.
  requestAnimationFrame(() => {
    const now = list.children[skill.training_level - 1].getBoundingClientRect();
    const row = list.getBoundingClientRect();
    list.scrollLeft += now.left + now.width / 2 - row.left - row.width / 2;
  });
}

export function trackFacts() {
  const fact = (words, name) => h("div", {}, h("dt", { class: "lbl" }, words), named(name, "dd"));
  return h("dl", { class: "tracks" }, fact("Training level", "level"), fact("Mean of the window", "mean"), fact("Share of training", "share"), fact("XP", "xp"));
}

export function patchFacts(card, skill) {
  setText(part(card, "level"), exhausted(skill) ? "all mastered" : integer(skill.training_level));
  setText(part(card, "mean"), percent(skill.window_mean));
  setText(part(card, "share"), wholePercent(skill.share));
  setText(part(card, "xp"), integer(skill.xp));
}

const exhausted = (skill) => skill.mastered_level >= skill.max_level;

export function evaluationBlock(chart, heading = "h3") {
  return h("div", { class: "card-evals" },
    h("div", { class: "gate-head" }, named("next-gate", heading), named("gate-words", "p", { class: "sub" })),
    named("judged", "div", { class: "judged" },
      h("div", {}, named("rows", "div", { class: "ev-rows" }), named("axis", "div", { class: "ev axis", "aria-hidden": "true" }), named("none", "p", { class: "empty" })),
      h("div", {}, h("p", { class: "lbl" }, "Accuracy by step, %"), chart.element)),
    named("teach", "p", { class: "empty teach" }));
}

export function patchEvaluationBlock(card, chart, skill, limits, scope) {
  const gate = wholePercent(skill.threshold);
  const window = skill.window;
  setText(part(card, "next-gate"), exhausted(skill) ? "Every level is mastered" : `Next gate: level ${integer(skill.training_level)}${skill.level_title ? `, ${skill.level_title}` : ""}`);
  const sofar = window.length ? `Mean of ${window.length === 1 ? "one" : `the last ${window.length}`}: ${percent(skill.window_mean)}. ` : "";
  const memorizable = skill.memorizable ? ` Memorizable: ${MEMORIZABLE}.` : "";
  setText(part(card, "gate-words"), exhausted(skill) ? "" : `${sofar}A mean of ${gate} over ${limits.window} evaluations masters the level.${memorizable}`);
  const asked = skill.recent.length > 0;
  setAttr(part(card, "judged"), "hidden", !asked);
  setAttr(part(card, "teach"), "hidden", asked);
  const idle = skill.enabled
    ? "Enabled, but not trained, not evaluated and no part of the exam on this machine."
    : "This campaign does not train the skill: it is not evaluated and no part of the exam. Once enabled, it begins at level 1, or where it was left.";
  setText(part(card, "teach"), !isTrained(skill) ? idle : `No evaluation yet. While a battle runs, the newest weights answer fresh problems of level ${integer(skill.training_level)}, every few seconds with a small hero and at each checkpoint with a large one. Answers are graded exactly; evaluations appear here with their intervals, and accuracy by step beside them.`);
  if (!asked) return;
  setAttr(part(card, "axis"), "hidden", window.length === 0);
  setAttr(part(card, "none"), "hidden", window.length > 0);
  setText(part(card, "none"), `No evaluation of level ${integer(skill.training_level)} yet: the window empties with each level mastered.`);
  patchEvaluations(part(card, "rows"), part(card, "axis"), window, skill.threshold, `${scope}-${skill.id}`);
  chart.draw(skill.recent, skill.threshold);
}

export function patchWeakest(card, skill, most) {
  const weakest = skill.primitives.filter((primitive) => primitive.window_n > 0).slice(0, most);
  setAttr(part(card, "no-weakest"), "hidden", weakest.length > 0);
  setText(part(card, "no-weakest"), "None measured yet. A skill’s problems name the primitives they exercise; each answer counts for them.");
  keyed(part(card, "weakest"), weakest, (primitive) => primitive.id, weak, (row, primitive) => {
    const words = `${integer(primitive.window_correct)} of ${integer(primitive.window_n)}`;
    setAttr(row, "title", `${primitive.id}: ${words} correct, ${interval(primitive)}`);
    patchTrack(row.children[1], { accuracy: primitive.window_accuracy, low: primitive.low, high: primitive.high });
    setText(row.lastChild, words);
  });
}

function sparred(line, session) {
  setAttr(line, "hidden", session === null);
  if (session) setText(line, `Last sparring, step ${integer(session.step)}, level ${integer(session.level)}: ${integer(session.first_correct)} of ${integer(session.n)} correct at the first try, ${integer(session.second_correct)} of ${plural(session.mistakes, "mistake")} at the second.`);
}

const weak = (primitive) => h("li", {}, h("span", { class: "what" }, primitive.title), track({ accuracy: 0, low: 0, high: 0 }), h("span", { class: "a" }));
