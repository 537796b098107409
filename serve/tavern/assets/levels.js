// The ladder of one skill: a rung a level with its title, accuracy against the gate, and share of the mix.

import { h, keyed, part, setAttr, setText } from "./dom.js";
import { patchTrack, track } from "./evaluations.js";
import { integer, percent } from "./format.js";
import { skillHref } from "./guildroute.js";
import { rungClass, standing } from "./skillcard.js";

export function patchLevels(list, skill, { levels, examples }) {
  const shown = examples[0]?.level ?? skill.training_level;
  keyed(list, levels, ({ level }) => level, (level) => create(skill, level), (rung, level) => patch(rung, skill, level, shown));
}

function create(skill, { level, title }) {
  return h("li", {}, h("a", { href: skillHref(skill.id, level), title },
    h("b", {}, String(level)), h("span", { class: "title" }, title), h("span", { class: "a", "data-accuracy": true }),
    track({ accuracy: 0, low: 0, high: 0 }, 100 * skill.threshold), h("span", { class: "weight", "data-weight": true })));
}

function patch(rung, skill, row, shown) {
  const link = rung.firstChild;
  const asked = row.n > 0;
  rung.className = [rungClass(skill, row.level), row.memorizable ? "mem" : "", asked ? "" : "unasked"].join(" ");
  setAttr(link, "aria-current", row.level === shown ? "true" : null);
  setText(part(link, "accuracy"), asked ? percent(row.accuracy) : "–");
  setText(part(link, "weight"), row.weight > 0 ? `${percent(row.weight)} of the mix` : "");
  if (asked) patchTrack(link.querySelector(".trk"), { accuracy: row.accuracy, low: row.accuracy, high: row.accuracy });
  const facts = [`${skill.name} level ${row.level}: ${row.title}`, standing(skill, row.level), row.memorizable ? "memorizable" : "",
    asked ? `${integer(row.correct)} of ${integer(row.n)} answers correct` : "not asked yet", row.weight > 0 ? `${percent(row.weight)} of the mix` : ""];
  setAttr(link, "aria-label", facts.filter(Boolean).join(", "));
}
