// The battle panel: controls, the stage, the gauges; the loss curve is losschart.js.

import { post } from "./api.js";
import { mountBlows } from "./blows.js";
import { isBlocking } from "./checks.js";
import { part, say, setAttr, setText, setVar } from "./dom.js";
import { duration, integer, loss, rate, scientific, seconds, sentence, timeSeconds } from "./format.js";
import { battleLabel, isStopped, onState, refresh } from "./live.js";
import { mountLoss } from "./lossfeed.js";
import { RISE_MS, onRise } from "./rises.js";

const GAUGES = { train_loss: loss, val_loss: loss, steps_per_second: rate, tokens_per_second: rate, learning_rate: scientific, eta_seconds: duration };
const ALLOWED = {
  pause: (battle) => ["starting", "running"].includes(battle.state),
  resume: (battle) => ["pausing", "paused", "idle", "finished", "failed"].includes(battle.state),
  stop: (battle) => ["starting", "running", "pausing", "paused"].includes(battle.state),
};

export function mount(element) {
  const panel = part(element, "battle");
  const controls = mountControls(panel);
  const stage = mountStage(panel);
  mountLoss(part(panel, "loss"));
  onState((state, link) => {
    const battle = state?.battle;
    controls(battle, link);
    if (!battle) return;
    setText(part(panel, "id"), (battle.battle_id ?? "").replace(/^.*battle-/, ""));
    setText(part(panel, "sub"), `step ${integer(state.campaign?.step)} · ${condition(state, battle, link)}`);
    for (const gauge of panel.querySelectorAll("[data-g]")) setText(gauge, GAUGES[gauge.dataset.g](battle[gauge.dataset.g] ?? null));
    stage(state, battle);
  });
}

function condition(state, battle, link) {
  if (link.status === "lost") return `as of ${timeSeconds(state.at)}`;
  const elapsed = seconds(battle.started_at, state.at);
  if (elapsed !== null && ["starting", "running"].includes(battle.state)) return `${battle.state} ${duration(elapsed)}`;
  return battleLabel(battle).toLowerCase();
}

function mountControls(panel) {
  const buttons = [...panel.querySelectorAll("[data-do]")];
  const problem = part(panel, "problem");
  const dialog = part(panel, "dialog");
  let busy = null;
  let battle = null;
  let refusedIn = null; // the battle's state when an action was refused

  const show = (reachable) => {
    for (const button of buttons) {
      const action = button.dataset.do;
      setAttr(button, "disabled", busy !== null || !reachable || !battle || !ALLOWED[action](battle));
      setAttr(button, "aria-busy", busy === action ? "true" : null);
    }
  };
  const act = async (action) => {
    busy = action;
    show(true);
    try {
      Object.assign(battle, await post("/api/battle", { action }));
      setAttr(problem, "hidden", true);
    } catch (error) {
      refusedIn = battle.state;
      setText(part(problem, "detail"), error.detail);
      setText(part(problem, "remedy"), error.remedy);
      setAttr(problem, "hidden", false);
    }
    busy = null;
    show(true);
    refresh();
  };
  const confirmStop = () => {
    const left = battle.quest ? ` Quest ${battle.quest} has fought ${integer(battle.step)} of ${integer(battle.steps_total)} steps.` : "";
    setText(part(dialog, "dialog-text"), `It ends at the next step boundary, with a checkpoint.${left}`);
    dialog.returnValue = "keep";
    dialog.showModal();
  };
  for (const button of buttons) {
    button.addEventListener("click", () => (button.dataset.do === "stop" ? confirmStop() : act(button.dataset.do)));
  }
  dialog.addEventListener("close", () => dialog.returnValue === "stop" && act("stop"));
  part(problem, "close").addEventListener("click", () => setAttr(problem, "hidden", true));
  return (latest, link) => {
    battle = latest;
    if (battle && battle.state !== refusedIn) setAttr(problem, "hidden", true);
    show(link.status === "live");
  };
}

function mountStage(panel) {
  const stage = part(panel, "stage");
  const root = document.documentElement;
  const blows = mountBlows(stage);
  mountRibbon(stage);
  return (state, battle) => {
    const fighting = Boolean(battle.quest) && !["idle", "finished"].includes(battle.state);
    setAttr(stage, "data-empty", String(!fighting));
    setAttr(part(stage, "plate"), "hidden", !fighting);
    setAttr(root, "data-foe", battle.skill ?? "file");
    if (fighting) plate(stage, state, battle);
    note(stage, state, battle);
    blows(state, battle);
  };
}

function plate(stage, state, battle) {
  const total = battle.steps_total ?? null;
  const left = total === null ? null : Math.max(0, total - (battle.step ?? 0));
  setText(part(stage, "quest"), battle.quest);
  setAttr(part(stage, "quest"), "title", battle.quest);
  setText(part(stage, "left"), left === null ? "" : `${integer(left)} of ${integer(total)} steps left`);
  const bar = part(stage, "hp");
  setVar(bar, "--v", `${left === null || !total ? 100 : (100 * left) / total}%`);
  setAttr(bar, "aria-valuenow", left ?? 0);
  setAttr(bar, "aria-valuemax", total ?? 0);
  const skill = state.skills?.[battle.skill]?.name ?? battle.skill;
  const level = (battle.level ?? null) === null ? "" : ` level ${battle.level}`;
  const origin = battle.quest_origin ? `from ${battle.quest_origin}` : "";
  setText(part(stage, "level"), skill ? `${skill}${level}${battle.level_title ? `: ${battle.level_title}` : ""}` : origin);
  setText(part(stage, "share"), left === null || !total ? "" : `${Math.round((100 * left) / total)} %`);
}

// What the stage says in words when no blow falls.
function describe(state, battle) {
  const step = `At step ${integer(state.campaign?.step)}.`;
  const queued = state.quests?.queued ?? null;
  const board = queued === null ? "" : `${integer(queued)} queued on the board.`;
  const blocker = state.campaign?.blockers?.find(isBlocking);
  const blocked = blocker ? `${sentence(blocker.why)} ${blocker.fix}` : null;
  const said = sentence(battle.reason);
  const reason = ["Stopped.", "Paused."].includes(said) ? "" : said;
  if (battle.state === "starting") return ["Battle starting", reason || "Its first step is not taken yet."];
  if (battle.state === "failed") return ["Battle failed", blocked ?? (reason || "No reason was recorded.")];
  if (battle.state === "pausing") return ["Pausing", "At the next step boundary."];
  if (battle.state === "stopping") return ["Stopping", "At the next step boundary, with a checkpoint."];
  if (battle.state === "paused") return ["Paused", blocked ?? (reason || `${step} Durable up to step ${integer(state.campaign?.durable_step)}.`)];
  if (isStopped(battle)) return ["Stopped", `${reason || step} ${board}`];
  if (battle.state === "finished") return ["Battle finished", `${reason || step} ${board}`];
  if (battle.state === "idle") return [blocked ? "Blocked" : "No battle", `${blocked ?? reason} ${board}`.trim()];
  return null;
}

function note(stage, state, battle) {
  const words = describe(state, battle);
  const box = part(stage, "note");
  setAttr(box, "hidden", words === null);
  if (words === null) return;
  box.classList.toggle("bad", ["Battle failed", "Blocked"].includes(words[0]));
  setText(part(box, "note-title"), words[0]);
  setText(part(box, "note-text"), words[1]);
}

// The level-up ribbon.
function mountRibbon(stage) {
  const ribbon = part(stage, "ribbon");
  let timer = null;
  onRise(({ words }) => {
    setText(part(stage, "ribbon-text"), words);
    say(words);
    setAttr(ribbon, "hidden", false);
    clearTimeout(timer);
    timer = setTimeout(() => setAttr(ribbon, "hidden", true), RISE_MS);
  });
}
