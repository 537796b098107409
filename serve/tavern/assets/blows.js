// The blows of a battle. Each is a number that came with a state: what the train loss did since the reading before (a
// fall strikes the quest, a rise the hero), and each new evaluation's grade. No new reading, no blow.

import { h, part, replay } from "./dom.js";
import { loss } from "./format.js";

const HIT_MS = 1900; // a number's whole way, as in tavern.css
const SCORE_MS = 2900;
const BLOW_MS = 700; // the bolt and the start of whom it meets
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function mountBlows(stage) {
  const show = mountNumbers(part(stage, "hits"));
  const bolt = part(stage, "bolt");
  const [me, foe] = [stage.querySelector(".me"), part(stage, "foe")];
  let last = null;
  let graded = null;

  const strike = (change, now) => {
    const falls = change <= 0;
    show("loss", falls ? "on-foe" : "on-me", signed(change), `train loss ${loss(now)}`, HIT_MS);
    if (change === 0) return;
    bolt.classList.toggle("back", !falls);
    replay(bolt, "thrown", BLOW_MS);
    replay(falls ? foe : me, "struck", BLOW_MS);
    replay(falls ? me : foe, "casts", BLOW_MS);
  };

  return (state, battle) => {
    const [before, known] = [last, graded];
    last = { battle: battle.battle_id, step: battle.step, quest: battle.quest_id, loss: battle.train_loss ?? null };
    graded = gradesOf(state);
    if (battle.state !== "running") show(null);
    else if (!document.hidden) {
      if (isNext(before, last)) strike(last.loss - before.loss, last.loss);
      const fresh = known === null ? [] : [...graded].filter(([key]) => !known.has(key));
      for (const [, { skill, row }] of fresh) {
        show("score", row.accuracy >= skill.threshold ? "score met" : "score", `${row.correct}/${row.n}`, `${skill.name} level ${row.level} evaluated`, SCORE_MS);
      }
    }
  };
}

// Whether a reading follows one of the same battle, and is not that one again.
const isNext = (before, now) => before !== null && before.battle === now.battle && before.loss !== null && now.loss !== null
  && (before.step !== now.step || before.quest !== now.quest || before.loss !== now.loss);

function signed(change) {
  const size = Math.abs(change);
  return `${change < 0 ? "−" : change > 0 ? "+" : ""}${size >= 0.001 || size === 0 ? size.toFixed(3) : size.toPrecision(2)}`;
}

function gradesOf(state) {
  const rows = Object.values(state.skills ?? {}).flatMap((skill) => (skill.evaluations ?? []).map((row) => ({ skill, row })));
  return new Map(rows.map((each) => [[state.campaign?.id, each.skill.id, each.row.level, each.row.step, each.row.at].join("/"), each]));
}

// Numbers that rise and go, those of the loss in two lanes; where nothing is to move, the newest of its kind stands there.
function mountNumbers(layer) {
  let lane = 0;
  return (kind, side, number, words, lasts) => {
    if (kind === null) {
      if (layer.firstChild) layer.replaceChildren();
      return;
    }
    // Grades have one lane: an older one would lie under the newer.
    if (still.matches || kind === "score") layer.querySelector(`[data-kind="${kind}"]`)?.remove();
    lane = 1 - lane;
    const hit = h("span", { class: `hit ${side}`, "data-kind": kind }, number, h("small", {}, words));
    hit.style.setProperty("--dx", lane || still.matches ? "6px" : side === "on-me" ? "62px" : "112px");
    layer.append(hit);
    if (!still.matches) setTimeout(() => hit.remove(), lasts);
  };
}
