// The heads of the lanes: which checkpoint each asks, picked from the standing names and every checkpoint.

import { h, part, setAttr, setText } from "./dom.js";
import { integer } from "./format.js";
import { models, shortName, shortSha } from "./oraclefeed.js";
import { LANES, choose, modelOf, onLanes, open, resolved } from "./oraclelanes.js";

export const LETTERS = { a: "A", b: "B" };

const isAlias = (model) => model.owned_by === "realm";
const words = (model) => (isAlias(model) ? `${model.id}: ${shortName(model.checkpoint_id)}` : model.step === null ? shortName(model.id) : `step ${integer(model.step)} · ${shortName(model.id)}`);

export function laneHeads(place) {
  let known = [];
  const heads = LANES.map((lane) => head(lane));
  place.append(...heads);
  const show = () => heads.forEach((element) => patch(element, known));
  models.on((found) => {
    known = found ?? [];
    show();
  });
  onLanes(show);
}

function head(lane) {
  const picker = h("select", { class: "pick", "data-pick": true, "aria-label": `Checkpoint ${LETTERS[lane]}` });
  picker.addEventListener("change", () => choose(lane, picker.value));
  return h("div", { class: "lane-head", "data-lane": lane },
    h("i", { class: "mark", "aria-hidden": "true" }, LETTERS[lane]), picker,
    h("p", { class: "sub" }, h("span", { "data-sha": true }), h("span", { "data-held": true })));
}

function patch(element, known) {
  const lane = element.dataset.lane;
  const model = modelOf(lane);
  setAttr(element, "hidden", !open().includes(lane));
  options(part(element, "pick"), known, model);
  const { sha256, held } = resolved(model);
  setText(part(element, "sha"), sha256 ? `sha256 ${shortSha(sha256)}` : "");
  setAttr(part(element, "sha"), "title", sha256);
  setText(part(element, "held"), held ? "in memory" : model ? "not in memory" : "no checkpoint yet");
}

function options(picker, known, model) {
  const mark = JSON.stringify([known.map((each) => [each.id, each.checkpoint_id]), known.some((each) => each.id === model) || model]);
  if (picker.dataset.is !== mark) {
    picker.dataset.is = mark;
    const option = (each) => h("option", { value: each.id }, words(each));
    const named = (label, rows) => (rows.length ? [h("optgroup", { label }, ...rows.map(option))] : []);
    const campaigns = [...new Set(known.filter((each) => !isAlias(each)).map((each) => each.owned_by))];
    const unlisted = model && !known.some((each) => each.id === model) ? [h("option", { value: model }, model)] : [];
    picker.replaceChildren(...unlisted, ...named("Names", known.filter(isAlias)), ...campaigns.flatMap((campaign) => named(`Campaign ${campaign}`, known.filter((each) => each.owned_by === campaign && !isAlias(each)))));
  }
  if (picker.value !== model) picker.value = model;
}
