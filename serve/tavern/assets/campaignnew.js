// The form of a new campaign: whose, from which weights, what for.

import { begin } from "./campaignacts.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { parameters } from "./format.js";

// `start`: the checkpoint that is filled in, or null.
export function newCampaign(found, start) {
  const heroes = found?.heroes ?? [];
  const champions = (found?.campaigns ?? []).filter((row) => row.champion_id);
  const hero = h("select", { class: "pick", id: "new-hero" }, h("option", { value: "" }, "that of the checkpoint, else of the realm"), ...heroes.map((each) => h("option", { value: each.id }, `${each.name}, ${parameters(each.parameters)} parameters`)));
  const checkpoint = h("input", { class: "text mono", id: "new-start", list: "new-starts", autocomplete: "off", spellcheck: "false", placeholder: "the hero’s base model", value: start ?? "" });
  const note = h("textarea", { class: "text", id: "new-note", rows: 3, maxlength: 2000 });
  return ask({
    title: start ? "New Game+" : "New campaign", action: "Make it", picture: "banner", wide: true,
    body: [
      h("p", {}, "It is made paused: steps and levels count from 0. From a checkpoint it begins with those weights (New Game+)."),
      h("div", { class: "ask-fields" },
        field("new-hero", "Hero", hero),
        field("new-start", "Begins with", checkpoint, "An id, or champion, latest or a step of the active campaign."),
        h("datalist", { id: "new-starts" }, h("option", { value: "champion" }), h("option", { value: "latest" }), ...champions.map((row) => h("option", { value: row.champion_id }, `champion of ${row.id}`))),
        field("new-note", "Note", note, "What it is for.")),
    ],
    run: () => begin(hero.value || null, checkpoint.value.trim() || null, note.value.trim()),
  });
}

export const field = (id, words, control, about = null) => h("div", { class: "form-field" }, h("label", { class: "name", for: id }, words), control, about ? h("span", { class: "sub" }, about) : null);
