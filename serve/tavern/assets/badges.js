// Badges of a checkpoint: why it is kept, how it is protected, where it lies.

import { h, icon } from "./dom.js";

const BADGES = { champion: ["crown", "c"], latest: ["flame", "n"], "in use": ["play", "u"], promoted: ["check", "u"], start: ["pin", ""] };
const GUARDS = { sacred: "lock", protected: "lock", guarded: "shield" };
const STATES = { pending: ["jobs", ""], completed: ["check", "n"], failed: ["warn", "w"], cancelled: ["x", ""] };
const ZONES = { hot: "Hot", warm: "Warm", cold: "Cold", trash: "Trash" };

export const zoneName = (zone) => ZONES[zone] ?? zone;

export function badgesOf({ protected_because: because, protection }) {
  const guard = GUARDS[protection] ? [[protection, [GUARDS[protection], ""]]] : [];
  return [...(because ?? []).map((word) => [word, BADGES[word] ?? ["lock", ""]]), ...guard];
}

export const badge = ([word, [picture, tone]]) => h("span", { class: `badge ${tone}` }, icon(picture, true), word);

// The state of a job, an export or a transfer.
export const stateBadge = (state) => badge([state, STATES[state] ?? ["busy", "u"]]);

// Writes the badges only where they differ.
export function patchBadges(place, row) {
  const badges = badgesOf(row);
  const words = badges.map(([word]) => word).join();
  if (place.dataset.is === words) return;
  place.dataset.is = words;
  place.replaceChildren(...badges.map(badge));
}

export function patchZones(place, zones) {
  const words = zones.join();
  if (place.dataset.is === words) return;
  place.dataset.is = words;
  place.replaceChildren(...(zones.length ? zones.map((zone) => h("span", { class: `zone-name ${zone}` }, zoneName(zone))) : [h("span", { class: "faint" }, "nowhere")]));
}
