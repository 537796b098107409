// One job: how it stands, its payload, its result or error, and its history.

import { get } from "./api.js";
import { stateBadge } from "./badges.js";
import { h, keyed, part, setAttr, setText } from "./dom.js";
import { date, integer, seconds, span, text, timeSeconds, took } from "./format.js";
import { canCancel, canRetry, cancelJob, retryJob } from "./jobacts.js";
import { NAMES, outcome } from "./joboutcome.js";
import { asJson, readable } from "./jobresult.js";
import { isOpen, jobUrl } from "./jobsfeed.js";
import { patchElapsed } from "./jobs.js";
import { route } from "./jobsroute.js";
import { patchFacts, patchProblem } from "./panelparts.js";
import { poll, shownProblem } from "./poll.js";

const WHILE_OPEN = 1000;
const ENDED = 10000;

export function mount(element) {
  const page = part(element, "page");
  let job = null;

  const detail = poll(async () => {
    const [found, { events }] = await Promise.all([get(jobUrl(route.job)), get(`${jobUrl(route.job)}/events`)]);
    return { ...found, events };
  }, (value) => (value && isOpen(value) ? WHILE_OPEN : ENDED), () => route.job !== "");
  const show = () => {
    setAttr(page, "hidden", route.job === "");
    setAttr(part(page, "back"), "href", route.href({ job: "" }));
    const there = job !== null && job.id === route.job;
    setAttr(part(page, "body"), "hidden", !there);
    if (!there) return;
    document.documentElement.dataset.title = `${job.type} ${job.id} · Jobs`;
    patch(page, job);
  };
  for (const [name, run] of [["cancel", cancelJob], ["retry", retryJob]]) {
    const control = part(page, name);
    control.addEventListener("click", async () => {
      await run(control, part(page, "acts-problem"), job.id, "job-h");
      await detail.now();
      if (control.hidden) page.querySelector("h1").focus({ preventScroll: true });
    });
  }
  detail.on((value, problem) => {
    patchProblem(page, route.job === "" ? null : shownProblem(value, problem));
    job = value;
    show();
  });
  route.on(async (_, moved) => {
    if (!moved) return show();
    job = null;
    setAttr(part(page, "acts-problem"), "hidden", true);
    show();
    await detail.now();
    if (route.job !== "") page.querySelector(job ? "h1" : "[data-back]").focus({ preventScroll: true });
  });
}

function patch(page, job) {
  setText(part(page, "title"), `${job.type} ${job.id}`);
  setText(part(page, "about"), [`${job.priority} priority`, job.priority === "idle" && "idle-time work", job.tags.length && `tags ${job.tags.join(", ")}`].filter(Boolean).join(" · "));
  const badges = part(page, "badges");
  if (badges.dataset.is !== job.status) {
    badges.dataset.is = job.status;
    badges.replaceChildren(stateBadge(job.status));
  }
  const runs = ["claimed", "running"].includes(job.status);
  setAttr(part(page, "progress"), "hidden", !runs);
  if (runs) patchElapsed(part(page, "progress"), job);
  const error = part(page, "error");
  const why = job.error ?? (job.cancel_reason ? `Cancelled: ${job.cancel_reason}` : null);
  setAttr(error, "hidden", why === null);
  setText(error, job.failure ? `${job.failure}: ${why}` : text(why));
  error.classList.toggle("calm", job.status === "cancelled");
  patchFacts(part(page, "facts"), facts(job));
  setAttr(part(page, "cancel"), "hidden", !canCancel(job));
  setAttr(part(page, "retry"), "hidden", !canRetry(job));
  result(page, job);
  once(part(page, "payload"), job.payload, (place) => {
    place.replaceChildren(...readable(job.payload));
    part(page, "payload-json").replaceChildren(...(Object.keys(job.payload).length ? [asJson(job.payload)] : []));
  });
  setAttr(part(page, "no-payload"), "hidden", Object.keys(job.payload).length > 0);
  keyed(part(page, "events"), job.events, (event) => event.seq, (event) => h("li", { class: event.status }, h("time", { class: "sub", datetime: event.at }, timeSeconds(event.at)), h("b", {}, event.status), h("span", { class: "mono" }, event.worker_id ?? ""), h("span", { class: "muted" }, event.detail)), () => {});
}

function facts(job) {
  const labels = Object.entries(job.labels ?? {}).map(([name, value]) => `${name}=${value}`).join(", ");
  const rows = [
    ["Role", job.role], ["Worker", text(job.worker_id)], ["Attempts", `${integer(job.attempts)} of ${integer(job.max_attempts)}`], ["Time limit", span(job.timeout_s)],
    ["Submitted", date(job.created_at)], ["Started", date(job.started_at)], ["Finished", date(job.finished_at)], ["Took", took(seconds(job.started_at, job.finished_at))],
  ];
  if (labels) rows.push(["Only on", labels]);
  if (job.min_gpu_mb) rows.push(["Free GPU memory", `${integer(job.min_gpu_mb)} MB`]);
  if (job.not_before && isOpen(job)) rows.push(["Waits until", date(job.not_before)]);
  return rows;
}

function result(page, job) {
  const none = job.result === null || job.result === undefined;
  const told = NAMES[job.type] && !none ? outcome(NAMES[job.type], job.result) : "";
  setText(part(page, "outcome"), none ? (isOpen(job) ? "It stands here when the job is done." : "There is none.") : told);
  part(page, "outcome").classList.toggle("muted", none);
  once(part(page, "result"), job.result ?? null, (place) => {
    place.replaceChildren(...(none ? [] : readable(job.result)));
    part(page, "result-json").replaceChildren(...(none ? [] : [asJson(job.result)]));
  });
}

// Rebuilds `place` only where `value` is another one.
function once(place, value, build) {
  const mark = JSON.stringify(value);
  if (place.dataset.is === mark) return;
  place.dataset.is = mark;
  build(place);
}
