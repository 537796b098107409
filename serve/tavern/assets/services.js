// The services of the realm, and the disk.

import { fold, h, keyed, part, setAttr, setText } from "./dom.js";
import { bytes, plural, text } from "./format.js";
import { onState } from "./live.js";

const LAMPS = { healthy: "ok", starting: "warn", degraded: "warn", down: "bad" };

export function mount(element) {
  const panel = element.querySelector(".services");
  fold(panel);
  onState((state) => {
    if (!state) return;
    const services = Object.entries(state.services ?? {});
    const healthy = services.filter(([, service]) => service.healthy).length;
    setText(part(panel, "sub"), services.length ? `${healthy} of ${services.length} healthy` : "");
    setAttr(part(panel, "empty"), "hidden", services.length > 0);
    keyed(part(panel, "list"), services, ([name]) => name, create, patch);
    const disk = state.disk ? [["Disk free", bytes(state.disk.free_bytes)], ["Kept free", bytes(state.disk.kept_free_bytes)]] : [];
    keyed(part(panel, "disk"), disk, ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd")), (row, [, value]) => setText(row.lastChild, value));
  });
}

function create() {
  return h("li", {}, h("i", { class: "lamp" }), h("b", {}, h("a")), h("span", { class: "state" }), h("small"));
}

function patch(entry, [name, service]) {
  const [lamp, title, state, detail] = entry.children;
  lamp.className = `lamp ${LAMPS[service.state] ?? (service.healthy ? "ok" : "bad")}`;
  setText(title.firstChild, name.replaceAll("_", " "));
  setAttr(title.firstChild, "href", /^https?:/.test(service.url ?? "") ? service.url : null);
  const restarts = service.restarts ? `, ${plural(service.restarts, "restart")}` : "";
  setText(state, `${text(service.state ?? (service.healthy ? "healthy" : "down"))}${restarts}`);
  setText(detail, service.detail ?? "");
}
