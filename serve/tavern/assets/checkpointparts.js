// The record of a checkpoint in parts: numbers, exam by skill, evaluations, copies, lineage, versions.

import { zoneName } from "./badges.js";
import { trashedBy } from "./checkpointrow.js";
import { track, interval } from "./evaluations.js";
import { h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, date, decimal, integer, loss, moment, percent, plural, scientific, text } from "./format.js";
import { copyButton, patchFacts } from "./panelparts.js";
import { route } from "./vaultroute.js";

const FIRST_ANCESTORS = 8;

export function patchRecord(page, row, skills) {
  const names = new Map(skills.map((skill) => [skill.id, skill]));
  const cause = row.created_by.replace("_", " ");
  patchFacts(part(page, "facts"), [
    ["train_loss", loss(row.train_loss)], ["val_loss", loss(row.val_loss)], ["perplexity", decimal(row.perplexity)], ["learning_rate", scientific(row.learning_rate)],
    ["Size", bytes(row.size_bytes)], ["Optimizer state", row.has_optimizer ? "kept; training can resume from it" : "not kept"], ["Tokens seen", integer(row.tokens_seen)], ["Examples seen", integer(row.examples_seen)],
    ["Saved", date(row.saved_at)], ["Cause", row.skill_id ? `${cause} of ${names.get(row.skill_id)?.name ?? row.skill_id}, level ${integer(row.skill_level)}` : cause], ["Quest", text(row.quest_id)], ["Campaign", row.campaign_id],
    ...(row.promoted_at ? [["Promoted", date(row.promoted_at)]] : []), ...(row.trashed_at ? [["In the trash since", `${date(row.trashed_at)}, ${trashedBy(row)}`]] : []),
    ...(row.uses?.length ? [["In use by", row.uses.map((use) => use.holder).join(", ")]] : []),
  ]);
  exam(page, row, names);
  evaluations(page, row, names);
  copies(part(page, "copies"), row);
  lineage(page, row);
  versions(part(page, "versions"), row);
}

function exam(page, row, names) {
  const ids = Object.keys(row.exam_skills ?? {});
  setText(part(page, "exam"), row.exam_accuracy === null ? "" : `${percent(row.exam_accuracy)} over all levels, version ${row.exam_version}`);
  setAttr(part(page, "no-skills"), "hidden", ids.length > 0);
  keyed(part(page, "skills"), ids, (id) => id, (id) => h("li", { style: `--c:${names.get(id)?.colour ?? "var(--gold)"}` }, h("div", { class: "split" }, h("b", {}, names.get(id)?.name ?? id), h("span", { "data-value": true })), h("span", { class: "meter" }, h("i")), h("span", { class: "sub", "data-mastered": true })), (item, id) => {
    setText(part(item, "value"), percent(row.exam_skills[id]));
    setVar(item.querySelector("i"), "--v", `${100 * row.exam_skills[id]}%`);
    setText(part(item, "mastered"), `mastered level ${integer(row.mastered_levels?.[id] ?? 0)} when it was saved`);
  });
}

function evaluations(page, { evaluated }, names) {
  const rows = evaluated?.evaluations ?? [];
  const empty = part(page, "no-evaluations");
  setAttr(empty, "hidden", rows.length > 0);
  setText(empty, evaluated?.problem ? `${evaluated.problem.detail} ${evaluated.problem.remedy}` : "None is recorded of this checkpoint; snapshots between checkpoints are evaluated as well, and exams stand above.");
  keyed(part(page, "evaluations"), rows, (each) => each.id ?? `${each.skill_id}/${each.level}/${each.created_at}`, (each) => {
    const accuracy = each.accuracy ?? each.correct / each.n;
    const known = each.low !== undefined && each.low !== null;
    return h("li", { style: `--c:${names.get(each.skill_id)?.colour ?? "var(--gold)"}` },
      h("span", {}, h("b", {}, names.get(each.skill_id)?.name ?? each.skill_id), ` level ${integer(each.level)}`),
      known ? track({ ...each, accuracy }) : h("span", { class: "meter", style: `--v:${100 * accuracy}%` }, h("i")),
      h("span", { class: "num" }, h("b", {}, percent(accuracy)), h("small", {}, `${integer(each.correct)} of ${integer(each.n)}${known ? `, ${interval(each)}` : ""}`)),
      h("time", { class: "sub", datetime: each.created_at }, moment(each.created_at)));
  }, () => {});
}

function copies(list, row) {
  keyed(list, row.locations, (each) => each.stronghold, (each) => h("li", {}, h("span", { class: `zone-name ${each.zone}` }, zoneName(each.zone)), h("div", {}, h("b", {}, each.stronghold), each.node ? h("span", { class: "sub" }, ` on ${each.node}`) : null, h("p", { class: "mono sub", "data-uri": true })), h("span", { class: "num" }, h("span", { "data-size": true }), h("small", { "data-verified-at": true }))), (item, each) => {
    setText(part(item, "uri"), each.uri);
    setText(part(item, "size"), bytes(each.size_bytes));
    setText(part(item, "verified-at"), each.verified_at ? `verified ${moment(each.verified_at)}` : "not verified yet");
  });
}

function lineage(page, row) {
  const ancestors = row.lineage ?? [];
  const children = row.children ?? [];
  setText(part(page, "lineage-words"), `${plural(ancestors.length, "ancestor")}, ${plural(children.length, "successor")}`);
  const nearest = ancestors.slice(0, FIRST_ANCESTORS);
  const first = ancestors.length > FIRST_ANCESTORS ? [{ ...ancestors.at(-1), gap: ancestors.length - FIRST_ANCESTORS - 1 }] : [];
  const line = [...first, ...nearest.toReversed(), { ...row, here: true }, ...children];
  keyed(part(page, "lineage"), line, (each) => `${each.id}${each.here ? "/here" : ""}`, (each) => h("li", { class: each.here ? "here" : null, "aria-current": each.here ? "true" : null }, each.here ? h("b", {}, integer(each.step)) : h("a", {}, integer(each.step)), h("span", { class: "sub" }, each.created_by.replace("_", " ")), h("span", { class: "sub", "data-gap": true })), (item, each) => {
    if (!each.here) setAttr(item.querySelector("a"), "href", route.href({ checkpoint: each.id }));
    setText(part(item, "gap"), each.gap ? `${integer(each.gap)} between` : "");
  });
}

function versions(list, row) {
  if (list.dataset.is === row.id) return;
  list.dataset.is = row.id;
  const pair = (name, ...value) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd", { class: "mono" }, ...value));
  list.replaceChildren(pair("sha256 of model.safetensors", h("span", { class: "sha" }, row.sha256), copyButton(row.sha256, "Copy the sha256")), ...Object.entries(row.versions ?? {}).map(([name, value]) => pair(name, value)), pair("Folder", row.uri ?? row.path));
}
