// What can be done with one checkpoint: promoted after a look at before and after, exported, sent to a stronghold, verified.

import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { h, say, setText } from "./dom.js";
import { integer, loss, percent, text } from "./format.js";
import { onState } from "./live.js";
import { checkpointUrl, reread, work } from "./vaultfeed.js";

let champion = null;
onState((state) => (champion = state?.champion ?? champion));

// The champion as the vault has it now.
async function presentChampion() {
  if (champion === null) return null;
  try {
    return await get(checkpointUrl(champion.id));
  } catch (error) {
    if (error.status === undefined) throw error;
    return champion;
  }
}

const NUMBERS = [["step", (row) => integer(row.step)], ["accuracy", (row) => percent(row.exam_accuracy)], ["val_loss", (row) => loss(row.val_loss)], ["train_loss", (row) => loss(row.train_loss)], ["name", (row) => text(row.canonical_name ?? row.name)]];

function beforeAfter(before, after) {
  return h("table", { class: "before-after" }, h("caption", { class: "vh" }, "The champion before and after"),
    h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "Before"), h("th", { scope: "col" }, "After"))),
    h("tbody", {}, ...NUMBERS.map(([name, show]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: name === "name" ? "mono" : null }, before ? show(before) : "–"), h("td", { class: name === "name" ? "mono" : null }, show(after))))));
}

export async function promote(row) {
  const before = await presentChampion();
  const lower = before && row.exam_accuracy !== null && before.exam_accuracy !== null && row.exam_accuracy < before.exam_accuracy;
  const unasked = row.exam_accuracy === null ? "It has no exam yet. " : lower ? `Its exam accuracy is ${percent(before.exam_accuracy - row.exam_accuracy).replace(" %", " points")} below the present champion’s. ` : "";
  const done = await ask({
    title: `Promote checkpoint ${integer(row.step)} to champion?`, action: "Promote", picture: "crown",
    body: [h("p", {}, `${unasked}The champion is what the realm serves and shows as its best; it is kept while it is champion, and the promoted one stays protected.`), beforeAfter(before, row)],
    run: () => post(`${checkpointUrl(row.id)}/promote`),
  });
  if (!done) return;
  await reread();
  say(done.before ? `Champion: step ${integer(done.before.step)} before, step ${integer(done.after.step)} now.` : `Champion: step ${integer(done.after.step)}.`);
}

export async function startExport(row, format) {
  const begun = await post(`${checkpointUrl(row.id)}/export`, { format });
  await work.now();
  say(`Export of checkpoint ${integer(row.step)} begun.`);
  return begun;
}

export async function startTransfer(row, target) {
  const begun = await post("/api/transfer", { asset_id: row.id, target });
  await work.now();
  say(`Transfer of checkpoint ${integer(row.step)} to ${target} begun.`);
  return begun;
}

// Reads every copy and compares it with the ledger; `words` is where the outcome is told.
export async function verify(row, words) {
  const found = await post(`${checkpointUrl(row.id)}/verify`, {}, 600000);
  const bad = found.locations.filter((each) => !each.ok);
  setText(words, found.ok ? `Every copy is as the ledger says: ${found.locations.map((each) => each.stronghold).join(", ")}.` : bad.map((each) => `${each.stronghold}: ${each.detail}`).join(" "));
  words.classList.toggle("bad", !found.ok);
}
