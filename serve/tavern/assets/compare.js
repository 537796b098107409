// Two selected checkpoints side by side: each number of A and B, what A is above B, and bars of one scale.

import { act } from "./acting.js";
import { h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, integer, loss, percent } from "./format.js";
import { onState } from "./live.js";
import { promote, startExport } from "./checkpointacts.js";
import { clear, onSelection, selected, swap } from "./selection.js";
import { route } from "./vaultroute.js";

const signed = (format) => (difference) => (difference === 0 ? "0" : `${difference > 0 ? "+" : "−"}${format(Math.abs(difference))}`);
const points = signed((share) => `${(100 * share).toFixed(1)} points`);
const asLoss = signed((value) => value.toFixed(3));

export function mount(element) {
  let skills = [];
  const show = () => {
    const pair = selected.size === 2 ? [...selected.values()] : null;
    setAttr(part(element, "body"), "hidden", pair === null);
    setAttr(part(element, "tools"), "hidden", pair === null);
    setAttr(part(element, "hint"), "hidden", pair !== null);
    element.querySelector(".compare").classList.toggle("open", pair !== null);
    if (pair === null) {
      setText(part(element, "hint"), selected.size > 2 ? `${selected.size} checkpoints are selected; a comparison is of two.` : selected.size === 1 ? `Checkpoint ${integer([...selected.values()][0].step)} is A. Select a second one.` : "Select two checkpoints of the list: their losses, exams and sizes stand here side by side, with the differences.");
      return;
    }
    ["a", "b"].forEach((side, at) => head(element, side, pair[at]));
    keyed(part(element, "deltas"), deltas(pair, skills), (row) => row.name, create, patch);
    setText(part(element, "promote").lastChild, pair[0].protected_because.includes("champion") ? "A is the champion" : "Promote A");
    setAttr(part(element, "promote"), "aria-disabled", pair[0].protected_because.includes("champion") ? "true" : null);
  };
  const first = () => [...selected.values()][0];
  const problem = part(element, "acts-problem");
  part(element, "swap").addEventListener("click", swap);
  part(element, "close").addEventListener("click", () => {
    clear();
    document.getElementById("cks-h").focus();
  });
  part(element, "promote").addEventListener("click", (event) => event.currentTarget.getAttribute("aria-disabled") !== "true" && promote(first()));
  part(element, "export").addEventListener("click", (event) => act(event.currentTarget, problem, () => startExport(first(), "folder")));
  onState((state) => {
    if (!state) return;
    skills = Object.values(state.skills ?? {});
    show();
  });
  onSelection(show);
}

function head(element, side, row) {
  const link = part(element, side);
  setText(link, integer(row.step));
  setAttr(link, "href", route.href({ checkpoint: row.id }));
  setText(part(element, `${side}-why`), row.protected_because.join(", ") || row.created_by.replace("_", " "));
}

function deltas([a, b], skills) {
  const names = new Map(skills.map(({ id, name }) => [id, name]));
  const ids = [...new Set([...Object.keys(a.exam_skills ?? {}), ...Object.keys(b.exam_skills ?? {})])];
  const top = (name) => Math.max(a[name] ?? 0, b[name] ?? 0) * 1.15;
  const row = (name, of, show, difference, whole) => ({ name, values: [of(a), of(b)], show, difference, whole });
  const level = (id) => [a, b].map((each) => each.mastered_levels?.[id] ?? 0);
  return [
    row("train_loss", (each) => each.train_loss, loss, asLoss, top("train_loss")),
    row("val_loss", (each) => each.val_loss, loss, asLoss, top("val_loss")),
    row("accuracy", (each) => each.exam_accuracy, percent, points, 1),
    ...ids.map((id) => ({ ...row(`${names.get(id) ?? id.toUpperCase()}`, (each) => each.exam_skills?.[id] ?? null, percent, points, 1), about: `mastered ${level(id).join(" and ")}` })),
    row("size", (each) => each.size_bytes, bytes, signed(bytes), top("size_bytes")),
    row("tokens seen", (each) => each.tokens_seen, integer, signed(integer), top("tokens_seen")),
  ].filter(({ values }) => values.some((value) => value !== null && value !== undefined));
}

function create({ name, about }) {
  return h("li", {}, h("div", { class: "r" }, h("span", {}, name, about ? h("small", { "data-about": true }) : null), h("span", { class: "dv" }, h("small", {}, "A − B"), h("span", { "data-difference": true }))),
    h("div", { class: "db" }, h("span", { "data-a-value": true }), h("i"), h("span", { "data-b-value": true }), h("i", { class: "v" })));
}

function patch(item, { values, show, difference, whole, about }) {
  const known = values.every((value) => value !== null && value !== undefined);
  if (about) setText(part(item, "about"), about);
  setText(part(item, "difference"), known ? difference(values[0] - values[1]) : "–");
  ["a-value", "b-value"].forEach((name, at) => setText(part(item, name), show(values[at])));
  item.querySelectorAll(".db i").forEach((bar, at) => setVar(bar, "--v", `${whole ? (100 * (values[at] ?? 0)) / whole : 0}%`));
}
