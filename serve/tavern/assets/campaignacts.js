// What can be done with a campaign. A change of the active one waits for its battle; who asked is told what came of it,
// also where somebody else asked for something else meanwhile.

import { act } from "./acting.js";
import { post } from "./api.js";
import { campaigns, campaignUrl, reread } from "./campaignsfeed.js";
import { route } from "./campaignsroute.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { integer, moment } from "./format.js";

export const LIVES = { active: "active", paused: "paused", archived: "in the Hall of Legends", trashed: "in the trash" };
const ACTS = {
  activate: { words: "Activate", picture: "play", wanted: "active", tone: "pri" },
  pause: { words: "Pause", picture: "pause", wanted: "paused", tone: "" },
  archive: { words: "Archive", picture: "banner", wanted: "archived", tone: "" },
  restore: { words: "Restore", picture: "retry", wanted: "paused", tone: "pri" },
  delete: { words: "Delete", picture: "trash", wanted: "trashed", tone: "bad" },
};
const OFFERED = { active: ["pause", "archive"], paused: ["activate", "archive", "delete"], archived: ["restore", "delete"], trashed: ["restore"] };

const ANSWERED_MS = 600000; // the checkpoint that a campaign starts from may be brought from elsewhere first

const outcomes = new Set();
const news = new Set();
const asked = new Map(); // what was asked here and waits, by campaign: the life it is to have
let lives = null; // as they were told last
let sending = 0; // orders whose answers are not there yet: a reading may already show what they did

// `listener({ words, bad })` hears what came of an order of this page, `listener(words)` what was asked for elsewhere.
export const onOutcome = (listener) => outcomes.add(listener);
export const onNews = (listener) => news.add(listener);
const tell = (words, bad = false) => outcomes.forEach((listener) => listener({ words, bad }));

export const actsOf = (row, waits) => {
  const taken = waits?.activates === row.id ? ["pause", "archive"] : OFFERED[row.life];
  return taken.map((name) => ({ name, ...ACTS[name], words: waits?.activates === row.id && name === "pause" ? "Do not activate" : ACTS[name].words }));
};

// What is asked before an order that ends something.
const QUESTIONS = {
  archive: (row) => ({ title: `Archive ${row.id}?`, action: "Archive", picture: "banner", tone: "pri", body: [
    h("p", {}, `Its battle ends at step ${integer(row.step)} or later, once it is saved; it does not go on when the campaign is restored. The record stays in the Hall of Legends, its checkpoints in the vault.`)] }),
  delete: (row) => ({ title: `Delete ${row.id}?`, action: "Delete", picture: "trash", tone: "bad", body: [
    h("p", {}, "It leaves the lists and its battle ends. It can be restored from the trash; its checkpoints stay in the vault.")] }),
};

// Runs an order. A question closes once it is answered, before the page is read again. Where the control goes with what it
// did, the focus moves to the first of those that took its place.
export async function order(control, problem, name, row) {
  const place = control.parentElement;
  const send = () => run(name, row);
  const question = QUESTIONS[name]?.(row);
  if (!question) await act(control, problem, () => send().then(reread));
  else if (await ask({ ...question, run: send })) await reread();
  if (!control.isConnected && document.activeElement === document.body) place.firstElementChild?.focus({ preventScroll: true });
}

async function run(name, row) {
  const { wanted } = ACTS[name];
  sending += 1;
  let answer;
  try {
    answer = await post(`${campaignUrl(row.id)}/${name}`, {}, ANSWERED_MS);
  } finally {
    sending -= 1;
  }
  if (answer.life === wanted) {
    note(answer);
    tell(`Campaign ${row.id} is ${LIVES[wanted]}.`);
  } else {
    asked.set(row.id, wanted);
    tell(`Campaign ${row.id} will be ${LIVES[wanted]} once the battle is saved.`);
  }
  return answer;
}

export async function begin(hero, checkpoint, words) {
  const made = await post("/api/campaigns", { hero, checkpoint, note: words });
  note(made);
  await campaigns.now();
  route.go({ campaign: made.id });
  tell(`Campaign ${made.id} is made, paused.`);
  return made;
}

// What a change of here made is no news: the campaign is what was asked, and the one that was active before is paused.
function note(row) {
  if (lives === null) return;
  if (row.life === "active") for (const [id, life] of lives) if (life === "active") lives.set(id, "paused");
  lives.set(row.id, row.life);
}

// Whether the change that waits still makes `wanted` of the campaign.
const isComing = (row, wanted, waits) => waits !== null && (wanted === "active" ? waits.activates === row.id : row.life === "active" && waits.leaves_to === wanted);

campaigns.on((found, problem) => {
  if (!found || problem || sending > 0) return;
  const came = [];
  let bad = false;
  for (const row of found.campaigns) {
    const wanted = asked.get(row.id);
    if (wanted === undefined || isComing(row, wanted, found.waits)) continue;
    asked.delete(row.id);
    bad ||= row.life !== wanted;
    came.push(row.life === wanted ? `Campaign ${row.id} is ${LIVES[wanted]}.` : `Campaign ${row.id} is ${LIVES[row.life]}: something else was asked meanwhile.`);
  }
  if (came.length) tell(came.join(" "), bad);
  const changed = lives === null || came.length ? [] : found.campaigns.filter((row) => (lives.get(row.id) ?? row.life) !== row.life);
  lives = new Map(found.campaigns.map((row) => [row.id, row.life]));
  if (changed.length) news.forEach((listener) => listener(changed.map((row) => `Campaign ${row.id} is ${LIVES[row.life]} since ${moment(row.life_since)}; it was asked for elsewhere.`).join(" ")));
});
