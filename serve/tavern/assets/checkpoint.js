// One checkpoint: its record, its exam and evaluations, its copies, where it comes from, and what can be done with it.

import { act } from "./acting.js";
import { get, post } from "./api.js";
import { patchBadges, zoneName } from "./badges.js";
import { promote, startExport, startTransfer, verify } from "./checkpointacts.js";
import { patchRecord } from "./checkpointparts.js";
import { deleteCheckpoints } from "./deleting.js";
import { h, part, say, setAttr, setText } from "./dom.js";
import { integer } from "./format.js";
import { onState } from "./live.js";
import { copyButton, patchProblem } from "./panelparts.js";
import { poll, shownProblem } from "./poll.js";
import { checkpointUrl, reread, zones } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const EVERY = 4000;

export function mount(element) {
  const page = part(element, "page");
  let skills = [];
  let places = [];
  let row = null;

  const detail = poll(async () => {
    const id = route.checkpoint;
    const [found, evaluated] = await Promise.all([get(checkpointUrl(id)), get(`/api/evaluations?checkpoint=${encodeURIComponent(id)}`).catch((error) => ({ problem: error }))]);
    return { ...found, evaluated };
  }, () => EVERY, () => route.checkpoint !== "");
  const show = () => {
    setAttr(page, "hidden", route.checkpoint === "");
    setAttr(part(page, "back"), "href", route.href({ checkpoint: "" }));
    const there = row !== null && [row.id, row.canonical_name].includes(route.checkpoint);
    setAttr(part(page, "body"), "hidden", !there);
    if (!there) return;
    document.documentElement.dataset.title = `Checkpoint ${integer(row.step)} · Vault`;
    patchRecord(page, row, skills);
    patchHead(page, row);
    setAttr(part(page, "ask"), "href", `/oracle?model=${encodeURIComponent(row.id)}`);
    patchActions(page, row, places);
  };
  listen(page, () => row, async () => {
    await Promise.all([detail.now(), reread()]);
  });
  onState((state) => {
    if (!state) return;
    skills = Object.values(state.skills ?? {});
    show();
  });
  zones.on((value) => {
    places = (value?.zones ?? []).flatMap((zone) => zone.strongholds.map((each) => ({ ...each, zone: zone.id })));
    show();
  });
  detail.on((value, problem) => {
    patchProblem(page, route.checkpoint === "" ? null : shownProblem(value, problem));
    row = value;
    show();
  });
  route.on(async (_, moved) => {
    if (!moved) return show();
    row = null;
    show();
    await detail.now();
    if (route.checkpoint !== "") page.querySelector(row ? "h1" : "[data-back]").focus({ preventScroll: true });
  });
}

function patchHead(page, row) {
  setText(part(page, "title"), `Checkpoint ${integer(row.step)}`);
  const id = part(page, "id");
  if (id.textContent !== row.id) {
    setText(id, row.id);
    part(page, "copy-id").replaceChildren(copyButton(row.id, "Copy the id"));
    setText(part(page, "verified"), "");
    for (const name of ["acts-problem", "verify-problem"]) setAttr(part(page, name), "hidden", true);
  }
  patchBadges(part(page, "badges"), row);
}

function patchActions(page, row, places) {
  const trashed = row.trashed_at !== null;
  const because = row.protected_because;
  setAttr(part(page, "live"), "hidden", trashed);
  setAttr(part(page, "restore"), "hidden", !trashed);
  setAttr(part(page, "promote"), "aria-disabled", because.includes("champion") ? "true" : null);
  setText(part(page, "promote").lastChild, because.includes("champion") ? "This is the champion" : "Promote");
  setAttr(part(page, "locked"), "hidden", because.length === 0);
  setText(part(page, "locked"), `${row.protection === "guarded" ? "Guarded" : "The vault does not delete it"}: ${because.join(", ")}.`);
  const targets = places.filter((place) => !row.locations.some((each) => each.stronghold === place.id));
  const picker = part(page, "target");
  const mark = targets.map((place) => place.id).join();
  if (picker.dataset.is !== mark) {
    picker.dataset.is = mark;
    picker.replaceChildren(...targets.map((place) => h("option", { value: place.id }, `${place.id} (${zoneName(place.zone).toLowerCase()})`)));
  }
  setAttr(picker.closest(".act-row"), "hidden", targets.length === 0);
}

function listen(page, current, changed) {
  const problem = part(page, "acts-problem");
  const on = (name, run) => part(page, name).addEventListener("click", (event) => run(event.currentTarget));
  on("promote", async (control) => {
    if (control.getAttribute("aria-disabled") === "true") return;
    await promote(current());
    await changed();
  });
  on("export", (control) => act(control, problem, () => startExport(current(), part(page, "format").value)));
  on("transfer", (control) => act(control, problem, () => startTransfer(current(), part(page, "target").value)));
  on("delete", async () => {
    if (await deleteCheckpoints([current().id])) route.go({ checkpoint: "" });
  });
  on("restore", async (control) => {
    const { id, step } = current();
    if (!(await act(control, problem, () => post(`${checkpointUrl(id)}/restore`)))) return;
    await changed();
    say(`Checkpoint ${integer(step)} is restored.`);
  });
  on("verify", async (control) => {
    await act(control, part(page, "verify-problem"), () => verify(current(), part(page, "verified")));
    await changed();
  });
}
