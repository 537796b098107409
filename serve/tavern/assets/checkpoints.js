// The list of checkpoints: sorted and filtered by the server, turned page by page, rows selected for what comes next.

import { deleteCheckpoints } from "./deleting.js";
import { columnsOf, createRow, patchRow, SORTS } from "./checkpointrow.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { bytes, integer, plural } from "./format.js";
import { onState } from "./live.js";
import { pager, patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";
import { clear, onSelection, renew, selectAll, selected } from "./selection.js";
import { list, zones } from "./vaultfeed.js";
import { PAGE, route } from "./vaultroute.js";

const TYPING_MS = 250;
const FILTERS = ["zone", "skill", "created_by", "sort", "q"];

export function mount(element) {
  const form = part(element, "filters");
  let skills = [];
  let found = null;
  let read = null; // what the newest answer of the list was asked for

  const turn = pager(element, PAGE, (by) => {
    const to = Number(route.offset) + by;
    if (to >= 0 && to < (found?.total ?? 0)) route.set({ offset: to });
  });
  const columns = () => {
    const all = columnsOf(skills);
    patchColumns(part(element, "columns"), all);
    return all;
  };
  const show = () => {
    patchForm(form, element, skills);
    if (!found) return;
    const shown = columns();
    const rows = found.checkpoints;
    keyed(part(element, "rows"), rows, (row) => row.id, (row) => createRow(row, list), (line, row) => patchRow(line, row, shown, rows));
    setAttr(part(element, "table"), "hidden", rows.length === 0);
    setAttr(part(element, "best"), "hidden", rows.length < 2);
    const sorted = SORTS.find(([id]) => id === route.sort)?.[1] ?? route.sort.replace("skill:", "");
    setText(part(element, "caption"), `Checkpoints sorted by ${sorted}, ${route.order === "desc" ? "highest or newest" : "lowest or oldest"} first`);
    setText(part(element, "shown"), found.total ? plural(found.total, "checkpoint") : "");
    turn(Number(route.offset), rows.length, found.total);
    empty(element, rows.length === 0);
  };
  listen(element, form, () => found.checkpoints);
  onState((state) => {
    const now = Object.values(state?.skills ?? {}).map(({ id, name, colour }) => ({ id, name, colour }));
    if (!state || JSON.stringify(now) === JSON.stringify(skills)) return;
    skills = now;
    show();
  });
  route.on((_, moved) => {
    const wanted = JSON.stringify([...FILTERS, "order", "trashed", "offset"].map((name) => route[name]));
    show();
    if (read !== null && wanted !== read && route.checkpoint === "") list.now();
    read = wanted;
    if (moved && route.checkpoint === "") list.now();
  });
  list.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    if (!value) return;
    found = value;
    renew(value.checkpoints);
    show();
  });
  zones.on((value) => value && setText(part(element, "trashed"), value.trashed ? integer(value.trashed) : ""));
  onSelection(() => {
    picked(element);
    show();
  });
}

function listen(element, form, rows) {
  let typing = null;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name !== "q") route.set({ [event.target.name]: event.target.value, offset: 0 });
  });
  form.elements.q.addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => route.set({ q: event.target.value.trim(), offset: 0 }), TYPING_MS);
  });
  part(element, "order").addEventListener("click", () => route.set({ order: route.order === "desc" ? "asc" : "desc", offset: 0 }));
  part(element, "place").addEventListener("change", (event) => {
    clear();
    route.set({ trashed: event.target.value, offset: 0 });
  });
  part(element, "columns").addEventListener("click", (event) => {
    const by = event.target.closest("[data-sort]")?.dataset.sort;
    if (by) route.set({ sort: by, order: by === route.sort && route.order === "desc" ? "asc" : by === route.sort ? "desc" : by.endsWith("loss") ? "asc" : "desc", offset: 0 });
  });
  part(element, "all").addEventListener("click", () => selectAll(rows()));
  part(element, "clear").addEventListener("click", () => {
    clear();
    part(element, "rows").querySelector("input")?.focus();
  });
  part(element, "delete").addEventListener("click", () => deleteCheckpoints([...selected.keys()]));
  part(element, "to-compare").addEventListener("click", () => document.querySelector("[data-compare-title]").focus());
}

function patchColumns(head, all) {
  const mark = JSON.stringify([all, route.sort, route.order, route.trashed]);
  if (head.dataset.is === mark) return;
  head.dataset.is = mark;
  keyed(head, all, (column) => column.id, ({ id, left, sort, name }) => h("th", { scope: "col", class: left ? "l" : null },
    sort ? h("button", { type: "button", "data-sort": sort }, name, icon("arrow-down", true)) : h("span", { class: ["select", "more"].includes(id) ? "vh" : null }, name)), (cell, { sort }) => {
    const on = sort && sort === route.sort;
    setAttr(cell, "aria-sort", on ? (route.order === "desc" ? "descending" : "ascending") : null);
  });
}

function patchForm(form, element, skills) {
  const options = (picker, rows) => {
    const mark = JSON.stringify(rows);
    if (picker.dataset.is === mark) return;
    picker.dataset.is = mark;
    picker.replaceChildren(...rows.map(([value, name]) => h("option", { value }, name)));
  };
  const named = skills.map(({ id, name }) => [id, name]);
  if (route.skill && !named.some(([id]) => id === route.skill)) named.push([route.skill, route.skill]);
  options(form.elements.skill, [["", "Any skill"], ...named]);
  options(form.elements.sort, [...SORTS, ...named.map(([id, name]) => [`skill:${id}`, `${name} exam`])]);
  for (const name of FILTERS) if (form.elements[name] !== document.activeElement && form.elements[name].value !== route[name]) form.elements[name].value = route[name];
  const order = part(element, "order");
  const words = route.order === "desc" ? "Highest first; turn round" : "Lowest first; turn round";
  setAttr(order, "aria-label", words);
  setAttr(order, "title", words);
  setAttr(order.querySelector("use"), "href", route.order === "desc" ? "#i-arrow-down" : "#i-arrow-up");
  element.querySelector(`[name=place][value='${route.trashed}']`).checked = true;
}

function picked(element) {
  const rows = [...selected.values()];
  setAttr(part(element, "picked"), "hidden", rows.length === 0 || route.trashed !== "");
  setText(part(element, "picked-words"), rows.length ? `${integer(rows.length)} selected, ${bytes(rows.reduce((sum, row) => sum + row.size_bytes, 0))}` : "");
  setAttr(part(element, "to-compare"), "hidden", rows.length !== 2);
}

function empty(element, none) {
  setAttr(part(element, "empty"), "hidden", !none);
  if (!none) return;
  const filtered = ["zone", "skill", "created_by", "q"].some((name) => route[name] !== "");
  const [title, words] = filtered ? ["No checkpoint fits these filters", "Take a filter away to see more."]
    : route.trashed ? ["The trash is empty", "What is deleted here or by retention lies in the trash for a while, and can be restored from it."]
      : ["No checkpoint yet", "The first is saved while a battle runs: at the checkpoint interval, when a level is mastered, when a quest ends, and at each pause and stop. Its losses, its exam, its size and its place are listed here, and the vault keeps what is the champion, the latest, promoted or in use."];
  setText(part(element, "empty-title"), title);
  setText(part(element, "empty-words"), words);
}
