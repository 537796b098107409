// The campaign that is shown: what it is, what can be done with it, its personal bests, its warnings.

import { badge } from "./badges.js";
import { actsOf, order } from "./campaignacts.js";
import { newCampaign } from "./campaignnew.js";
import { campaigns, record } from "./campaignsfeed.js";
import { chosenOf, route } from "./campaignsroute.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { duration, integer, loss, moment, parameters, percent } from "./format.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";

const BADGES = { active: ["play", "n"], paused: ["pause", ""], archived: ["banner", "c"], trashed: ["trash", "w"] };
const NAMES = { active: "active", paused: "paused", archived: "Hall of Legends", trashed: "trash" };
const AGAIN = { name: "again", words: "New Game+", picture: "up", tone: "" };

export function mount(element) {
  const acts = part(element, "acts");
  const problem = part(element, "row-problem");
  let found = null;
  let told = null;

  const show = () => {
    if (!found) return;
    const row = chosenOf(found.campaigns);
    setAttr(part(element, "empty"), "hidden", row !== null);
    setAttr(part(element, "body"), "hidden", row === null);
    setText(part(element, "title"), row ? `Campaign ${row.id}` : "Campaign");
    if (!row) return;
    document.documentElement.dataset.title = `Campaign ${row.id}`;
    const life = part(element, "life");
    if (life.dataset.is !== row.life) {
      life.dataset.is = row.life;
      life.replaceChildren(badge([NAMES[row.life], BADGES[row.life]]));
    }
    const again = row.champion_id ? [AGAIN] : [];
    keyed(acts, [...actsOf(row, found.waits), ...again], ({ name }) => `${row.id}/${name}`, (each) => create(each, row.id), (control, each) => setText(control.lastChild, each.words));
    facts(element, row, told?.id === row.id ? told : null);
  };
  const create = ({ name, picture, tone }, id) => {
    const control = h("button", { class: `btn ${tone}`, type: "button" }, icon(picture), h("span"));
    control.addEventListener("click", () => {
      const row = found.campaigns.find((each) => each.id === id);
      if (name === "again") newCampaign(found, row.champion_id);
      else order(control, problem, name, row);
    });
    return control;
  };
  route.on((_, moved) => {
    if (moved) setAttr(problem, "hidden", true);
    show();
  });
  campaigns.on((value) => {
    found = value ?? found;
    show();
  });
  record.on((value, trouble) => {
    patchProblem(element, shownProblem(value, trouble));
    told = value ?? told;
    show();
  });
}

function facts(element, row, told) {
  setText(part(element, "note"), row.note);
  setAttr(part(element, "note"), "hidden", row.note === "");
  const reached = told?.reached ?? null;
  const begins = row.starting_checkpoint_id;
  rows(part(element, "facts"), [
    ["Hero", `${row.hero_id}, ${parameters(row.parameters)} parameters`],
    ["Since", moment(row.life_since), row.momentum === "blocked" ? `blocked: ${row.momentum_reason}` : row.momentum_reason],
    ["Durable step, hero level", `${integer(row.step)}, ${integer(Math.floor(row.step / 1000))}`],
    ["Trained", reached ? `${integer(reached.tokens)} tokens` : "–", reached ? `${integer(reached.examples)} examples in ${duration(reached.seconds)} of steps` : ""],
    ["Mastered", told ? names(told, row.mastered) : "–"],
    ["Champion", row.champion_id ? link(row.champion_id) : "none yet", row.champion_accuracy === null ? "" : `exam accuracy ${percent(row.champion_accuracy)}`],
    ["Begins with", begins ? link(begins) : "the hero’s base model"],
    ["Began", moment(row.created_at)],
  ]);
  rows(part(element, "bests"), told ? bests(told) : []);
  keyed(part(element, "warnings"), told?.warnings ?? [], (each) => each.text, () => h("li", {}, icon("warn", true), h("span")), (line, each) => setText(line.lastChild, each.text));
}

function names({ skills }, mastered) {
  const known = new Map(skills.map((skill) => [skill.id, skill]));
  return Object.entries(mastered).map(([id, level]) => `${known.get(id)?.name ?? id} ${level} of ${known.get(id)?.max_level ?? "–"}`).join(", ") || "–";
}

function bests({ bests: { accuracy, exam, train_loss: train, val_loss: val, streaks }, skills, strain }) {
  const name = (id) => skills.find((skill) => skill.id === id)?.name ?? id;
  const longest = streaks.reduce((best, each) => (best === null || each.length > best.length ? each : best), null);
  const at = (each) => (each ? `step ${integer(each.step)}` : "");
  return [
    ["Best accuracy", percent(accuracy?.accuracy), accuracy ? `${name(accuracy.skill_id)} level ${accuracy.level}, ${accuracy.correct} of ${accuracy.n}, ${at(accuracy)}` : "no evaluation of 100 problems yet"],
    ["Best exam accuracy", percent(exam?.accuracy), exam ? `${exam.n} problems, ${at(exam)}` : "no exam of this version yet"],
    ["Lowest train loss", loss(train?.loss), train ? `one metric point, ${at(train)}` : "no metric point yet"],
    ["Lowest validation loss", loss(val?.loss), at(val) || "not measured yet"],
    ["Longest streak", longest ? `${integer(longest.length)} evaluations` : "–", longest ? `${name(longest.skill_id)} at or above 80 %, steps ${integer(longest.first_step)}–${integer(longest.last_step)}${longest.going_on ? ", going on" : ""}` : "no evaluation at or above 80 % yet"],
    ["Floor of the train loss", loss(strain.floor?.loss), strain.floor ? `5 % quantile of ${integer(strain.floor.windows)} window medians` : `from ${strain.needed} windows on`],
  ];
}

const link = (id) => h("a", { class: "mono", href: `/vault?checkpoint=${encodeURIComponent(id)}` }, id);

// Names, values and what is said under them; a value may be an element.
function rows(list, entries) {
  keyed(list, entries, ([name]) => name, ([name]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd"), h("dd", { class: "sub" })), (line, [, value, about = ""]) => {
    const dd = line.children[1];
    if (typeof value === "string") setText(dd, value);
    else if (dd.textContent !== value.textContent) dd.replaceChildren(value);
    setText(line.lastChild, about);
    setAttr(line.lastChild, "hidden", about === "");
  });
}
