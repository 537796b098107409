// What became of the quests that left the board, newest first, with the reason and a retry where one makes sense.

import { get, post } from "./api.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { integer, loss, moment, plural, text } from "./format.js";
import { onState, refresh } from "./live.js";
import { questMarks } from "./questmarks.js";

const PAGE = 20;
const ENDED = ["completed", "failed", "rejected", "cancelled"];
const RETRIED = ["failed", "cancelled"];
const GENERATED = "auto"; // its file is not kept once it was fought
const PICTURES = { completed: "check", failed: "warn", rejected: "warn", cancelled: "x" };

export function mount(element) {
  const list = part(element, "list");
  const marks = questMarks();
  let offset = 0;
  let asked = 0;

  const load = async () => {
    const mine = ++asked;
    const from = offset;
    const chosen = element.querySelector("[name=history]:checked").value;
    const statuses = (chosen ? [chosen] : ENDED).map((status) => `status=${status}`).join("&");
    const { quests, total } = await get(`/api/quests?${statuses}&limit=${PAGE}&offset=${from}`);
    if (mine !== asked) return; // another page or filter was asked for since
    keyed(list, quests, (quest) => quest.id, (quest) => create(quest, again), patch);
    setAttr(part(element, "empty"), "hidden", total > 0);
    setText(part(element, "empty"), chosen ? `No quest was ${chosen}.` : "No quest has left the board yet. Completed, failed, rejected and cancelled ones are listed here.");
    setAttr(part(element, "pager"), "hidden", total <= PAGE);
    setText(part(element, "where"), `${integer(from + 1)}–${integer(from + quests.length)} of ${integer(total)}`);
    setAttr(part(element, "newer"), "disabled", from === 0);
    setAttr(part(element, "older"), "disabled", from + PAGE >= total);
  };
  const again = async (row, quest) => {
    const control = part(row, "retry");
    const problem = part(row, "problem");
    setAttr(control, "disabled", true);
    try {
      await post(`/api/quests/${encodeURIComponent(quest.id)}/retry`);
    } catch (error) {
      setText(problem, `${error.detail} ${error.remedy}`);
      setAttr(problem, "hidden", false);
    }
    await load().catch(() => marks.forget());
    setAttr(control, "disabled", false);
    refresh();
  };
  const turn = (by) => {
    offset = Math.max(0, offset + by);
    load().catch(() => marks.forget());
  };

  part(element, "newer").addEventListener("click", () => turn(-PAGE));
  part(element, "older").addEventListener("click", () => turn(PAGE));
  part(element, "filter").addEventListener("change", () => turn(-offset));
  onState((state) => {
    if (state && marks(state)) load().catch(() => marks.forget());
  });
}

function create(quest, again) {
  const row = h("li", { class: "quest" },
    h("span", { class: "outcome", "data-outcome": true }),
    h("div", { class: "what" }, h("b", { "data-name": true }), h("span", { class: "sub", "data-about": true }), h("span", { class: "reason", "data-reason": true })),
    h("span", { class: "losses", "data-losses": true }),
    h("time", { class: "when", "data-when": true }),
    h("div", { class: "acts" }, h("button", { class: "btn", type: "button", "data-retry": true, "aria-label": `Retry ${quest.name}` }, icon("retry"), "Retry")),
    h("p", { class: "row-problem", role: "alert", "data-problem": true, hidden: true }));
  part(row, "retry").addEventListener("click", () => again(row, quest));
  return row;
}

function patch(row, quest) {
  const outcome = part(row, "outcome");
  if (outcome.dataset.is !== quest.status) {
    outcome.dataset.is = quest.status;
    outcome.replaceChildren(icon(PICTURES[quest.status] ?? "info", true), quest.status);
  }
  row.className = `quest ${quest.status}`;
  setText(part(row, "name"), text(quest.name));
  const skill = quest.skill_id ? `${quest.skill_id.toUpperCase()} level ${integer(quest.level)}` : null;
  const size = !quest.examples ? null : plural(quest.examples, "example");
  setText(part(row, "about"), [skill, quest.shape, size, `from ${text(quest.origin)}`].filter(Boolean).join(" · "));
  setText(part(row, "reason"), quest.reason ?? "");
  const fought = quest.steps_fought ? [`${integer(quest.steps_fought)} steps`, quest.train_loss && `train ${loss(quest.train_loss)}`, quest.heldout_loss && `held-out ${loss(quest.heldout_loss)}`] : [];
  setText(part(row, "losses"), fought.filter(Boolean).join(" · "));
  const when = quest.completed_at ?? quest.fought_at ?? quest.posted_at;
  setText(part(row, "when"), moment(when));
  setAttr(part(row, "when"), "datetime", when);
  setAttr(part(row, "retry"), "hidden", !RETRIED.includes(quest.status) || quest.origin === GENERATED);
}
