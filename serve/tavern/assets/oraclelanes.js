// Which checkpoints are asked: one lane, or two side by side. Kept in the address, so a link opens the same.

import { models, status } from "./oraclefeed.js";

export const LANES = ["a", "b"];
const PARAMETERS = { a: "model", b: "beside" };
const listeners = new Set();
const chosen = { a: "", b: "" };

const read = () => {
  const query = new URLSearchParams(location.search);
  for (const lane of LANES) chosen[lane] = query.get(PARAMETERS[lane]) ?? "";
};
const tell = () => listeners.forEach((listener) => listener());
let known = { status: null, models: [] };

// What the lane asks: its own choice, and before there is one the champion, else the latest, else the newest checkpoint.
export const modelOf = (lane) => chosen[lane] || (known.status?.champion ? "champion" : known.status?.latest ? "latest" : known.models[0]?.id ?? "");
export const open = () => LANES.filter((lane) => lane === "a" || chosen[lane] !== "");

// `{ id, sha256, held }` of what a model stands for; what is not known is null.
export function resolved(model) {
  const alias = known.status?.[model];
  const id = alias?.checkpoint_id ?? known.models.find((each) => each.id === model)?.checkpoint_id ?? model;
  const held = known.status?.loaded.find((row) => row.checkpoint_id === id) ?? null;
  return { id, sha256: alias?.sha256 ?? held?.sha256 ?? null, held };
}

// The other of champion and latest than lane a has, for the lane that opens.
const counterpart = () => (modelOf("a") === "latest" || !known.status?.latest ? "champion" : "latest");

export function choose(lane, model) {
  chosen[lane] = model;
  const query = new URLSearchParams(LANES.filter((each) => chosen[each]).map((each) => [PARAMETERS[each], chosen[each]]));
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`); // whole: Gradio sets a <base>
  tell();
}

export const openBoth = (both) => choose("b", both ? counterpart() : "");

export function onLanes(listener) {
  listeners.add(listener);
  listener();
}

read();
addEventListener("popstate", () => {
  read();
  tell();
});
status.on((value) => {
  known = { ...known, status: value };
  tell();
});
models.on((value) => {
  known = { ...known, models: value ?? [] };
  tell();
});
