// Whether anything is wrong, from what the page has: the link, the campaign, the battle, the services, the disk.

import { bytes, duration, plural, sentence, timeSeconds } from "./format.js";

const SILENT_MS = 60_000; // a running battle without metrics for so long is told of

export const isBlocking = (blocker) => blocker.severity === "blocking";

// `watch(state)` keeps since when a running battle has sent no metrics, by the server's clock.
export function metricsWatch() {
  let since = null;
  return (state) => {
    const at = Date.parse(state?.at ?? "");
    const silent = state?.battle?.state === "running" && (state.battle.steps_per_second ?? null) === null;
    since = silent ? since ?? at : null;
    return since === null ? 0 : at - since;
  };
}

// `[{title, detail}]`, the most serious first.
export function problemsOf(state, link, silentMs) {
  if (link.status === "lost") return [{ title: "The realm does not answer", detail: `Last answer ${timeSeconds(link.since)}; what is shown is of then.` }];
  const { campaign, disk } = state;
  const blockers = campaign?.blockers ?? [];
  const told = (blocker) => ({ title: blocker.what.replace(/\.$/, ""), detail: sentence(blocker.why) });
  const found = blockers.filter(isBlocking).map(told);
  if (silentMs >= SILENT_MS) found.push({ title: "The battle is silent", detail: `Running, no metrics for ${duration(silentMs / 1000)}.` });
  for (const [name, service] of Object.entries(state.services ?? {})) {
    if (!service.healthy && service.state !== "starting") found.push({ title: `${name.replaceAll("_", " ")} is ${service.state ?? "down"}`, detail: sentence(service.detail) });
  }
  found.push(...blockers.filter((blocker) => !isBlocking(blocker) && blocker.code !== "service_down").map(told));
  if (disk && disk.free_bytes < disk.kept_free_bytes) found.push({ title: "The disk is full", detail: `${bytes(disk.free_bytes)} free, ${bytes(disk.kept_free_bytes)} are to be kept free.` });
  return found;
}

// What was looked at, with its numbers.
export function checkedWords({ battle, campaign, services, disk }) {
  const all = Object.values(services ?? {});
  const healthy = all.filter((service) => service.healthy).length;
  const starting = all.length - healthy;
  return [
    battle && "battle",
    campaign && "campaign",
    all.length ? `${starting ? `${healthy} of ` : ""}${plural(all.length, "service")}${starting ? ` (${starting} starting)` : ""}` : null,
    disk && `${bytes(disk.free_bytes).replace(" ", "\u00a0")} of disk free`,
  ].filter(Boolean).join(", ");
}
