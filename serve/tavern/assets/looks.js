// Which number puts on which part of the hero's picture. The thresholds are here and nowhere else: portrait.css and the
// sprite know the parts by name only, from the root attributes data-gear, data-aura and data-shards.

import { integer, plural, sentence } from "./format.js";

export const GEAR = [ // by hero level
  { part: "staff", from: 1 },
  { part: "shield", from: 5 },
  { part: "mantle", from: 10 },
  { part: "stones", from: 25 },
  { part: "crown", from: 50 },
  { part: "wings", from: 100 },
];
export const AURAS = [ // by the priority of the primary title; each has those before it
  { part: "glow", from: 1 },
  { part: "ring", from: 20 },
  { part: "runes", from: 40 },
  { part: "rays", from: 70 },
];
export const LEVELS_PER_SHARD = 5; // mastered skill levels, over all skills
export const SHARDS = 6;

const reached = (parts, value) => parts.filter(({ from }) => value !== null && value >= from).map(({ part }) => part);

export const titleOf = (state) => state?.title ?? state?.hero?.title ?? null;

// What the hero of a state wears; `title` is null before the first is earned.
export function looksOf(state) {
  const mastered = Object.values(state.skills ?? {}).reduce((sum, skill) => sum + (skill.mastered_level ?? 0), 0);
  const title = titleOf(state);
  const shards = Math.min(SHARDS, Math.floor(mastered / LEVELS_PER_SHARD));
  return {
    gear: reached(GEAR, state.hero?.hero_level ?? 0),
    aura: reached(AURAS, title?.priority ?? null),
    shards: Array.from({ length: shards }, (_, at) => at + 1),
    mastered,
    title,
  };
}

const rule = ({ part, from }) => `level ${integer(from)} and up: ${part}`;

export function gearWords(looks, level) {
  const next = GEAR.find(({ part }) => !looks.gear.includes(part));
  const worn = looks.gear.length ? sentence(GEAR.filter(({ part }) => looks.gear.includes(part)).map(rule).join(", ")) : "Nothing worn yet.";
  return `${worn}${next ? ` Not reached: ${rule(next)} (now ${integer(level)}).` : ""}`;
}

export function auraWords({ title, aura }) {
  if (title === null) return "No title yet, no aura.";
  const shown = AURAS.filter(({ part }) => aura.includes(part)).map(({ part, from }) => `priority ${integer(from)} and up: ${part}`);
  return `Primary title ${title.name}, priority ${integer(title.priority)}. Aura, ${shown.join(", ") || "none below priority 1"}.`;
}

export const shardWords = ({ shards, mastered }) =>
  `Crystals: one for every ${LEVELS_PER_SHARD} mastered skill levels, at most ${SHARDS}: ${integer(shards.length)} for ${plural(mastered, "level")}.`;
