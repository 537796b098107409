// Exports and transfers: how far each is, where it lies when it is done, and a button to cancel it.

import { act, problemLine } from "./acting.js";
import { post } from "./api.js";
import { stateBadge } from "./badges.js";
import { h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, integer, moment } from "./format.js";
import { copyButton } from "./panelparts.js";
import { isUnderWay, work } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const SHOWN = 4;
const ROUTES = { export: "exports", transfer: "transfers" };

export function mount(element) {
  work.on((rows) => {
    if (!rows) return;
    const open = rows.filter(isUnderWay);
    const shown = [...open, ...rows.filter((row) => !isUnderWay(row))].slice(0, Math.max(SHOWN, open.length));
    setAttr(part(element, "work"), "hidden", shown.length === 0);
    setText(part(element, "sub"), open.length ? `${integer(open.length)} under way` : "none under way");
    keyed(part(element, "list"), shown, (row) => row.id, create, patch);
  });
}

function create(row) {
  const name = row.of.split("/").at(-1);
  const what = row.kind === "export" ? `Export as ${row.format}` : `Transfer from ${row.source} to ${row.target}`;
  const line = h("li", { class: "work-row" },
    h("div", { class: "what" }, h("b", {}, what), h("a", { class: "mono", href: route.href({ checkpoint: row.of }) }, name)),
    h("div", { class: "far" }, h("span", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-label": `${what} of ${name}`, "data-bar": true }, h("i")), h("span", { class: "sub", "data-words": true })),
    h("span", { "data-state": true }), h("span", { class: "sub", "data-when": true }),
    h("button", { class: "btn", type: "button", "aria-label": `Cancel: ${what} of ${name}`, "data-cancel": true }, "Cancel"),
    h("p", { class: "where", hidden: true, "data-where": true }), problemLine());
  const control = part(line, "cancel");
  control.addEventListener("click", async () => {
    const done = await act(control, line.lastChild, () => post(`/api/${ROUTES[row.kind]}/${encodeURIComponent(row.id)}/cancel`));
    if (done) document.getElementById("work-h").focus({ preventScroll: true });
    await work.now();
  });
  return line;
}

function patch(line, row) {
  const share = row.bytes_total ? row.bytes_done / row.bytes_total : 0;
  const bar = part(line, "bar");
  setVar(bar, "--v", `${100 * share}%`);
  setAttr(bar, "aria-valuenow", row.bytes_done);
  setAttr(bar, "aria-valuemax", row.bytes_total);
  setAttr(bar, "aria-valuetext", `${bytes(row.bytes_done)} of ${bytes(row.bytes_total)}`);
  setText(part(line, "words"), isUnderWay(row) ? `${bytes(row.bytes_done)} of ${bytes(row.bytes_total)}` : bytes(row.bytes_total));
  setText(part(line, "when"), moment(row.finished_at ?? row.created_at));
  setAttr(part(line, "cancel"), "hidden", !isUnderWay(row));
  line.classList.toggle("done", !isUnderWay(row));
  const state = part(line, "state");
  if (state.dataset.is !== row.state) {
    state.dataset.is = row.state;
    state.replaceChildren(stateBadge(row.state));
  }
  const where = part(line, "where");
  const words = row.error ?? (row.state === "completed" ? row.path ?? "" : "");
  setAttr(where, "hidden", words === "");
  if (where.dataset.is !== words) {
    where.dataset.is = words;
    where.classList.toggle("bad", row.error !== null);
    where.replaceChildren(h("span", { class: row.error ? "" : "mono" }, words), ...(row.error || words === "" ? [] : [copyButton(words, "Copy the path")]));
  }
}
