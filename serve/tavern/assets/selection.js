// The checkpoints selected in the list, by id, in the order of their choosing; they stay selected on other pages of it.
// Two of them are in the address, so that their comparison can be linked.

import { get } from "./api.js";
import { checkpointUrl } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const SEPARATOR = ",";
const listeners = new Set();
export const selected = new Map();

export function onSelection(listener) {
  listeners.add(listener);
  listener(selected);
}

export function select(row, on) {
  if (on) selected.set(row.id, row);
  else selected.delete(row.id);
  changed();
}

export function selectAll(rows) {
  for (const row of rows) selected.set(row.id, row);
  changed();
}

export function swap() {
  const rows = [...selected.values()].reverse();
  selected.clear();
  for (const row of rows) selected.set(row.id, row);
  changed();
}

export function clear() {
  selected.clear();
  changed();
}

// Newer readings of selected rows; what is gone is no longer selected.
export function renew(rows) {
  let renewed = false;
  for (const row of rows) {
    if (!selected.has(row.id) || JSON.stringify(selected.get(row.id)) === JSON.stringify(row)) continue;
    selected.set(row.id, row);
    renewed = true;
  }
  if (renewed) listeners.forEach((listener) => listener(selected));
}

function changed() {
  const pair = selected.size === 2 ? [...selected.keys()].join(SEPARATOR) : "";
  if (route.compare !== pair) route.set({ compare: pair });
  listeners.forEach((listener) => listener(selected));
}

async function fromAddress() {
  const pair = route.compare.split(SEPARATOR).filter(Boolean);
  if (pair.length !== 2) return;
  const rows = await Promise.all(pair.map((id) => get(checkpointUrl(id)).catch(() => null)));
  if (selected.size === 0 && rows.every(Boolean)) for (const row of rows) select(row, true);
}
fromAddress();
