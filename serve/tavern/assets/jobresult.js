// Payloads and results of jobs as people read them: names with values, lists as tables, and the JSON itself below.

import { h } from "./dom.js";
import { bytes, decimal, integer, moment, percent, span } from "./format.js";

const MOST_ROWS = 20;
const SHARES = /(^|_)(accuracy|share|low|high|utilization)$/;
const SHOWN_CHARS = 60;

const isPlain = (value) => value === null || typeof value !== "object";
const isTime = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value);

export function shown(name, value) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isTime(value)) return moment(value);
  if (typeof value !== "number") return String(value);
  if (/bytes$/.test(name)) return bytes(value);
  if (/(_s|^seconds)$/.test(name)) return value < 10 ? `${decimal(value)} s` : span(value);
  if (SHARES.test(name) && value >= 0 && value <= 1) return percent(value);
  return Number.isInteger(value) ? integer(value) : String(Number(value.toPrecision(5)));
}

// The entries of an object as pairs of a description list.
export function readable(value) {
  return Object.entries(value).map(([name, each]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd", {}, content(name, each))));
}

function content(name, value) {
  if (isPlain(value)) return shown(name, value);
  if (!Array.isArray(value)) return h("dl", { class: "inner" }, ...readable(value));
  if (value.length === 0) return "none";
  if (value.every(isPlain)) return value.map((each) => shown(name, each)).join(", ");
  return table(value);
}

function table(rows) {
  const names = [...new Set(rows.flatMap((row) => (isPlain(row) ? [] : Object.keys(row))))];
  const cell = (row, name) => (isPlain(row) ? shown("", row) : isPlain(row[name]) ? shown(name, row[name]) : JSON.stringify(row[name]));
  const cut = rows.length > MOST_ROWS ? h("caption", { class: "sub" }, `the first ${MOST_ROWS} of ${integer(rows.length)}`) : null;
  return h("div", { class: "rows-of", tabindex: 0, role: "group", "aria-label": `${integer(rows.length)} rows` }, h("table", {}, ...[cut].filter(Boolean), h("thead", {}, h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, ...rows.slice(0, MOST_ROWS).map((row) => h("tr", {}, ...names.map((name) => h("td", {}, cell(row, name))))))));
}

export const asJson = (value) => h("details", { class: "raw-json" }, h("summary", {}, "As JSON"), h("pre", { class: "mono", tabindex: 0, "aria-label": "JSON" }, JSON.stringify(value, null, 2)));

// A payload in one line.
export function words(payload) {
  const line = Object.entries(payload ?? {}).filter(([name]) => name !== "campaign_id").map(([name, value]) => `${name} ${isPlain(value) ? shown(name, value) : JSON.stringify(value)}`).join(", ");
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
