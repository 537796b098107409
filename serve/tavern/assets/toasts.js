// Toasts: what is worth a notice, by the number of its event, so that none is told twice and none is left out while the
// realm did not answer. Three are shown, on a phone one; of the others the number.

import { get } from "./api.js";
import { h, icon, keyed, say, setAttr, setText } from "./dom.js";
import { plural } from "./format.js";
import { onState } from "./live.js";
import { arm, notify, play } from "./noticeways.js";

const narrow = matchMedia("(max-width: 640px)");
const shownAtOnce = () => (narrow.matches ? 1 : 3);
const LASTS = 10000;
const TICK = 500;
const PAGE = 100;
const STAY = new Set(["blocker", "battle_failed", "verdict"]); // until somebody puts them away
const LOOKS = { level_up: ["up", "up"], champion: ["crown", ""], blocker: ["warn", "warn"], battle_failed: ["warn", "warn"], verdict: ["flame", ""], title: ["pin", ""], achievement: ["check", ""] };
const KEY = "realm-notices-after"; // of this tab: a reload goes on where it was

export function mountToasts(strip) {
  const list = h("ol");
  const count = h("span");
  const clear = h("button", { class: "btn ghost", type: "button" }, "Put all away");
  const more = h("div", { class: "toasts-more", hidden: "" }, count, clear);
  const region = h("section", { class: "toasts", "aria-label": "Notices", hidden: "" }, list, more);
  strip.append(region);
  let home = null;
  let after = 0;
  let newest = 0;
  let reading = false;
  let waiting = [];

  const show = () => {
    const seen = waiting.slice(-shownAtOnce());
    keyed(list, seen, ({ seq }) => seq, (notice) => toast(notice, put), () => null);
    const left = waiting.length - seen.length;
    setText(count, `${plural(left, "more notice")} in Events`);
    setAttr(more, "hidden", left === 0);
    setAttr(region, "hidden", waiting.length === 0);
  };
  const put = (seq) => {
    waiting = waiting.filter((each) => each.seq !== seq);
    show();
  };
  const read = async () => {
    reading = true;
    try {
      while (after < newest) {
        const found = await get(`/api/notices?after=${after}&limit=${PAGE}`);
        const known = after;
        after = Math.max(after, found.next_after);
        keep(home, after);
        tell(found.notices.filter(({ seq }) => seq > known));
        if (found.next_after <= known) break;
      }
    } catch (problem) {
      if (problem.status === undefined) throw problem; // read again with the next state
    }
    reading = false;
  };
  const tell = (notices) => {
    if (notices.length === 0) return;
    waiting.push(...notices.map((each) => ({ ...each, left: LASTS })));
    show();
    say(notices.slice(-shownAtOnce()).map(({ title }) => title).join(". "));
    const last = notices.at(-1);
    play((notices.findLast(({ kind }) => STAY.has(kind)) ?? last).kind);
    notify(notices.length > 1 ? plural(notices.length, "notice") : last.title, notices.length > 1 ? last.title : last.detail, last.seq);
  };
  clear.addEventListener("click", () => {
    waiting = [];
    show();
  });
  // Time runs for what is shown, while the page is seen and nobody is at the toasts.
  setInterval(() => {
    if (document.hidden || waiting.length === 0 || region.matches(":hover, :focus-within")) return;
    for (const each of waiting.slice(-shownAtOnce())) if (!STAY.has(each.kind)) each.left -= TICK;
    if (waiting.some(({ left }) => left <= 0)) {
      waiting = waiting.filter(({ left }) => left > 0);
      show();
    }
  }, TICK);
  narrow.addEventListener("change", show);
  onState((state) => {
    const seq = state?.events?.[0]?.seq ?? null;
    if (seq === null) return;
    if (state.home !== home) {
      home = state.home;
      after = stored(home) ?? seq; // a tab that is new begins with what comes next
    }
    newest = seq;
    if (!reading && after < newest) read();
  });
  arm();
}

function toast({ seq, kind, title, detail }, put) {
  const [picture, tone] = LOOKS[kind] ?? ["info", ""];
  const close = h("button", { class: "btn ghost icon", type: "button", "aria-label": `Put away: ${title}` }, icon("x"));
  close.addEventListener("click", () => put(seq));
  return h("li", { class: `toast ${tone}` }, h("span", { "aria-hidden": "true" }, icon(picture, true)), h("div", {}, h("b", {}, title), detail ? h("p", {}, detail) : null), close);
}

function stored(home) {
  try {
    const found = sessionStorage.getItem(`${KEY} ${home}`);
    return found === null ? null : Number(found);
  } catch {
    return null;
  }
}

function keep(home, after) {
  try {
    sessionStorage.setItem(`${KEY} ${home}`, after);
  } catch {
    // a browser that keeps nothing: a reload begins with what is new then
  }
}
