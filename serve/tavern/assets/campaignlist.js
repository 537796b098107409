// The head of the Campaign page, and every campaign by what it is: active, paused, archived, thrown away.

import { onOutcome } from "./campaignacts.js";
import { newCampaign } from "./campaignnew.js";
import { campaigns } from "./campaignsfeed.js";
import { chosenOf, compareHref, comparedOf, MOST_COMPARED, route } from "./campaignsroute.js";
import { h, keyed, part, say, setAttr, setText } from "./dom.js";
import { integer, moment, plural } from "./format.js";
import { onState } from "./live.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";

const GROUPS = [
  { life: "active", title: "Active", none: "None: no battle is fought. Activate a paused one." },
  { life: "paused", title: "Paused", none: "None. New campaigns begin here, with the base model or any checkpoint." },
  { life: "archived", title: "Hall of Legends", none: "Empty. Archived campaigns stay here with their record." },
  { life: "trashed", title: "Trash", none: "Empty. What is deleted can be restored from here." },
];

export function mount(element) {
  const groups = part(element, "groups");
  let found = null;
  let skills = {};

  const show = () => {
    if (!found) return;
    const { campaigns: rows, waits } = found;
    const open = rows.filter((row) => row.life === "active" || row.life === "paused").length;
    setText(part(element, "sub"), rows.length ? `${plural(rows.length, "campaign")}, ${integer(open)} of them open; one is active at most` : "There is no campaign yet");
    setAttr(part(element, "waiting"), "hidden", waits === null);
    if (waits) setText(part(element, "waiting-words"), `${waits.activates ? `${waits.activates} becomes active` : "No campaign will be active"} once the battle is saved. Asked ${moment(waits.requested_at)}.`);
    keyed(groups, GROUPS, ({ life }) => life, createGroup, (group, { life, none }) => {
      const mine = rows.filter((row) => row.life === life);
      setText(part(group, "count"), integer(mine.length));
      setText(part(group, "none"), mine.length ? "" : none);
      keyed(group.querySelector("ul"), mine, (row) => row.id, createRow, (line, row) => patchRow(line, row, rows, skills));
    });
  };
  const told = part(element, "told");
  onOutcome((words, bad) => {
    setText(told, words);
    told.classList.toggle("bad", bad);
  });
  part(element, "new").addEventListener("click", () => newCampaign(found, null));
  onState((state) => {
    if (!state) return;
    skills = state.skills ?? {};
    show();
  });
  route.on((_, moved) => {
    show();
    if (moved) say(`Campaign ${chosenOf(found?.campaigns ?? [])?.id ?? ""}`);
  });
  campaigns.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    found = value ?? found;
    show();
  });
}

function createGroup({ life, title }) {
  return h("section", { class: `camp-group ${life}`, "aria-labelledby": `camps-${life}` },
    h("h2", { id: `camps-${life}` }, title, " ", h("span", { class: "count", "data-count": true })), h("p", { class: "empty", "data-none": true }), h("ul", {}));
}

function createRow(row) {
  const box = h("input", { type: "checkbox", "aria-label": `Compare ${row.id}` });
  const line = h("li", {}, h("label", { class: "cb", title: "Compare" }, box), h("a", {}, h("b", {}, row.id), h("span", { class: "sub", "data-about": true }), h("span", { class: "sub note-line", "data-note": true })));
  box.addEventListener("change", () => {
    const { all } = line;
    const ids = comparedOf(all).map((each) => each.id).filter((id) => id !== row.id);
    compareHref(box.checked ? [...ids, row.id] : ids);
  });
  return line;
}

function patchRow(line, row, rows, skills) {
  line.all = rows;
  const compared = comparedOf(rows);
  const box = line.querySelector("input");
  box.checked = compared.some((each) => each.id === row.id);
  box.disabled = !box.checked && compared.length >= MOST_COMPARED;
  const anchor = line.querySelector("a");
  setAttr(anchor, "href", route.href({ campaign: row.id }));
  setAttr(anchor, "aria-current", chosenOf(rows)?.id === row.id ? "true" : null);
  const mastered = Object.entries(row.mastered).map(([id, level]) => `${skills[id]?.name ?? id.toUpperCase()} ${level}`);
  setText(part(line, "about"), [`step ${integer(row.step)}`, ...mastered].join(" · "));
  setText(part(line, "note"), row.note);
}
