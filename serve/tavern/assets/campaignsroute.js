// What /campaign shows: one campaign (?campaign=, else the active one) and those it is compared with.

import { pageRoute } from "./pageroute.js";

export const MOST_COMPARED = 8;
const NONE = "-";

export const route = pageRoute("/campaign", "campaign", { campaign: "", compare: "", by: "tokens", skill: "" });

// The campaign that is shown, of those listed: the one in the address, the active one, else the newest that is not thrown
// away. Null where there is none.
export function chosenOf(rows) {
  return rows.find((row) => row.id === route.campaign) ?? rows.find((row) => row.life === "active") ?? rows.find((row) => row.life !== "trashed") ?? rows[0] ?? null;
}

// Those compared, oldest first: as the address says, else all that have begun and are not thrown away.
export function comparedOf(rows) {
  const known = [...rows].reverse();
  if (route.compare === "") return known.filter((row) => row.step > 0 && row.life !== "trashed").slice(-MOST_COMPARED);
  const wanted = route.compare.split(",");
  return known.filter((row) => wanted.includes(row.id)).slice(0, MOST_COMPARED);
}

export const compareHref = (ids) => route.set({ compare: ids.join(",") || NONE });
