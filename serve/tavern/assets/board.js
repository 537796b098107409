// The board: the quest being fought, those waiting for a checkpoint to cover them, and the queue in its order.

import { get, post } from "./api.js";
import { h, icon, keyed, part, say, setAttr, setText, setVar } from "./dom.js";
import { bytes, duration, integer, loss, plural, text } from "./format.js";
import { onState, refresh } from "./live.js";
import { questMarks } from "./questmarks.js";

const SHOWN = 200;
const ORDER = ["active", "fought", "queued"];
const PRIORITIES = ["high", "normal", "low"];

export function mount(element) {
  const list = part(element, "list");
  const marks = questMarks();
  let quests = [];
  let total = 0;
  let battle = null;

  const load = async () => {
    const ask = (statuses) => get(`/api/quests?${statuses.map((status) => `status=${status}`).join("&")}&limit=${SHOWN}`);
    const [fought, waiting] = await Promise.all([ask(["fought"]), ask(["active", "queued"])]);
    quests = [...waiting.quests, ...fought.quests].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
    total = fought.total + waiting.total;
    show();
  };
  const act = async (row, quest, action, body) => {
    const focused = document.activeElement;
    row.dataset.busy = "";
    row.querySelectorAll("button, select").forEach((control) => setAttr(control, "disabled", true));
    const problem = part(row, "problem");
    try {
      await post(`/api/quests/${encodeURIComponent(quest.id)}/${action}`, body);
      setAttr(problem, "hidden", true);
    } catch (error) {
      setText(problem, `${error.detail} ${error.remedy}`);
      setAttr(problem, "hidden", false);
    }
    delete row.dataset.busy;
    row.querySelectorAll("button, select").forEach((control) => setAttr(control, "disabled", false));
    await load().catch(show);
    if (row.isConnected) (focused.disabled ? part(row, "cancel") : focused).focus();
    if (action === "move") say(`${part(row, "name").textContent}: place ${part(row, "place").textContent}`);
    refresh();
  };
  const show = () => {
    const queued = quests.filter((quest) => quest.status === "queued");
    setText(part(element, "sub"), `${plural(queued.length, "quest")} queued${total > quests.length ? `, the first ${quests.length} of ${integer(total)} shown` : ""}`);
    setAttr(part(element, "empty"), "hidden", quests.length > 0);
    setText(part(element, "empty"), "The board is empty. Quests come from this page, from the inbox folder, from realm quest post, and, where automatic quests are on, from the realm itself.");
    setAttr(element.querySelector(".rows-head"), "hidden", quests.length === 0);
    keyed(list, quests, (quest) => quest.id, (quest) => create(quest, act, () => quests), (row, quest) => patch(row, quest, queued, battle));
  };

  onState((state) => {
    if (!state) return;
    ({ battle } = state);
    if (marks(state)) load().catch(() => marks.forget());
    else if (quests.some((quest) => quest.status === "active")) show();
  });
}

function create(quest, act, all) {
  const row = h("li", { class: "quest" },
    h("span", { class: "place", "data-place": true }),
    h("div", { class: "what" }, h("b", { "data-name": true }), h("span", { class: "sub", "data-about": true }), h("span", { class: "bar", role: "progressbar", "aria-valuemin": 0, "data-bar": true, hidden: true }, h("i"))),
    h("span", { class: "size", "data-size": true }),
    h("select", { class: "pick", "data-priority": true, "aria-label": `Priority of ${quest.name}` }, ...PRIORITIES.map((priority) => h("option", { value: priority }, priority))),
    h("span", { class: "status", "data-status": true, hidden: true }),
    h("div", { class: "acts" },
      button("up", "arrow-up", `Move ${quest.name} up`), button("down", "arrow-down", `Move ${quest.name} down`), button("cancel", "x", `Cancel ${quest.name}`)),
    h("p", { class: "row-problem", role: "alert", "data-problem": true, hidden: true }));
  const current = () => all().find(({ id }) => id === quest.id);
  const neighbours = () => all().filter(({ status, priority }) => status === "queued" && priority === current().priority);
  part(row, "priority").addEventListener("change", (event) => act(row, quest, "priority", { priority: event.target.value }));
  part(row, "cancel").addEventListener("click", () => act(row, quest, "cancel"));
  part(row, "up").addEventListener("click", () => {
    const mine = neighbours();
    act(row, quest, "move", { before_id: mine[mine.indexOf(current()) - 1].id });
  });
  // Down is the next one before this one.
  part(row, "down").addEventListener("click", () => {
    const mine = neighbours();
    act(row, mine[mine.indexOf(current()) + 1], "move", { before_id: quest.id });
  });
  return row;
}

const button = (name, picture, label) => h("button", { class: "btn icon", type: "button", "aria-label": label, title: label, [`data-${name}`]: true }, icon(picture));

function patch(row, quest, queued, battle) {
  const at = queued.indexOf(quest);
  const waiting = at >= 0;
  row.className = `quest ${quest.status}`;
  setText(part(row, "place"), waiting ? String(at + 1) : "");
  setText(part(row, "name"), text(quest.name));
  const skill = quest.skill_id ? `${quest.skill_id.toUpperCase()} level ${integer(quest.level)}` : null;
  const size = waiting ? null : plural(quest.examples, "example");
  const skipped = quest.skipped_too_long ? `${integer(quest.skipped_too_long)} too long for the context` : null;
  setText(part(row, "about"), [skill, quest.shape, bytes(quest.size_bytes), size, `from ${text(quest.origin)}`, skipped].filter(Boolean).join(" · "));
  setText(part(row, "size"), plural(quest.examples, "example"));
  const picker = part(row, "priority");
  if (document.activeElement !== picker || picker.disabled) picker.value = quest.priority;
  setAttr(picker, "hidden", !waiting);
  setAttr(part(row, "status"), "hidden", waiting);
  progress(row, quest, battle);
  setAttr(part(row, "up"), "hidden", !waiting);
  setAttr(part(row, "down"), "hidden", !waiting);
  setAttr(part(row, "cancel"), "hidden", quest.status === "fought");
  if (row.dataset.busy !== undefined) return; // an action of this row waits for its answer
  setAttr(part(row, "up"), "disabled", queued[at - 1]?.priority !== quest.priority);
  setAttr(part(row, "down"), "disabled", queued[at + 1]?.priority !== quest.priority);
}

// The quest being fought takes its numbers from the live battle where that is the same quest.
function progress(row, quest, battle) {
  const live = quest.status === "active" && battle?.quest_id === quest.id ? battle : null;
  const step = live?.step ?? quest.steps_fought;
  const whole = live?.steps_total ?? quest.steps_total;
  const bar = part(row, "bar");
  setAttr(bar, "hidden", quest.status !== "active");
  setVar(bar, "--v", `${whole ? (100 * step) / whole : 0}%`);
  setAttr(bar, "aria-label", `Steps fought of ${quest.name}`);
  setAttr(bar, "aria-valuenow", step ?? 0);
  setAttr(bar, "aria-valuemax", whole ?? 0);
  const numbers = `${integer(step)} of ${integer(whole)} steps`;
  const words = live ? [live.train_loss && `loss ${loss(live.train_loss)}`, (live.eta_seconds ?? null) !== null && `${duration(live.eta_seconds)} left`].filter(Boolean) : [];
  const fought = "fought; completed when a checkpoint covers its last step";
  setText(part(row, "status"), quest.status === "active" ? [numbers, ...words].join(" · ") : fought);
}
