// Deleting checkpoints: the server's plan with the bytes it frees and what it refuses, words to type, then the trash.

import { post, Problem } from "./api.js";
import { ask, tell } from "./dialogs.js";
import { h, icon, say } from "./dom.js";
import { bytes, integer, plural } from "./format.js";
import { clear } from "./selection.js";
import { reread } from "./vaultfeed.js";

// Asks about the checkpoints `ids` and moves them to the trash. True where some were.
export async function deleteCheckpoints(ids) {
  let plan;
  try {
    plan = await post("/api/checkpoints/delete-plan", { ids });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await tell("Nothing can be deleted", [h("p", { class: "refusal" }, `${error.detail} ${error.remedy}`)]);
    return false;
  }
  const count = plan.checkpoints.length;
  if (count === 0) {
    await tell("Nothing can be deleted", [h("p", {}, "The vault keeps what was selected:"), refusals(plan.refused)]);
    return false;
  }
  const done = await ask({
    title: `Move ${plural(count, "checkpoint")} to the trash?`, wide: true, tone: "bad", picture: "trash", action: `Delete, ${bytes(plan.bytes_freed)}`, typed: plan.confirmation || null,
    body: [
      h("p", {}, `${bytes(plan.bytes_freed)} leave the vault. They lie in the trash and can be restored for ${plural(plan.restorable_days, "day")}.`),
      h("ul", { class: "doomed", tabindex: 0, "aria-label": "Checkpoints to delete" }, ...plan.checkpoints.map((row) => h("li", {}, h("b", {}, integer(row.step)), h("span", { class: "mono" }, row.canonical_name), h("span", {}, row.protection === "guarded" ? `guarded: ${row.protected_because.join(", ")}` : ""), h("span", { class: "size" }, bytes(row.size_bytes))))),
      plan.refused.length ? h("div", { class: "kept-back" }, h("p", {}, icon("lock", true), ` ${plural(plan.refused.length, "checkpoint")} ${plan.refused.length === 1 ? "stays" : "stay"} in the vault:`), refusals(plan.refused)) : null,
    ].filter(Boolean),
    run: (typed) => post("/api/checkpoints/delete", { ids: plan.checkpoints.map((row) => row.id), confirmation: typed }),
  });
  if (!done) return false;
  clear();
  document.getElementById("cks-h").focus({ preventScroll: true }); // what was pressed goes with the selection
  await reread();
  say(`${plural(done.trashed.length, "checkpoint")} moved to the trash, ${bytes(done.bytes_freed)}.${done.refused?.length ? ` ${integer(done.refused.length)} refused: ${done.refused[0].reason}` : ""}`);
  return done.trashed.length > 0;
}

const refusals = (rows) => h("ul", { class: "refused" }, ...rows.map(({ id, reason }) => h("li", {}, h("span", { class: "mono" }, id), h("span", {}, reason))));
