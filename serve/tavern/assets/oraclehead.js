// The Oracle's state: a lamp, what the state means, and what is asked of it now.

import { part, say, setAttr, setText } from "./dom.js";
import { duration, integer, plural, span } from "./format.js";
import { status } from "./oraclefeed.js";
import { patchProblem } from "./panelparts.js";
import { shownProblem } from "./poll.js";

const WORDS = { asleep: "Asleep", waking: "Waking", loading: "Loading", ready: "Ready", failed: "Failed", elsewhere: "Elsewhere" };

const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);

function meaning({ state, detail, loaded, replicas, idle_s: idle, sleeps_after_s: after }) {
  if (state === "asleep") return ["no weights are held. A question wakes it.", detail].filter(Boolean).join(" ");
  if (state === "elsewhere") return detail ? `${detail} It answers at` : "it answers at";
  if (state === "ready" && !detail) {
    const rest = idle === null ? "" : `, nothing asked for ${duration(idle)}`;
    const sleep = after === null ? "" : `; sleeps after ${span(after)} without a question`;
    return `${plural(loaded.length, "checkpoint")} in memory${replicas > 1 ? ` of ${plural(replicas, "process", "processes")}` : ""}${rest}${sleep}.`;
  }
  return detail || { waking: "the process starts; a question asked now waits for it.", loading: "weights go into memory; a question asked now waits for them.", failed: "no reason was given." }[state] || "";
}

export function mount(element) {
  const lamp = element.querySelector(".oracle-state");
  let said = null;
  status.on((value, problem) => {
    patchProblem(element, shownProblem(value, problem));
    if (!value) return;
    const word = WORDS[value.state] ?? value.state;
    setAttr(lamp, "data-state", value.state);
    setText(part(element, "word"), word);
    setText(part(element, "words"), `: ${meaning(value)}`);
    const link = part(element, "url");
    setAttr(link, "hidden", value.state !== "elsewhere");
    setAttr(link, "href", value.url);
    setText(link, value.url);
    setText(part(element, "rows"), integer(sum(value.loaded, "rows")));
    setText(part(element, "waiting"), integer(sum(value.loaded, "waiting")));
    setText(part(element, "loaded"), integer(value.loaded.length));
    setText(part(element, "tokens"), integer(value.tokens));
    if (said !== null && said !== word) say(`The Oracle: ${word}`);
    said = word;
  });
}
