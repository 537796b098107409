// The event feed: new events come in at the top, older ones on request.

import { get } from "./api.js";
import { h, icon, keyed, part, setAttr, setText } from "./dom.js";
import { integer, moment, text } from "./format.js";
import { onState } from "./live.js";
import { mountNoticeSet } from "./noticeset.js";

const PAGE = 30;
const OLDER = "Older events";
// The first pattern found in an event's kind gives its picture and tone.
const LOOKS = [
  [/reject|fail|error|warn|blocked|down|lost|crash/, "warn", "warn"],
  [/mastered/, "up", "up"],
  [/champion|exam/, "crown", ""],
  [/eval/, "check", "ok"],
  [/checkpoint|saved/, "save", ""],
  [/battle|attempt/, "sword", ""],
  [/quest/, "quests", ""],
  [/service|actor|node|worker/, "heart", ""],
];

export function mount(element) {
  const list = part(element, "list");
  const more = part(element, "more");
  const events = new Map();
  let whole = false;
  mountNoticeSet(element);

  const show = () => {
    const newestFirst = [...events.values()].sort((a, b) => b.seq - a.seq);
    keyed(list, newestFirst, (event) => event.seq, create, patch);
    setAttr(part(element, "empty"), "hidden", newestFirst.length > 0);
    setAttr(more, "hidden", newestFirst.length === 0 || whole);
  };
  onState((state) => {
    if (!state) return;
    setText(part(element, "seq"), integer(state.events?.[0]?.seq));
    for (const event of state.events ?? []) events.set(event.seq, event);
    show();
  });
  more.addEventListener("click", async () => {
    setAttr(more, "aria-busy", "true");
    setAttr(more, "disabled", true);
    try {
      const { events: older } = await get(`/api/events?before=${Math.min(...events.keys())}&limit=${PAGE}`);
      for (const event of older) events.set(event.seq, event);
      whole = older.length < PAGE;
      setText(more, OLDER);
    } catch (problem) {
      setText(more, `${problem.detail} Try again`);
    }
    setAttr(more, "aria-busy", null);
    setAttr(more, "disabled", false);
    more.focus();
    show();
  });
}

function create(event) {
  const [, name, tone] = LOOKS.find(([pattern]) => pattern.test(event.kind)) ?? [null, "info", ""];
  return h("li", { class: "fresh" }, h("span", { class: `e ${tone}` }, icon(name, true)), h("b"), h("time", { datetime: event.at, title: text(event.at) }), h("p"));
}

function patch(entry, event) {
  setText(entry.querySelector("b"), text(event.title));
  setText(entry.querySelector("time"), moment(event.at));
  setText(entry.querySelector("p"), event.detail ?? "");
}
