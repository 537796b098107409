// Badges of a checkpoint: why it is kept, how it is protected, where it lies.

import { h, icon } from "./dom.js";

const BADGES = { champion: ["crown", "c"], latest: ["flame", "n"], "in use": ["play", "u"], promoted: ["check", "u"], start: ["pin", ""] };
const GUARDS = { sacred: "lock", protected: "lock", guarded: "shield" };
const STATES = { pending: ["jobs", ""], completed: ["check", "n"], failed: ["warn", "w"], cancelled: ["x", ""] };
const ZONES = { hot: "Hot", warm: "Warm", cold: "Cold", trash: "Trash" };

export const zoneName = (zone) => ZONES[zone] ?? zone ?? "no zone";

// What of its ranks has a badge of its own; the one of its protection tells all the reasons.
function badgesOf({ protected_because: because, protection }) {
  const own = because.filter((word) => BADGES[word]).map((word) => badge([word, BADGES[word]]));
  return GUARDS[protection] ? [...own, badge([protection, [GUARDS[protection], ""]], because.join(", "))] : own;
}

export const badge = ([word, [picture, tone]], title = null) => h("span", { class: `badge ${tone}`, title }, icon(picture, true), word);

// The state of a job, an export or a transfer.
export const stateBadge = (state) => badge([state, STATES[state] ?? ["busy", "u"]]);

// Writes the badges only where they differ.
export function patchBadges(place, row) {
  const words = [...row.protected_because, row.protection].join();
  if (place.dataset.is === words) return;
  place.dataset.is = words;
  place.replaceChildren(...badgesOf(row));
}

export function patchZones(place, zones) {
  const words = zones.join();
  if (place.dataset.is === words) return;
  place.dataset.is = words;
  place.replaceChildren(...(zones.length ? zones.map((zone) => h("span", { class: `zone-name ${zone}` }, zoneName(zone))) : [h("span", { class: "faint" }, "nowhere")]));
}
