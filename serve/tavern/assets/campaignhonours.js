// Titles and achievements of the campaign shown, earned and open, and the settings that its newest attempt changed.

import { record } from "./campaignsfeed.js";
import { h, icon, keyed, part, rune, setAttr, setText } from "./dom.js";
import { integer, moment, plural } from "./format.js";

export function mount(element) {
  record.on((value) => {
    if (!value) return;
    honours(element, value.honours);
    overrides(element, value.overrides);
  });
}

function honours(element, rows) {
  const earned = rows.filter((row) => row.earned_at !== null).sort((a, b) => (b.priority ?? -1) - (a.priority ?? -1));
  const open = rows.filter((row) => row.earned_at === null);
  setText(part(element, "sub"), `${integer(earned.length)} of ${integer(rows.length)} earned`);
  setAttr(part(element, "empty"), "hidden", earned.length > 0);
  setAttr(part(element, "open-ones"), "hidden", open.length === 0);
  setText(part(element, "open-words"), `${plural(open.length, "title or achievement", "titles and achievements")} not earned yet`);
  const key = (row) => `${row.kind}/${row.id}`;
  keyed(part(element, "earned"), earned, key, create, (line, row) => setText(part(line, "how"), `${row.description} · step ${integer(row.step)}, ${moment(row.earned_at)}`));
  keyed(part(element, "open"), open, key, create, (line, row) => setText(part(line, "how"), row.progress.map(leaf).join(" · ")));
}

const create = (row) => h("li", { class: row.kind }, h("span", { class: "e", "aria-hidden": "true" }, picture(row.icon ?? "scroll")), h("div", {}, h("b", {}, row.name), h("span", { class: "sub", "data-how": true })));
const picture = (name) => (name.startsWith("rune-") ? rune(name) : icon(name));
const leaf = ({ text, value, met }) => `${met ? "✓ " : ""}${text}: ${value === null ? "not measured" : Number(value.toPrecision(4))}`;

function overrides(element, found) {
  const settings = Object.entries(found?.settings ?? {});
  setText(part(element, "attempt"), found ? `attempt ${found.attempt}, ${found.ended_at ? `ended ${moment(found.ended_at)}` : `under way since ${moment(found.began_at)}`}` : "");
  keyed(part(element, "overrides"), settings, ([name]) => name, ([name]) => h("div", {}, h("dt", { class: "lbl mono" }, name), h("dd")), (line, [, value]) => setText(line.lastChild, typeof value === "string" ? value : JSON.stringify(value)));
  setAttr(part(element, "overrides"), "hidden", settings.length === 0);
  const words = found === null ? "No attempt yet. What differs from the defaults when one begins stands here." : found.settings === null ? "This attempt kept no record of its settings." : "Every setting has its default.";
  setText(part(element, "no-overrides"), settings.length ? "" : words);
}
