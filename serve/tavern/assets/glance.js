// Three lines at the top of the page: what happens now, what comes next and what it lacks, and whether anything is wrong.

import { checkedWords, isBlocking, metricsWatch, problemsOf } from "./checks.js";
import { h, icon, keyed, part, say, setAttr, setText, setVar } from "./dom.js";
import { duration, integer, percent, plural, sentence, timeSeconds, wholePercent } from "./format.js";
import { battleLabel, onState } from "./live.js";

const WINDOW = 3; // evaluations whose mean decides a level

export function mount(element) {
  const panel = element.querySelector(".glance");
  const watch = metricsWatch();
  let told = null;
  onState((state, link) => {
    if (!state?.battle && link.status !== "lost") return;
    const problems = problemsOf(state ?? {}, link, watch(state));
    if (state?.battle) {
      line(panel, "now", now(state, link));
      line(panel, "next", next(state));
    }
    wrong(panel, problems, state ?? {});
    inTheWay(panel, state?.campaign ?? {});
    const title = problems[0]?.title ?? null;
    if (title !== told && title !== null) say(title);
    told = title;
  });
}

function line(panel, name, { title, words, share, gate, colour }) {
  setText(part(panel, name), title);
  setText(part(panel, `${name}-words`), words);
  const bar = part(panel, `${name}-bar`);
  setAttr(bar, "hidden", share === null);
  setVar(bar, "--v", `${100 * (share ?? 0)}%`);
  if (gate) setVar(bar, "--gate", `${100 * gate}%`);
  if (colour) setVar(bar, "--c", colour);
}

function now({ at, battle, campaign }, link) {
  const label = battleLabel(battle) === "Idle" ? "No battle" : battleLabel(battle);
  const title = link.status === "lost" ? `${label}, as of ${timeSeconds(at)}` : label;
  const total = battle.steps_total ?? null;
  if (!battle.quest) {
    return { title, words: sentence(battle.reason) || `At step ${integer(campaign?.step)}, no quest in hand.`, share: null };
  }
  const share = total ? Math.min(1, (battle.step ?? 0) / total) : null;
  const fought = total ? `${integer(battle.step ?? 0)} of ${integer(total)} steps` : "";
  const left = (battle.eta_seconds ?? null) === null ? "" : `${duration(battle.eta_seconds)} left`;
  return { title, words: [battle.quest, fought, left].filter(Boolean).join(" · "), share };
}

// The gate that is nearest, of all the skills that climb, and the quest after this one; without any, how they ended.
function next({ skills, next_quest: quest, quests }) {
  const trained = Object.values(skills ?? {});
  const climbing = trained.filter((skill) => !skill.verdict && !isExhausted(skill));
  const nearest = climbing.sort((a, b) => nearness(b) - nearness(a))[0];
  const queued = quests?.queued ?? 0;
  const after = quest ? `Then ${quest.name}${queued > 1 ? ` (${integer(queued)} queued)` : ""}.` : queued ? `${plural(queued, "quest")} queued.` : "No quest queued.";
  if (!nearest) return { title: ended(trained), words: after, share: null };
  const judged = (nearest.evaluations ?? []).length;
  const mean = judged ? nearest.window_mean ?? null : null;
  const level = `${nearest.name} level ${integer(nearest.training_level)}`;
  return {
    title: mean === null ? `${level}: – → ${wholePercent(nearest.threshold)}` : `${level}: ${percent(mean)} → ${wholePercent(nearest.threshold)}`,
    words: `${lack(nearest, judged, mean)} ${after}`,
    share: mean ?? 0,
    gate: nearest.threshold,
    colour: nearest.colour,
  };
}

const isExhausted = (skill) => skill.max_level !== null && (skill.mastered_level ?? 0) >= skill.max_level;

function ended(trained) {
  if (!trained.length) return "No skill is trained";
  if (trained.every(isExhausted)) return "Every level mastered";
  return trained.map((skill) => `${skill.name} ended at level ${integer(skill.mastered_level)}`).join(", ");
}

const nearness = (skill) => ((skill.evaluations ?? []).length ? (skill.window_mean ?? 0) / (skill.threshold || 1) : 0);

function lack(skill, judged, mean) {
  if (mean === null) return `No evaluation of this level yet; ${WINDOW} decide it.`;
  const points = 100 * (skill.threshold - mean);
  const missing = points > 0 ? `${Math.max(0.1, points).toFixed(1)} points short` : "Accuracy reached";
  if (judged < WINDOW) return `${missing}, ${judged} of ${WINDOW} evaluations.`;
  return `${missing}, mean of ${judged} evaluations.`;
}

function wrong(panel, problems, state) {
  const [first, ...more] = problems;
  const box = part(panel, "wrong");
  box.classList.toggle("bad", first !== undefined);
  setAttr(part(panel, "lamp"), "href", first ? "#i-warn" : "#i-check");
  setText(part(panel, "checks"), first ? first.title : "Nothing is wrong");
  const others = more.length ? ` Also: ${more.map(({ title }) => title).join(", ")}.` : "";
  setText(part(panel, "checks-words"), first ? `${first.detail}${others}` : `Checked: ${checkedWords(state)}.`);
}

// Each thing in the way with what the realm tried and what a person does; without any, what a resting campaign waits for.
function inTheWay(panel, { blockers = [], suggested = null }) {
  const list = part(panel, "blockers");
  setAttr(list, "hidden", blockers.length === 0);
  keyed(list, blockers, ({ code, subject }) => `${code} ${subject}`, create, (row, blocker) => {
    row.classList.toggle("bad", isBlocking(blocker));
    for (const name of ["what", "why", "tried", "fix", "command"]) setText(part(row, name), name === "why" ? sentence(blocker.why) : blocker[name]);
  });
  setAttr(part(panel, "suggested"), "hidden", blockers.length > 0 || suggested === null);
  setText(part(panel, "suggested-words"), suggested?.words ?? "");
  setText(part(panel, "suggested-command"), suggested?.command ?? "");
}

function create() {
  const of = (tag, name, attributes = {}) => h(tag, { ...attributes, [`data-${name}`]: "" });
  return h("li", {}, icon("warn"), h("div", {}, of("b", "what"), " ", of("span", "why"), " ", of("small", "tried")), h("div", {}, of("span", "fix"), " ", of("code", "command", { class: "mono" })));
}
