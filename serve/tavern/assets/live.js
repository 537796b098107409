// The one poll of /api/state for every panel of the page, every 5 s in a hidden tab, never two at a time. With what the
// server keeps an answer for (0.25 s and 0.05 s) what is shown is never older than a second.
// After 3 s without an answer the link is lost, and every panel hears since when.

import { get } from "./api.js";

const PERIOD = 700;
const HIDDEN_PERIOD = 5000;
const SHORTEST_PAUSE = 250;
const TIMEOUT = 2500;
const LOST_AFTER = 3000;

const root = document.documentElement;
const listeners = new Set();
const link = { status: "connecting", since: null };
let state = null;
let timer = null;
let polling = false;
let again = false;
let lastAnswer = Date.now();
let ahead = 0; // ms that the server's clock is ahead of this one

// `listener(state, link)` runs on every snapshot and whenever the link changes; state is null before the first.
export function onState(listener) {
  listeners.add(listener);
  tell(listener);
  if (timer === null && !polling) poll();
}

// The time on the server's clock, which is the one that its times are of.
export const serverNow = () => Date.now() + ahead;

// Polls now, after something was changed from here; after a poll under way, whose answer may be older than the change.
export function refresh() {
  if (polling) again = true;
  else poll();
}

function tell(listener) {
  try {
    listener(state, link);
  } catch (error) {
    console.error(error);
  }
}

function setLink(status) {
  if (link.status === status) return;
  link.status = status;
  link.since = status === "lost" ? lastAnswer : null;
  root.dataset.link = status;
}

async function poll() {
  clearTimeout(timer);
  polling = true;
  const began = performance.now();
  try {
    state = await get("/api/state", TIMEOUT);
    lastAnswer = Date.now();
    if (state.at) ahead = Date.parse(state.at) - lastAnswer;
    setLink("live");
  } catch {
    if (Date.now() - lastAnswer >= LOST_AFTER) setLink("lost");
  }
  polling = false;
  listeners.forEach(tell);
  const period = document.hidden ? HIDDEN_PERIOD : PERIOD;
  timer = setTimeout(poll, again ? 0 : Math.max(SHORTEST_PAUSE, period - (performance.now() - began)));
  again = false;
}

document.addEventListener("visibilitychange", () => {
  root.dataset.page = document.hidden ? "hidden" : "shown";
  if (!document.hidden) refresh();
});
root.dataset.link = link.status;
root.dataset.page = document.hidden ? "hidden" : "shown";

// What the battle's state is called, and the mood the pictures take from it.
const BATTLE_LABELS = {
  idle: "Idle", starting: "Battle starting", running: "Battle running", pausing: "Pausing", paused: "Paused",
  stopping: "Stopping", finished: "Battle finished", failed: "Battle failed",
};
const MOODS = { starting: "starting", running: "running", pausing: "running", stopping: "running", paused: "paused", failed: "failed" };

export const isStopped = (battle) => ["idle", "finished"].includes(battle.state) && /^stop/.test(battle.desired_state ?? "");
export const battleLabel = (battle) => (isStopped(battle) ? "Stopped" : BATTLE_LABELS[battle.state] ?? battle.state);
export const moodOf = (state, link) => (link.status === "lost" ? "lost" : state?.battle ? MOODS[state.battle.state] ?? "idle" : "waking");
