// What the Oracle holds: memory against its budget, each checkpoint in memory, and the picked ones that are not.

import { act, problemLine } from "./acting.js";
import { post } from "./api.js";
import { h, keyed, part, say, setAttr, setText, setVar } from "./dom.js";
import { bytes, integer, moment } from "./format.js";
import { shortName, status } from "./oraclefeed.js";
import { modelOf, onLanes, open, resolved } from "./oraclelanes.js";

const LOADING_MS = 300000;

export function mount(element) {
  let value = null;
  const show = () => {
    if (value === null) return;
    const share = value.memory_budget_bytes ? Math.min(100, (100 * value.memory_bytes) / value.memory_budget_bytes) : 0;
    const bar = part(element, "bar");
    setText(part(element, "used"), bytes(value.memory_bytes));
    setText(part(element, "budget"), bytes(value.memory_budget_bytes));
    setVar(bar, "--v", `${share}%`);
    setAttr(bar, "aria-valuenow", value.memory_bytes);
    setAttr(bar, "aria-valuemax", value.memory_budget_bytes);
    setAttr(bar, "aria-valuetext", `${bytes(value.memory_bytes)} of ${bytes(value.memory_budget_bytes)}`);
    const rows = [...value.loaded, ...picked(value)];
    keyed(part(element, "rows"), rows, (row) => row.checkpoint_id, create, patch);
    setAttr(part(element, "none"), "hidden", rows.length > 0);
    setText(part(element, "none"), "No checkpoint is in memory, and there is none to load.");
  };
  status.on((found) => {
    value = found;
    show();
  });
  onLanes(show);
}

// Checkpoints picked in a lane and not held.
function picked({ loaded, champion }) {
  const ids = new Set(open().map(modelOf).filter(Boolean).map((model) => resolved(model).id));
  loaded.forEach((row) => ids.delete(row.checkpoint_id));
  return [...ids].map((id) => ({ checkpoint_id: id, champion: champion?.checkpoint_id === id, size_bytes: null }));
}

function create({ checkpoint_id: id }) {
  const name = shortName(id);
  const load = h("button", { class: "btn", type: "button", "aria-label": `Load ${name}`, "data-load": true }, "Load");
  const unload = h("button", { class: "btn", type: "button", "aria-label": `Unload ${name}`, "data-unload": true }, "Unload");
  const line = h("li", {},
    h("i", { class: "lamp", "aria-hidden": "true" }),
    h("div", { class: "what" }, h("b", { class: "mono", title: id }, name), h("span", { class: "sub", "data-facts": true })),
    load, unload, problemLine());
  const wire = (control, what, timeout) => control.addEventListener("click", async () => {
    const done = await act(control, line.lastChild, () => post(`/api/oracle/${what}`, { model: id }, timeout));
    if (!done) return;
    say(what === "load" ? `${name} is in memory.` : `${name} is no longer in memory.`);
    await status.now();
  });
  wire(load, "load", LOADING_MS);
  wire(unload, "unload");
  return line;
}

function patch(line, row) {
  const held = row.size_bytes !== null;
  line.classList.toggle("absent", !held);
  const work = [row.rows && `${integer(row.rows)} being written`, row.waiting && `${integer(row.waiting)} waiting`];
  const facts = held
    ? [row.champion && "champion", bytes(row.size_bytes), ...(row.rows || row.waiting ? work : [row.last_used_at && `asked ${moment(row.last_used_at)}`])]
    : [row.champion && "champion", "picked, not in memory"];
  const words = part(line, "facts");
  setText(words, facts.filter(Boolean).join(" · "));
  setAttr(words, "title", held ? `sha256 ${row.sha256}` : null);
  const [load, unload] = [part(line, "load"), part(line, "unload")];
  const focused = document.activeElement;
  setAttr(load, "hidden", held);
  setAttr(unload, "hidden", !held);
  if (focused === load && held) unload.focus();
  if (focused === unload && !held) load.focus();
}
