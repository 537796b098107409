// The retention plan: which checkpoints would go to the trash and why, and its application, asked about once more.

import { zoneName } from "./badges.js";
import { post } from "./api.js";
import { ask, facts } from "./dialogs.js";
import { h, keyed, part, setAttr, setText } from "./dom.js";
import { bytes, integer, plural } from "./format.js";
import { shownProblem } from "./poll.js";
import { plan, reread, zones } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const CONFLICT = 409;
const REASONS = { cap: "over the zone’s cap in bytes", age: "past the zone’s maximum age", "one a day": "past the newest ones, of which one a day is kept" };

const dropsOf = (found) => found.zones.flatMap((zone) => zone.drop.map((row) => ({ ...row, zone: zone.zone })));
const freedBy = (found) => found.zones.reduce((sum, zone) => sum + zone.bytes_freed, 0);

export function mount(element) {
  const list = part(element, "list");
  const shown = part(element, "show");
  let current = null;
  let stored = null;

  shown.addEventListener("click", () => {
    setAttr(list, "hidden", !list.hidden);
    show();
  });
  part(element, "apply").addEventListener("click", () => apply(element, current, stored));
  const show = () => {
    if (!current) return;
    const drops = dropsOf(current);
    setText(part(element, "words"), words(current, drops));
    setAttr(shown, "hidden", drops.length === 0);
    setAttr(part(element, "apply"), "hidden", drops.length === 0);
    if (drops.length === 0) setAttr(list, "hidden", true);
    setText(shown, list.hidden ? "Show plan" : "Hide plan");
    setAttr(shown, "aria-expanded", String(!list.hidden));
    keyed(list, current.zones.filter((zone) => zone.drop.length || zone.notes?.length), (zone) => zone.zone, createZone, patchZone);
  };
  route.on((_, moved) => moved && plan.now());
  zones.on((value) => (stored = value?.zones ?? null));
  plan.on((value, problem) => {
    const met = shownProblem(value, problem);
    if (met) setText(part(element, "words"), `${met.detail} ${met.remedy}`);
    if (!value || met) return;
    current = value;
    show();
  });
}

function words(found, drops) {
  const over = found.zones.filter((zone) => zone.over_by_protection > 0).map((zone) => `Protected ones alone exceed the cap of the ${zone.zone} zone by ${bytes(zone.over_by_protection)}.`);
  if (drops.length === 0) return ["nothing is due to go.", ...over].join(" ");
  const places = [...new Set(drops.map((row) => zoneName(row.zone).toLowerCase()))].join(" and ");
  return [`${plural(drops.length, "checkpoint")} ${drops.length === 1 ? "leaves" : "leave"} the ${places} zone, ${bytes(freedBy(found))}: to the trash, restorable from there, where no copy lies elsewhere. Nothing protected is listed.`, ...over].join(" ");
}

function createZone({ zone }) {
  return h("section", { class: "plan-zone", "aria-label": `Plan for the ${zone} zone` }, h("h3", {}, zoneName(zone)), h("ul", { class: "drops", "data-drops": true }), h("ul", { class: "sub notes", "data-notes": true }));
}

function patchZone(section, zone) {
  keyed(part(section, "drops"), zone.drop, (row) => row.checkpoint_id, (row) => h("li", {}, h("a", { href: route.href({ checkpoint: row.checkpoint_id }) }, h("b", {}, integer(row.step)), h("span", { "data-size": true }), h("span", { class: "muted", "data-reason": true }))), (item, row) => {
    setText(part(item, "size"), bytes(row.size_bytes));
    setText(part(item, "reason"), REASONS[row.reason] ?? row.reason);
  });
  keyed(part(section, "notes"), zone.notes ?? [], (note) => note, (note) => h("li", {}, note), () => {});
}

async function apply(element, found, stored) {
  const drops = dropsOf(found);
  const told = part(element, "told");
  setAttr(told, "hidden", true);
  const before = (name) => (stored ?? []).find((zone) => zone.id === name);
  const changes = found.zones.filter((zone) => zone.drop.length).map((zone) => {
    const now = before(zone.zone);
    const name = `${zoneName(zone.zone)} zone`;
    return now ? [name, `${plural(now.count, "checkpoint")}, ${bytes(now.bytes)} → ${integer(now.count - zone.drop.length)}, ${bytes(now.bytes - zone.bytes_freed)}`] : [name, `${plural(zone.drop.length, "checkpoint")} fewer, ${bytes(zone.bytes_freed)} freed`];
  });
  const done = await ask({
    title: "Apply the retention plan?", action: `Drop ${plural(drops.length, "checkpoint")}`, picture: "trash", tone: "bad",
    body: [h("p", {}, "Where a copy lies in another zone, the one here is deleted. The others move to the trash and can be restored from it. Nothing protected is touched."), facts(changes)],
    run: async () => {
      try {
        return await post("/api/retention/apply", { plan_id: found.plan_id });
      } catch (error) {
        if (error.status !== CONFLICT) throw error;
        return { changed: error };
      }
    },
  });
  if (!done) return;
  const said = done.changed ? `Nothing was dropped: ${done.changed.detail} ${done.changed.remedy} The plan shown is the new one.` : `${plural(done.dropped, "checkpoint")} dropped, ${bytes(done.bytes_freed)} freed.`;
  await reread();
  told.classList.toggle("ok", !done.changed);
  setText(told, said);
  setAttr(told, "hidden", false);
}
