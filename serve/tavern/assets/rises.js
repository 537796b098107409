// The moments at which a level is reached: a skill's level by its event, the hero's by the durable steps. What had been
// reached before the page was opened is none, and neither is what is reached while nobody sees the page.

import { integer } from "./format.js";
import { onState } from "./live.js";

export const RISE_MS = 2400; // the whole of a moment, as in tavern.css

const listeners = new Set();
let seen = null; // { seq, campaign, level } of the last state
let listening = false;

// `listener({words, hero})`; `hero` tells whether the hero level is among what rose.
export function onRise(listener) {
  listeners.add(listener);
  if (!listening) onState(look);
  listening = true;
}

function look(state) {
  if (!state?.campaign || !state.hero) return;
  const before = seen;
  seen = { seq: state.events?.[0]?.seq ?? 0, campaign: state.campaign.id, level: state.hero.hero_level ?? 0 };
  if (before === null || document.hidden) return;
  const mastered = (state.events ?? []).filter(({ seq, kind }) => seq > before.seq && kind === "level.mastered");
  const hero = seen.campaign === before.campaign && seen.level > before.level;
  const words = [...mastered.reverse().map(({ title }) => named(title, state.skills)), ...(hero ? [`Hero level ${integer(seen.level)}`] : [])];
  if (words.length) for (const listener of listeners) listener({ words: words.join(" · "), hero });
}

// An event names a skill by its id; people read its name.
const named = (title, skills) => title.replace(/^\S+/, (id) => skills?.[id]?.name ?? id).replace(/ at step \d+$/, "");
