// The hero card. It also sets the root attributes that colour and move every drawing of the hero (portrait.css).

import { part, replay, setAttr, setText, setVar } from "./dom.js";
import { decimal, integer, parameters, percent, text } from "./format.js";
import { moodOf, onState } from "./live.js";
import { auraWords, gearWords, looksOf, shardWords } from "./looks.js";
import { RISE_MS, onRise } from "./rises.js";

// What is drawn of each hero, in words; one that is not drawn has the last.
const FIGURES = { mote: "a hooded figure with a flame for a face", "mote-100k": "a blue-hooded figure with a small flame for a face", "mote-20k": "a brown-hooded figure with a blue spark for a face", dio: "a horned helmet with green eyes", flo: "a face in a blossom", "": "a hooded figure whose face is not seen" };
const MOOD_TITLES = { running: "In battle", starting: "Making ready", paused: "Asleep", failed: "Down", idle: "Resting", lost: "Out of sight", waking: "Waking" };

export function mount(element) {
  const root = document.documentElement;
  root.dataset.paint = paintsInSoftware() ? "software" : "gpu";
  const portrait = part(element, "portrait");
  const bar = part(element, "xp-bar");

  onState((state, link) => {
    const mood = moodOf(state, link);
    root.dataset.mood = mood;
    if (!state?.hero) setText(part(element, "title"), MOOD_TITLES[mood]);
    const hero = state?.hero;
    if (!hero) return;
    const looks = looksOf(state);
    dress(root, hero, looks);
    setAttr(portrait, "aria-label", `Portrait of ${hero.name}, hero level ${integer(hero.hero_level)}: ${[FIGURES[hero.id] ?? FIGURES[""], ...looks.gear].join(", ")}, ${MOOD_TITLES[mood].toLowerCase()}`);
    setText(part(element, "gear"), gearWords(looks, hero.hero_level));
    setText(part(element, "shards"), shardWords(looks));
    setText(part(element, "aura"), auraWords(looks));
    setText(part(element, "title"), looks.title?.name ?? MOOD_TITLES[mood]);
    setText(part(element, "name"), text(hero.name));
    setText(part(element, "body"), [looks.title && MOOD_TITLES[mood], hero.architecture, hero.parameters && `${parameters(hero.parameters)} parameters`].filter(Boolean).join(" · "));
    setText(part(element, "level"), integer(hero.hero_level));
    setText(part(element, "xp"), integer(hero.xp));
    setText(part(element, "next"), `${integer(hero.xp_into_level)} / ${integer(hero.xp_per_level)} to level ${integer((hero.hero_level ?? 0) + 1)}`);
    xpBar(element, bar, hero, state.campaign?.step ?? hero.xp);
    for (const [stat, format] of [["atk", decimal], ["def", decimal], ["acc", percent], ["gold", integer]]) {
      setText(element.querySelector(`[data-stat="${stat}"]`), format(hero[stat]));
    }
    for (const tip of element.querySelectorAll("[data-formula]")) setText(tip, text(hero.formulas?.[tip.dataset.formula]));
  });
  onRise(({ hero }) => {
    replay(element.querySelector(".portrait"), "levelled", RISE_MS);
    if (hero) replay(part(element, "medal"), "levelled", RISE_MS);
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

function dress(root, hero, { gear, aura, shards }) {
  setAttr(root, "data-hero", hero.id);
  setAttr(root, "data-gear", gear.join(" "));
  setAttr(root, "data-aura", aura.join(" "));
  setAttr(root, "data-shards", shards.join(" "));
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
