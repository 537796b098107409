// One checkpoint as a row of the list; the rows become cards where the page is narrow.

import { act, problemLine } from "./acting.js";
import { post } from "./api.js";
import { patchBadges, patchZones } from "./badges.js";
import { h, icon, keyed, part, say, setAttr, setText } from "./dom.js";
import { bytes, integer, loss, moment, percent } from "./format.js";
import { select, selected } from "./selection.js";
import { checkpointUrl, reread } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const MOST_SKILLS = 4;

export const SORTS = [["saved_at", "time saved"], ["step", "step"], ["exam_accuracy", "exam accuracy"], ["train_loss", "train_loss"], ["val_loss", "val_loss"], ["size_bytes", "size"]];

// The columns, with what each sorts by: `value(row)` is its number and `best` picks the best of several.
export function columnsOf(skills) {
  return [
    { id: "select", name: "Select" },
    { id: "step", name: "step", sort: "step", left: true },
    { id: "train_loss", name: "train_loss", sort: "train_loss", best: "min" },
    { id: "val_loss", name: "val_loss", sort: "val_loss", best: "min" },
    ...skills.slice(0, MOST_SKILLS).map(({ id, name }) => ({ id: `skill:${id}`, name, sort: `skill:${id}`, best: "max", skill: id })),
    { id: "exam_accuracy", name: "accuracy", sort: "exam_accuracy", best: "max" },
    { id: "size_bytes", name: "size", sort: "size_bytes" },
    { id: "zone", name: "zone", left: true },
    { id: "badges", name: "badges", left: true },
    { id: "more", name: "Details" },
  ];
}

const BY = { person: "by a person", retention: "by retention", replaced: "replaced" };
export const trashedBy = (row) => BY[row.trashed_by] ?? row.trashed_by;

const valueOf = (row, column) => (column.skill ? row.exam_skills?.[column.skill] ?? null : row[column.id]);
const shown = (value, column) => (column.id === "size_bytes" ? bytes(value) : column.best === "min" ? loss(value) : percent(value));

export function createRow(row) {
  const line = h("tr", {});
  line.addEventListener("change", (event) => {
    if (event.target.matches("[data-select]")) select(line.row, event.target.checked);
  });
  return line;
}

export function patchRow(line, row, columns, rows) {
  line.row = row;
  line.className = selected.has(row.id) ? "on" : "";
  keyed(line, columns, (column) => column.id, (column) => createCell(column, row, line), (cell, column) => {
    if (column.best || column.id === "size_bytes") {
      const value = valueOf(row, column);
      setText(cell, shown(value, column));
      cell.classList.toggle("best", column.best !== undefined && rows.length > 1 && isBest(value, column, rows));
    } else if (column.id === "zone") patchZones(cell.firstChild, row.trashed_at ? ["trash"] : row.zones);
    else if (column.id === "badges") patchBadges(cell.firstChild, row);
    else if (column.id === "select") patchSelect(cell.querySelector("input"), row);
    else if (column.id === "step") {
      setText(part(cell, "step"), integer(row.step));
      setAttr(cell.querySelector("a"), "href", route.href({ checkpoint: row.id }));
      setText(part(cell, "name"), row.canonical_name.replace(`checkpoint-${row.step}-`, ""));
      setText(part(cell, "when"), row.trashed_at ? `since ${moment(row.trashed_at)}, ${trashedBy(row)}` : "");
    } else if (!row.trashed_at) setAttr(cell.querySelector("a"), "href", route.href({ checkpoint: row.id }));
  });
}

function isBest(value, column, rows) {
  const known = rows.map((row) => valueOf(row, column)).filter((each) => each !== null && each !== undefined);
  return value !== null && value !== undefined && value === Math[column.best](...known);
}

function patchSelect(box, row) {
  box.checked = selected.has(row.id);
  setAttr(box, "disabled", row.trashed_at !== null);
}

function createCell(column, row, line) {
  const step = integer(row.step);
  if (column.id === "select") return h("td", { class: "ck" }, h("label", { class: "cb" }, h("input", { type: "checkbox", "aria-label": `Select checkpoint ${step}`, "data-select": true })));
  if (column.id === "step") return h("th", { scope: "row" }, h("a", { href: "/vault" }, h("span", { class: "st", "data-step": true }), h("span", { class: "nm mono", "data-name": true })), h("span", { class: "sub", "data-when": true }));
  if (column.id === "zone" || column.id === "badges") return h("td", { class: `l at-${column.id}`, "data-label": column.id }, h("div", { class: column.id === "zone" ? "places" : "badges" }));
  if (column.id === "more") return row.trashed_at ? restoring(row, line) : h("td", { class: "ac" }, h("a", { class: "btn ghost icon", "aria-label": `Details of checkpoint ${step}`, title: "Details" }, icon("more")));
  return h("td", { class: "num", "data-label": column.name });
}

function restoring(row) {
  const control = h("button", { class: "btn", type: "button", "aria-label": `Restore checkpoint ${integer(row.step)}` }, icon("retry"), h("span", {}, "Restore"));
  const problem = problemLine();
  control.addEventListener("click", async () => {
    const done = await act(control, problem, () => post(`${checkpointUrl(row.id)}/restore`));
    if (!done) return;
    say(`Checkpoint ${integer(row.step)} is restored.`);
    document.getElementById("cks-h").focus({ preventScroll: true });
    await reread();
  });
  return h("td", { class: "ac wide" }, control, problem);
}
