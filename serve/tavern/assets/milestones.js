// Milestones of the campaign shown, newest first, and what people wrote beside them.

import { post } from "./api.js";
import { campaignUrl, record } from "./campaignsfeed.js";
import { field } from "./campaignnew.js";
import { ask } from "./dialogs.js";
import { h, icon, keyed, part, say, setAttr, setText } from "./dom.js";
import { integer, moment, plural } from "./format.js";

const PICTURES = { begun: "banner", first_step: "sword", level: "up", champion: "crown", title: "scroll", achievement: "star", verdict: "scale", own: "pin" };
const pictureOf = (key) => PICTURES[key.split(":")[0]] ?? "pin";

export function mount(element) {
  let shown = null;
  part(element, "add").addEventListener("click", () => shown && add(shown));
  record.on((value) => {
    if (!value) return;
    shown = value;
    const stones = [...value.milestones].reverse();
    setText(part(element, "sub"), `${plural(stones.length, "milestone")}, ${integer(stones.filter((each) => each.note).length)} with a note`);
    keyed(part(element, "stones"), stones, (each) => `${value.id}/${each.key}`, (each) => create(each, () => shown), patch);
  });
}

function create({ key }, shown) {
  const edit = h("button", { class: "btn ghost icon", type: "button" }, icon("quill"));
  const line = h("li", {}, h("span", { class: "e", "aria-hidden": "true" }, icon(pictureOf(key))), h("div", {}, h("b", { "data-title": true }), h("p", { class: "sub", "data-when": true }), h("p", { class: "stone-note", "data-note": true })), edit);
  edit.addEventListener("click", () => write(shown(), line.stone));
  return line;
}

function patch(line, stone) {
  line.stone = stone;
  setText(part(line, "title"), stone.title);
  setText(part(line, "when"), `step ${integer(stone.step)}, ${moment(stone.at)}`);
  setText(part(line, "note"), stone.note);
  setAttr(part(line, "note"), "hidden", stone.note === "");
  setAttr(line.querySelector(".btn"), "aria-label", `${stone.note ? "Change the note" : "Write a note"}: ${stone.title}`);
}

async function send(id, body, words) {
  const made = await post(`${campaignUrl(id)}/milestones`, body);
  await record.now();
  say(words);
  return made;
}

function write({ id }, stone) {
  const note = h("textarea", { class: "text", id: "stone-note", rows: 4, maxlength: 2000 });
  note.value = stone.note;
  const gone = stone.own ? h("input", { type: "checkbox", id: "stone-gone" }) : null;
  return ask({
    title: stone.title, action: "Keep", picture: "quill",
    body: [h("p", {}, `Step ${integer(stone.step)}, ${moment(stone.at)}.`), h("div", { class: "ask-fields" }, field("stone-note", "Note", note), gone && h("label", { class: "sw" }, gone, h("span", {}, "Remove this milestone")))],
    run: () => send(id, { key: stone.key, note: gone?.checked ? null : note.value.trim() }, gone?.checked ? "The milestone is removed." : "The note is kept."),
  });
}

function add({ id }) {
  const title = h("input", { class: "text", id: "stone-title", maxlength: 200, autocomplete: "off" });
  const note = h("textarea", { class: "text", id: "stone-note", rows: 4, maxlength: 2000 });
  return ask({
    title: "A milestone of your own", action: "Add it", picture: "pin",
    body: [h("p", {}, "It stands at the step that training has reached now."), h("div", { class: "ask-fields" }, field("stone-title", "Title", title), field("stone-note", "Note", note))],
    run: () => send(id, { title: title.value.trim(), note: note.value.trim() }, "The milestone is added."),
  });
}
