// Climbs, interventions and verdicts of the campaign shown, each verdict with the numbers it rests on.

import { act, problemLine } from "./acting.js";
import { post } from "./api.js";
import { campaignUrl, record, reread } from "./campaignsfeed.js";
import { h, icon, keyed, part, say, setAttr, setText } from "./dom.js";
import { integer, moment, percent, plural } from "./format.js";

const STATES = { climbing: "climbing", plateau: "on a plateau", intervening: "intervening", capped: "capped", ladder_exhausted: "ladder exhausted" };
const KINDS = { learning_rate: "learning rate warmed up anew", easier_mix: "easier mix", larger_batch: "larger batch" };
export const capKind = (kind) => kind.replaceAll("_", " ");

export function mount(element) {
  record.on((value) => {
    if (!value) return;
    const { id, skills, climbs = [], interventions = [], verdicts = [] } = value;
    const name = (skill) => skills.find((each) => each.id === skill)?.name ?? skill;
    keyed(part(element, "climbs"), climbs, (each) => `${id}/${each.skill_id}`, createClimb, (line, each) => {
      setText(part(line, "what"), `${name(each.skill_id)}: ${STATES[each.state] ?? each.state}`);
      setText(part(line, "since"), `judged at step ${integer(each.step)}, ${integer(each.tokens)} tokens, ${moment(each.at)}`);
      setText(part(line, "missing"), each.missing.length ? `A cap still lacks: ${each.missing.join("; ")}.` : "");
      const mine = interventions.filter((tried) => tried.skill_id === each.skill_id && tried.ended_at === null);
      setText(part(line, "tried"), mine.map((tried) => `${KINDS[tried.kind] ?? tried.kind} on level ${tried.level} since step ${integer(tried.began_step)}, for ${integer(tried.span_tokens)} tokens`).join("; "));
    });
    keyed(part(element, "verdicts"), verdicts, (each) => each.number, (each) => createVerdict(id, each), (line, each) => patchVerdict(line, each));
    setAttr(part(element, "empty"), "hidden", climbs.length > 0 || verdicts.length > 0);
  });
}

const createClimb = () => h("li", {}, h("b", { "data-what": true }), h("span", { class: "sub", "data-since": true }), h("span", { class: "sub", "data-tried": true }), h("span", { class: "sub", "data-missing": true }));

function createVerdict(campaign, { number, skill_id: skill, body }) {
  const problem = problemLine();
  const control = h("button", { class: "btn", type: "button", "aria-label": `Reopen verdict ${number}` }, icon("retry"), h("span", {}, "Reopen"));
  control.addEventListener("click", () => act(control, problem, async () => {
    await post(`${campaignUrl(campaign)}/reopen`, { skill_id: skill });
    await reread();
    document.getElementById("verdicts-h").focus({ preventScroll: true });
    say("The verdict is withdrawn; tokens and interventions count from here.");
  }));
  const evidence = body?.evidence ? [h("details", {}, h("summary", {}, "Evidence"), h("dl", { class: "record" }, ...evidenceOf(body.evidence).map(([term, words]) => h("div", {}, h("dt", { class: "lbl" }, term), h("dd", {}, words)))), tried(body.evidence.effects))] : [];
  return h("li", { class: "cap-verdict" }, h("div", { class: "cap-verdict-head" }, h("p", { "data-words": true }), control), h("p", { class: "sub", "data-when": true }), problem, ...evidence);
}

function patchVerdict(line, { words, at, step, tokens, withdrawn_at: withdrawn, withdrawn_why: why }) {
  setText(part(line, "words"), words);
  setText(part(line, "when"), [`${moment(at)}, step ${integer(step)}, ${integer(tokens)} tokens`, withdrawn && `withdrawn ${moment(withdrawn)}: ${why}`].filter(Boolean).join("; "));
  line.classList.toggle("withdrawn", withdrawn !== null);
  setAttr(line.querySelector(".btn"), "hidden", withdrawn !== null);
}

const of = (correct, n) => (n ? `${percent(correct / n)} (${integer(correct)} of ${integer(n)})` : "not asked");
const slope = (trend) => (trend ? `${trend.slope.toFixed(4)} (${[trend.low, trend.high].map((end) => (end === null ? "unbounded" : end.toFixed(4))).join(" to ")})` : "not known");

function evidenceOf(found) {
  return [
    ["Level, threshold", `${found.level}, ${percent(found.threshold)}`],
    ["Tokens since the last promotion or reopening", integer(found.tokens_since)],
    ["A level’s tokens", `${integer(found.level_tokens)}, from ${plural(found.levels_counted, "promotion")}`],
    ["Held-out accuracy", `${of(found.correct, found.n)} in ${plural(found.observations, "evaluation")}`],
    ["Its slope a level’s tokens, 90 % interval", slope(found.slope)],
    ["It may reach", percent(found.reach)],
    ["Training accuracy", `${of(found.train_correct, found.train_n)} in ${plural(found.train_observations, "evaluation")}`],
    ["Its slope", slope(found.train_slope)],
    ["Reviews of mastered levels", of(found.review_correct, found.review_n)],
    ["Tokens on mastered levels for one on this", found.maintenance === null ? "not known" : found.maintenance.toFixed(2)],
  ];
}

function tried(effects) {
  if (effects.length === 0) return h("p", { class: "sub" }, "Nothing was tried.");
  return h("ul", { class: "effects" }, ...effects.map((each) => h("li", {}, `${KINDS[each.kind] ?? each.kind}: ${of(each.before_correct, each.before_n)} before, ${of(each.after_correct, each.after_n)} at its end; difference between ${(100 * each.low).toFixed(1)} and ${(100 * each.high).toFixed(1)} points`)));
}
