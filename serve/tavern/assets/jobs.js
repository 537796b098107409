// The queue's head: counts, stuck jobs, what runs now against its time limit, and how many wait at each priority.

import { problemLine } from "./acting.js";
import { h, icon, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { duration, integer, moment, plural, span } from "./format.js";
import { cancelJob } from "./jobacts.js";
import { words } from "./jobresult.js";
import { board } from "./jobsfeed.js";
import { route } from "./jobsroute.js";
import { onState, serverNow } from "./live.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";

const TICK_MS = 1000;
const LATE = 80;

export function mount(element) {
  const title = element.querySelector("h1");
  let running = [];
  const tick = () => running.length && !document.hidden && running.forEach((job) => patchElapsed(element.querySelector(`.running-job[data-key="${CSS.escape(job.id)}"]`), job));
  setInterval(tick, TICK_MS);
  route.on((_, moved) => {
    if (moved && route.job === "") {
      title.focus({ preventScroll: true });
      board.now();
    }
    if (route.job === "") delete document.documentElement.dataset.title;
  });
  board.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    if (!value) return;
    const { stats, workers } = value;
    running = value.running;
    counts(element, stats, workers);
    stuck(part(element, "stuck"), stats.stuck ?? []);
    now(element, running, stats, workers);
    queues(element, stats);
  });
  onState((state) => state && tick());
}

const sum = (byType) => Object.values(byType ?? {}).reduce((total, count) => total + count, 0);

function counts(element, stats, workers) {
  const put = (name, value) => setText(part(element, name), integer(value));
  const by = stats.by_status;
  put("running", sum(by.running) + sum(by.claimed));
  put("waiting", sum(by.pending));
  put("completed", sum(by.completed));
  put("failed", sum(by.failed));
  const online = workers.filter((worker) => worker.online).length;
  setText(part(element, "sub"), `${plural(online, "worker")} online${workers.length > online ? `, ${integer(workers.length - online)} offline` : ""}, on ${plural(new Set(workers.filter((worker) => worker.online).map((worker) => worker.host)).size, "host")}`);
}

function stuck(list, rows) {
  setAttr(list, "hidden", rows.length === 0);
  keyed(list, rows, (row) => row.job_id, (row) => {
    const line = h("li", { class: "problem" }, icon("warn"), h("div", {}, h("b", {}, h("a", {}, `${row.type} ${row.job_id}`), " is stuck"), h("span", { "data-reason": true })), h("button", { class: "btn", type: "button", "aria-label": `Cancel ${row.type} ${row.job_id}` }, "Cancel"), problemLine());
    const control = line.querySelector("button");
    control.addEventListener("click", () => cancelJob(control, line.lastChild, row.job_id, "jobs-h"));
    return line;
  }, (line, row) => {
    setAttr(line.querySelector("a"), "href", route.href({ job: row.job_id }));
    setText(part(line, "reason"), row.reason);
  });
}

function now(element, running, stats, workers) {
  const asked = running.filter((job) => job.priority !== "idle");
  const idle = running.filter((job) => job.priority === "idle");
  keyed(part(element, "asked"), asked, (job) => job.id, createRunning, patchRunning);
  keyed(part(element, "idle"), idle, (job) => job.id, createRunning, patchRunning);
  setAttr(part(element, "idle-now"), "hidden", idle.length === 0);
  setAttr(part(element, "none"), "hidden", asked.length > 0);
  const waiting = sum(stats.by_status.pending);
  setText(part(element, "none"), workers.some((worker) => worker.online) ? (waiting ? `Nothing that was asked for runs; ${plural(waiting, "job")} ${waiting === 1 ? "waits" : "wait"}.` : "Nothing that was asked for runs or waits. Evaluations are queued while a battle runs, exams at each checkpoint; the form on this page queues any other job.") : "No worker is online. The Weaver starts those of the cluster; realm worker adds one from outside.");
  setText(part(element, "now-sub"), running.length ? `${integer(asked.length)} asked for, ${integer(idle.length)} idle-time` : "");
}

function createRunning(job) {
  const line = h("li", { class: "running-job" },
    h("div", { class: "what" }, h("a", {}, h("b", {}, job.type), " ", h("span", { class: "mono" }, job.id)), h("span", { class: "sub", "data-about": true })),
    h("div", { class: "far" }, h("span", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-label": `Time of ${job.type} ${job.id} against its limit`, "data-bar": true }, h("i")), h("span", { class: "sub", "data-elapsed": true })),
    h("button", { class: "btn", type: "button", "aria-label": `Cancel ${job.type} ${job.id}` }, "Cancel"), problemLine());
  const control = line.querySelector("button");
  control.addEventListener("click", () => cancelJob(control, line.lastChild, job.id, "now-h"));
  return line;
}

function patchRunning(line, job) {
  setAttr(line.querySelector("a"), "href", route.href({ job: job.id }));
  setText(part(line, "about"), [words(job.payload), job.worker_id && `on ${job.worker_id}`, job.attempts > 1 && `attempt ${job.attempts} of ${job.max_attempts}`].filter(Boolean).join(" · "));
  patchElapsed(line, job);
}

export function patchElapsed(line, job) {
  if (!line) return;
  const began = job.started_at ?? job.claimed_at;
  const elapsed = began ? Math.max(0, (serverNow() - Date.parse(began)) / 1000) : 0;
  const share = Math.min(100, (100 * elapsed) / job.timeout_s);
  const bar = part(line, "bar");
  setVar(bar, "--v", `${share}%`);
  setAttr(bar, "aria-valuenow", Math.round(elapsed));
  setAttr(bar, "aria-valuemax", job.timeout_s);
  setText(part(line, "elapsed"), job.status === "claimed" ? "starting" : `${duration(elapsed)} of at most ${span(job.timeout_s)}`);
  line.classList.toggle("late", share >= LATE);
}

function queues(element, stats) {
  const most = Math.max(1, ...stats.queues.map((queue) => queue.pending));
  keyed(part(element, "queues"), stats.queues, (queue) => queue.priority, (queue) => h("li", { class: queue.priority === "idle" ? "idle" : null }, h("span", {}, queue.priority), h("span", { class: "meter", "aria-hidden": "true" }, h("i")), h("b", { "data-pending": true })), (line, queue) => {
    setVar(line.querySelector("i"), "--v", `${(100 * queue.pending) / most}%`);
    setText(part(line, "pending"), integer(queue.pending));
  });
  const kinds = Object.entries(stats.idle_work).sort(([, one], [, other]) => other.at.localeCompare(one.at));
  keyed(part(element, "idle-facts"), kinds, ([kind]) => kind, createIdle, patchIdle);
  setAttr(part(element, "idle-title"), "hidden", kinds.length === 0);
}

function createIdle([kind]) {
  return h("li", {}, h("a", {}, h("b", {}, kind.replaceAll("_", " ")), " ", h("span", { class: "mono", "data-number": true })), h("time", {}), h("span", { class: "sub", "data-reason": true }));
}

function patchIdle(line, [, last]) {
  setText(part(line, "number"), last.job_id ?? "");
  setAttr(line.querySelector("a"), "href", last.job_id === null ? null : route.href({ job: last.job_id }));
  setText(line.querySelector("time"), moment(last.at));
  setText(part(line, "reason"), last.reason);
}
