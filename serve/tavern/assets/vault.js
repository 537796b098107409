// The vault's head, and a card for each zone: how full it is against its cap, and the disks it lies on.

import { badge, zoneName } from "./badges.js";
import { h, icon, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, integer, plural } from "./format.js";
import { onState } from "./live.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";
import { zones } from "./vaultfeed.js";
import { route } from "./vaultroute.js";

const PICTURES = { hot: "flame", warm: "vault", cold: "snow" };
const GB = 1e9;

export function mount(element) {
  const cards = part(element, "zones");
  const title = element.querySelector("h1");
  let campaign = null;
  let found = null;

  const head = () => {
    if (!found) return;
    const copies = found.zones.reduce((sum, zone) => sum + zone.count, 0);
    const size = found.zones.reduce((sum, zone) => sum + zone.bytes, 0);
    const where = `${plural(copies, "copy", "copies")} in ${plural(found.zones.length, "zone")}`;
    setText(part(element, "sub"), campaign ? `${plural(found.total, "checkpoint")} of campaign ${campaign.id} · ${where} · ${bytes(size)}` : `There is no campaign yet · ${where} · ${bytes(size)}`);
  };
  route.on((_, moved) => {
    if (moved && route.checkpoint === "") title.focus({ preventScroll: true });
    if (route.checkpoint === "") delete document.documentElement.dataset.title;
  });
  onState((state) => {
    if (!state) return;
    ({ campaign } = state);
    head();
  });
  zones.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    if (!value) return;
    found = value;
    head();
    keyed(cards, value.zones, (zone) => zone.id, create, patch);
  });
}

const key = (tone, name) => h("span", {}, h("i", { class: tone }), h("span", { [`data-${name}`]: true }));

function create({ id }) {
  return h("section", { class: `panel zone ${id}`, "aria-labelledby": `zone-${id}` },
    h("div", { class: "top" }, h("span", { class: "ic" }, icon(PICTURES[id] ?? "server")), h("div", {}, h("h2", { id: `zone-${id}` }, zoneName(id)), h("p", { class: "sub", "data-policy": true })), h("p", { class: "big" }, h("span", { "data-bytes": true }), " ", h("small", { "data-of": true }))),
    h("div", { class: "fill", role: "meter", "aria-valuemin": 0, "data-shares": true }, h("i", { class: "p" }), h("i"), h("i", { class: "over" })),
    h("div", { class: "row" }, key("p", "protected"), key("", "other"), key("over", "over"), h("span", { "data-count": true })),
    h("ul", { class: "disks", "aria-label": `Strongholds of the ${zoneName(id).toLowerCase()} zone`, "data-disks": true }));
}

function patch(card, zone) {
  const { max_gb: maxGb, max_age_days: maxAge, keep_newest: cap } = zone.policy;
  const over = zone.over_count;
  const other = Math.max(0, zone.count - zone.protected_count - over);
  const put = (name, words) => setText(part(card, name), words);
  put("bytes", bytes(zone.bytes));
  put("of", maxGb === null ? "" : `of ${bytes(maxGb * GB)}`);
  put("policy", cap === null && maxAge === null ? "no cap, no age limit" : [cap !== null && `newest\u00a0${integer(cap)}`, maxAge !== null && `max\u00a0${maxAge}\u00a0d`].filter(Boolean).join(" · "));
  put("protected", `protected ${integer(zone.protected_count)}`);
  put("other", `other ${integer(other)}`);
  put("over", `over cap ${integer(over)}`);
  setAttr(part(card, "over").parentNode, "hidden", over === 0);
  // What is protected does not count against the cap.
  put("count", cap === null ? plural(zone.count, "checkpoint") : `${integer(other + over)} of ${integer(cap)}`);
  part(card, "count").classList.toggle("warned", over > 0);
  const shares = part(card, "shares");
  const whole = Math.max(zone.protected_count + (cap ?? 0), zone.count, 1);
  [zone.protected_count, other, over].forEach((count, at) => setVar(shares.children[at], "--v", `${(100 * count) / whole}%`));
  shares.classList.toggle("uncapped", cap === null);
  setAttr(shares, "aria-label", `Checkpoints in the ${zoneName(zone.id).toLowerCase()} zone${cap === null ? "; no cap" : `, of ${cap} beside the protected ones`}`);
  setAttr(shares, "aria-valuenow", zone.count);
  setAttr(shares, "aria-valuemax", whole);
  keyed(part(card, "disks"), zone.strongholds, (disk) => disk.id, createDisk, patchDisk);
}

function createDisk({ id }) {
  return h("li", {}, h("div", { class: "split" }, h("b", { class: "mono" }, id), h("span", { "data-free": true })), h("span", { class: "disk-bar", "aria-hidden": "true", "data-used": true }, h("i")), h("p", { class: "sub mono", "data-uri": true }), h("p", { class: "unreachable", hidden: true, "data-unreachable": true }));
}

function patchDisk(row, disk) {
  const known = disk.free_bytes !== null && disk.total_bytes;
  setText(part(row, "free"), known ? `${bytes(disk.free_bytes)} free of ${bytes(disk.total_bytes)}` : disk.reachable ? "no limit known" : "");
  setAttr(part(row, "used"), "hidden", !known);
  if (known) setVar(part(row, "used").firstChild, "--v", `${100 - (100 * disk.free_bytes) / disk.total_bytes}%`);
  setText(part(row, "uri"), disk.node ? `${disk.uri} on ${disk.node}` : disk.uri);
  const line = part(row, "unreachable");
  setAttr(line, "hidden", disk.reachable);
  if (!disk.reachable && line.dataset.is !== disk.detail) {
    line.dataset.is = disk.detail;
    line.replaceChildren(badge(["unreachable", ["warn", "w"]]), ` ${disk.detail}`);
  }
}
