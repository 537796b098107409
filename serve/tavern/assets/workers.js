// The workers: where each runs, what it takes, when it was last heard of, what it does now.

import { badge } from "./badges.js";
import { h, icon, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, duration, wholePercent } from "./format.js";
import { board } from "./jobsfeed.js";
import { route } from "./jobsroute.js";
import { serverNow } from "./live.js";

const MB = 1e6;

export function mount(element) {
  board.on((value) => {
    if (!value) return;
    const workers = [...value.workers].sort((a, b) => Number(b.online) - Number(a.online) || a.id.localeCompare(b.id));
    setAttr(part(element, "empty"), "hidden", workers.length > 0);
    keyed(part(element, "list"), workers, (worker) => worker.id, create, (card, worker) => patch(card, worker, value.running));
  });
}

function create(worker) {
  return h("li", { class: "worker" },
    h("div", { class: "who" }, h("span", { class: "lamp", "aria-hidden": "true" }), h("b", { class: "mono" }, worker.id), h("span", { class: "state", "data-state": true })),
    h("p", { class: "sub", "data-where": true }),
    h("div", { class: "badges" }, ...worker.roles.map((role) => h("span", { class: "badge" }, icon("jobs", true), role)), ...(worker.external ? [badge(["outside the cluster", ["server", "u"]])] : []), ...Object.entries(worker.labels ?? {}).map(([name, value]) => h("span", { class: "badge mono" }, `${name}=${value}`))),
    h("p", { class: "doing", "data-doing": true }),
    h("div", { class: "gpu", hidden: true, "data-gpu": true }, h("div", { class: "split sub" }, h("span", { "data-gpu-name": true }), h("span", { "data-gpu-free": true })), h("span", { class: "meter", "aria-hidden": "true" }, h("i"))));
}

function patch(card, worker, running) {
  card.classList.toggle("offline", !worker.online);
  const heard = duration((serverNow() - Date.parse(worker.last_beat_at)) / 1000);
  setText(part(card, "state"), worker.online ? `online, heard ${heard} ago` : `offline, last heard ${heard} ago`);
  setText(part(card, "where"), [worker.host, worker.pid && `process ${worker.pid}`].filter(Boolean).join(" · "));
  doing(part(card, "doing"), worker, running);
  const gpu = worker.gpu;
  setAttr(part(card, "gpu"), "hidden", !gpu);
  if (gpu) graphics(card, gpu);
}

function doing(place, { holding, online }, running) {
  const held = holding ?? [];
  const kinds = held.map((id) => running.find((job) => job.id === id)?.type ?? "job");
  const mark = JSON.stringify([held, kinds, online]);
  if (place.dataset.is === mark) return;
  place.dataset.is = mark;
  if (held.length === 0) place.replaceChildren(online ? "waits for a job" : "holds no job");
  else place.replaceChildren(...held.map((id, at) => h("a", { href: route.href({ job: id }) }, `${kinds[at]} ${id}`)));
}

// Its name, its size and its load are told where they are known.
function graphics(card, gpu) {
  setText(part(card, "gpu-name"), gpu.name ?? "GPU");
  const size = gpu.total_mb ? ` of ${bytes(gpu.total_mb * MB)}` : "";
  const load = gpu.utilization === undefined ? "" : `, ${wholePercent(gpu.utilization)} busy`;
  setText(part(card, "gpu-free"), `${bytes(gpu.free_mb * MB)} free${size}${load}`);
  const meter = card.querySelector(".gpu .meter");
  setAttr(meter, "hidden", !gpu.total_mb);
  if (gpu.total_mb) setVar(meter.firstChild, "--v", `${100 - (100 * gpu.free_mb) / gpu.total_mb}%`);
}
