// The hero card. It also sets the root attributes that colour and move every drawing of the hero (portrait.css).

import { part, replay, setAttr, setText, setVar } from "./dom.js";
import { decimal, integer, parameters, percent, text } from "./format.js";
import { moodOf, onState } from "./live.js";

const TIERS = [1, 5, 10, 25, 50, 100]; // hero levels at which the figure changes
const LEVELS_PER_SHARD = 5; // mastered skill levels, over all skills
const SHARDS = 6;
const MOOD_TITLES = { running: "In battle", starting: "Making ready", paused: "Asleep", failed: "Down", idle: "Resting", lost: "Out of sight", waking: "Waking" };
const LEVEL_UP_MS = 3600;

export function mount(element) {
  const root = document.documentElement;
  root.dataset.paint = paintsInSoftware() ? "software" : "gpu";
  const portrait = part(element, "portrait");
  const bar = part(element, "xp-bar");
  let lastLevel = null;
  let lastMastered = null;

  onState((state, link) => {
    const mood = moodOf(state, link);
    root.dataset.mood = mood;
    setText(part(element, "mood"), MOOD_TITLES[mood]);
    const hero = state?.hero;
    if (!hero) return;
    const mastered = Object.values(state.skills ?? {}).reduce((sum, skill) => sum + (skill.mastered_level ?? 0), 0);
    dress(root, hero, mastered);
    setAttr(portrait, "aria-label", `Portrait of ${hero.name}, hero level ${integer(hero.hero_level)}: a hooded figure with a flame for a face, ${MOOD_TITLES[mood].toLowerCase()}`);
    setText(part(element, "name"), text(hero.name));
    setText(part(element, "body"), [hero.architecture, hero.parameters && `${parameters(hero.parameters)} parameters`].filter(Boolean).join(" · "));
    setText(part(element, "level"), integer(hero.hero_level));
    setText(part(element, "xp"), integer(hero.xp));
    setText(part(element, "next"), `${integer(hero.xp_into_level)} / ${integer(hero.xp_per_level)} to level ${integer((hero.hero_level ?? 0) + 1)}`);
    xpBar(element, bar, hero, state.campaign?.step ?? hero.xp);
    for (const [stat, format] of [["atk", decimal], ["def", decimal], ["acc", percent], ["gold", integer]]) {
      setText(element.querySelector(`[data-stat="${stat}"]`), format(hero[stat]));
    }
    for (const tip of element.querySelectorAll("[data-formula]")) setText(tip, text(hero.formulas?.[tip.dataset.formula]));
    const rose = (lastLevel !== null && hero.hero_level > lastLevel) || (lastMastered !== null && mastered > lastMastered);
    if (rose) {
      replay(part(element, "medal"), "levelled", LEVEL_UP_MS);
      replay(element.querySelector(".portrait"), "levelled", LEVEL_UP_MS);
    }
    [lastLevel, lastMastered] = [hero.hero_level, mastered];
  });
}

// Solid: the XP a durable checkpoint covers. Lighter: the steps taken since.
function xpBar(element, bar, hero, step) {
  const whole = hero.xp_per_level || 1;
  const into = hero.xp_into_level ?? 0;
  const since = Math.max(0, (step ?? 0) - (hero.xp ?? 0));
  setVar(bar, "--v", `${(100 * into) / whole}%`);
  setVar(bar, "--live", `${Math.min(100, (100 * (into + since)) / whole)}%`);
  setAttr(bar, "aria-valuenow", into);
  setAttr(bar, "aria-valuemax", whole);
  setText(part(element, "live"), since ? `+ ${integer(since)}` : "");
  setText(part(element, "live-words"), since ? `+ ${integer(since)}: steps since the last durable checkpoint` : "");
}

function dress(root, hero, mastered) {
  const shards = Math.min(SHARDS, Math.floor(mastered / LEVELS_PER_SHARD));
  setAttr(root, "data-hero", hero.id);
  setAttr(root, "data-tier", TIERS.filter((level) => (hero.hero_level ?? 0) >= level).length);
  setAttr(root, "data-shards", Array.from({ length: shards }, (_, at) => at + 1).join(" "));
}

// Whether the browser paints on the CPU, where moving pictures would take it from the training (portrait.css leaves most motion out).
function paintsInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl", { failIfMajorPerformanceCaveat: true });
  if (!gl) return true;
  const details = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = gl.getParameter(details ? details.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(renderer);
}
