// One line about a job begun on the Guild page: queued, running, and what came of it; with a button to cancel it.

import { act, problemLine } from "./acting.js";
import { h, icon, part, setAttr, setText } from "./dom.js";
import { text } from "./format.js";
import { cancel, isOpen, jobOf } from "./guildfeed.js";
import { NAMES, outcome } from "./joboutcome.js";

const WAITS = { pending: "queued; it waits for a free worker", claimed: "starting", running: "running" };

export function jobLine(key) {
  const line = h("div", { class: "job", "data-job": key, hidden: true },
    h("span", { class: "mark", "data-mark": true }), h("span", { role: "status", "data-words": true }),
    h("button", { class: "btn ghost", type: "button", "data-cancel": true }, "Cancel"), problemLine());
  const control = part(line, "cancel");
  control.addEventListener("click", () => act(control, line.lastChild, () => cancel(key)));
  return line;
}

export function patchJobLine(line) {
  const job = jobOf(line.dataset.job);
  setAttr(line, "hidden", job === null);
  if (job === null) return;
  const open = isOpen(job);
  const mark = part(line, "mark");
  const picture = open ? "busy" : job.status === "completed" ? "check" : "warn";
  if (mark.dataset.is !== picture) {
    mark.dataset.is = picture;
    mark.replaceChildren(icon(picture, true));
  }
  setText(part(line, "words"), words(job));
  setAttr(part(line, "cancel"), "hidden", !open);
}

function words(job) {
  const name = `${NAMES[job.type ?? job.kind] ?? "Job"}${job.level ? ` of level ${job.level}` : ""}`;
  if (job.status === "failed") return `${name} failed: ${text(job.error)}`;
  if (job.status === "cancelled") return `${name} cancelled${job.cancel_reason ? `: ${job.cancel_reason}` : ""}.`;
  if (job.status === "completed") return outcome(name, job.result ?? {});
  if (job.status === "pending" && job.error) return `${name} failed and waits to be tried again: ${job.error}`;
  return `${name} ${WAITS[job.status] ?? job.status}.`;
}
