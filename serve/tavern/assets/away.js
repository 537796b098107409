// The card of the last absence: what failed first, then how the time was spent, what was gained, one next action. It is
// the same in every browser, and put away in all of them at once.

import { get, post } from "./api.js";
import { h, icon, keyed, part, say, setAttr, setText, setVar } from "./dom.js";
import { duration, integer, loss, moment, percent, plural } from "./format.js";
import { onState } from "./live.js";
import { onLook } from "./visits.js";

export function mount(element) {
  const panel = part(element, "away");
  let visit = null;
  let shown = null; // the begin of the absence that the card tells of
  let card = null;
  let left = null; // the begin of the absence whose card was put away here
  let names = {};
  let asking = false;

  const show = () => {
    setAttr(panel, "hidden", card === null);
    if (card) fill(panel, card, names);
  };
  const read = async () => {
    if (asking) return;
    asking = true;
    try {
      const found = await get("/api/away");
      visit = found.visit;
      card = visit?.dismissed || found.away?.since === left ? null : found.away;
      show();
      if (card && card.since !== shown) say(`While you were away: ${duration(card.seconds)}. ${card.failures.map(({ words }) => words).join(" ")}`.trim());
      shown = card?.since ?? null;
    } catch (problem) {
      if (problem.status === undefined) throw problem; // of a realm that does not answer the strip tells
    }
    asking = false;
  };

  part(panel, "dismiss").addEventListener("click", async () => {
    try {
      if (visit) await post("/api/away/dismiss", { visit: visit.id });
      left = card.since;
      card = null;
      show();
      document.querySelector("main").focus({ preventScroll: true });
    } catch (problem) {
      setText(part(panel, "problem"), `${problem.detail} ${problem.remedy}`);
      setAttr(part(panel, "problem"), "hidden", false);
    }
  });
  onState((state) => {
    const found = Object.fromEntries(Object.values(state?.skills ?? {}).map((skill) => [skill.id, skill.name]));
    if (JSON.stringify(found) === JSON.stringify(names)) return;
    names = found;
    if (card) show();
  });
  onLook(read);
}

function fill(panel, card, names) {
  setText(part(panel, "when"), `${duration(card.seconds)}, ${moment(card.since)} to ${moment(card.until)}`);
  const failures = part(panel, "failures");
  setAttr(failures, "hidden", card.failures.length === 0);
  keyed(failures, card.failures, ({ kind }) => kind, () => h("li", {}, icon("warn"), h("span")), (row, { words }) => setText(row.lastChild, words));
  for (const name of ["trained", "paused", "idle"]) setText(part(panel, name), duration(card[`${name}_s`]));
  const bar = part(panel, "bar").children;
  [card.trained_s, card.paused_s, card.idle_s].forEach((value, at) => setVar(bar[at], "--v", `${(100 * value) / Math.max(1, card.seconds)}%`));
  keyed(part(panel, "facts"), facts(card, names), ([name]) => name, ([name]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd", {}, h("b"), h("span", { class: "sub" }))), (row, [, value, more]) => {
    setText(row.querySelector("b"), value);
    setText(row.querySelector("span"), more);
  });
  const next = card.next_action;
  setAttr(part(panel, "next"), "hidden", next === null);
  setText(part(panel, "next-words"), next?.words ?? "");
  setText(part(panel, "next-command"), next?.command ?? "");
}

// Name, value, and what stands beside it.
function facts(card, names) {
  const ups = card.skill_ups.map(({ skill_id: id, levels }) => `${names[id] ?? id} ${span(levels)}`);
  const { hero_level_before: from, hero_level_after: to } = card;
  return [
    ["XP", `+${integer(card.xp_gained)}`, `${integer(card.xp_before)} → ${integer(card.xp_after)}`],
    ["Hero level", integer(to), from === to ? "unchanged" : `from ${integer(from)}`],
    ["Levels mastered", ups.join(", ") || "none", ups.length ? plural(card.skill_ups.reduce((sum, { levels }) => sum + levels.length, 0), "level") : ""],
    ["Quests completed", integer(card.quests_completed), `${integer(card.gold)} gold`],
    ["Best train loss", loss(card.train_loss.after), change(card.train_loss)],
    ["Best validation loss", loss(card.val_loss.after), change(card.val_loss)],
    ["Champion", ...champion(card.champion)],
  ];
}

const span = (levels) => (levels.length > 1 && levels.at(-1) - levels[0] === levels.length - 1 ? `${levels[0]}–${levels.at(-1)}` : levels.join(", "));

function change({ before, after, change: by }) {
  if (after === null) return "not measured";
  if (before === null) return "not measured before";
  return by === 0 ? "unchanged" : `from ${loss(before)}`;
}

function champion({ before, after }) {
  if (after === null) return ["none yet", ""];
  const examined = after.exam_accuracy === null ? "not examined" : percent(after.exam_accuracy);
  if (before?.checkpoint_id === after.checkpoint_id) return [`step ${integer(after.step)}`, `${examined}, unchanged`];
  return [`step ${integer(after.step)}`, before ? `${examined}, before it step ${integer(before.step)}` : examined];
}
