// Every job, last submitted first: filtered by the server, turned page by page, with what can be done with each.

import { problemLine } from "./acting.js";
import { stateBadge } from "./badges.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { moment, plural, seconds, took } from "./format.js";
import { canCancel, canRetry, cancelJob, retryJob } from "./jobacts.js";
import { words } from "./jobresult.js";
import { list, types } from "./jobsfeed.js";
import { PAGE, route } from "./jobsroute.js";
import { pager, patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";

const FILTERS = ["status", "type"];

export function mount(element) {
  const form = part(element, "filters");
  let found = null;
  let read = JSON.stringify([route.status, route.type, route.offset]);
  const turn = pager(element, PAGE, (by) => {
    const to = Number(route.offset) + by;
    if (to >= 0 && to < (found?.total ?? 0)) route.set({ offset: to });
  });
  const patchForm = () => {
    for (const name of FILTERS) if (form.elements[name] !== document.activeElement && form.elements[name].value !== route[name]) form.elements[name].value = route[name];
  };

  part(element, "to-form").addEventListener("click", () => document.getElementById("form-h").focus());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => route.set({ [event.target.name]: event.target.value, offset: 0 }));
  types.on((all) => {
    if (!all || form.elements.type.length > 1) return;
    form.elements.type.append(...all.map(({ type }) => h("option", { value: type }, type)));
    patchForm();
  });
  route.on((_, moved) => {
    patchForm();
    const wanted = JSON.stringify([route.status, route.type, route.offset]);
    if (wanted !== read || moved) list.now();
    read = wanted;
  });
  list.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    if (!value) return;
    found = value;
    keyed(part(element, "rows"), value.jobs, (job) => job.id, create, patch);
    setAttr(part(element, "table"), "hidden", value.jobs.length === 0);
    setText(part(element, "shown"), value.total ? plural(value.total, "job") : "");
    turn(Number(route.offset), value.jobs.length, value.total);
    empty(element, value.jobs.length === 0);
  });
}

function empty(element, none) {
  setAttr(part(element, "empty"), "hidden", !none);
  const filtered = FILTERS.some((name) => route[name] !== "");
  setText(part(element, "empty-title"), filtered ? "No job fits these filters" : "No job yet");
  setText(part(element, "empty-words"), filtered ? "Take a filter away to see more." : "Evaluations and exams are queued while a battle runs, idle-time work when a worker has nothing to do, and any job from the form beside this list, from realm job submit or over the API. Finished jobs are listed for seven days.");
}

function create(job) {
  const line = h("tr", {},
    h("th", { scope: "row", class: "job-name" }, h("a", {}, h("b", {}, job.type), h("span", { class: "nm mono" }, job.id))),
    h("td", { class: "l at-status" }, h("div", { class: "badges", "data-status": true })),
    h("td", { class: "l at-payload" }, h("span", { "data-payload": true }), h("span", { class: "reason", "data-reason": true })),
    h("td", { class: "l", "data-label": "worker" }, h("span", { class: "mono", "data-worker": true })),
    h("td", { "data-label": "submitted" }, h("time", { datetime: job.created_at }, moment(job.created_at))),
    h("td", { "data-label": "took", "data-took": true }),
    h("td", { class: "ac" }, h("button", { class: "btn", type: "button", "data-cancel": true, "aria-label": `Cancel ${job.type} ${job.id}` }, "Cancel"), h("button", { class: "btn", type: "button", "data-retry": true, "aria-label": `Retry ${job.type} ${job.id}` }, icon("retry"), "Retry"), problemLine()));
  const problem = line.querySelector(".row-problem");
  for (const [name, run] of [["cancel", cancelJob], ["retry", retryJob]]) {
    const control = part(line, name);
    control.addEventListener("click", () => run(control, problem, job.id, "list-h"));
  }
  return line;
}

function patch(line, job) {
  line.classList.toggle("idle", job.priority === "idle");
  setAttr(line.querySelector("a"), "href", route.href({ job: job.id }));
  const status = part(line, "status");
  const mark = `${job.status}/${job.priority}`;
  if (status.dataset.is !== mark) {
    status.dataset.is = mark;
    const urgency = job.priority === "normal" ? [] : [h("span", { class: "badge" }, job.priority === "idle" ? "idle-time" : job.priority)];
    status.replaceChildren(stateBadge(job.status), ...urgency);
  }
  setText(part(line, "payload"), words(job.payload));
  setText(part(line, "reason"), job.status === "completed" ? "" : job.error ?? job.cancel_reason ?? "");
  setText(part(line, "worker"), job.worker_id ?? "–");
  setText(part(line, "took"), took(seconds(job.started_at, job.finished_at)));
  setAttr(part(line, "cancel"), "hidden", !canCancel(job));
  setAttr(part(line, "retry"), "hidden", !canRetry(job));
}
