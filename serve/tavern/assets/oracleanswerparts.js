// The parts of one answer: its checkpoint, its text, what kept it, its grade, and what was measured.

import { h, icon, part, setAttr, setText } from "./dom.js";
import { integer, rate, took } from "./format.js";
import { shortName, shortSha } from "./oraclefeed.js";
import { LETTERS } from "./oraclepicker.js";

const iconButton = (name, picture, label) => h("button", { class: "btn ghost icon", type: "button", "aria-label": label, title: label, [`data-${name}`]: true }, icon(picture));
const measure = (name, words) => h("div", {}, h("dt", { class: "lbl" }, words), h("dd", { [`data-${name}`]: true }, "–"));

export function answerElement(lane) {
  return h("article", { class: "answer", "data-lane": lane, "data-state": "idle", "aria-label": `Answer ${LETTERS[lane]}` },
    h("header", { class: "by" },
      h("i", { class: "mark", "aria-hidden": "true" }, LETTERS[lane]),
      h("span", { class: "from" }, h("a", { class: "mono", "data-name": true }), h("span", { class: "sub", "data-sha": true })),
      h("span", { class: "acts" }, iconButton("fix", "pin", "Set this seed for the next questions"), iconButton("copy", "copy", "Copy the answer"), iconButton("again", "retry", "Ask again"))),
    h("div", { class: "body" },
      h("div", { class: "said reply", "data-reply": true }),
      h("p", { class: "waits" }, icon("busy", true), h("span", { "data-waits": true })),
      h("p", { class: "empty nothing" }, "The answer is empty: its first token ended it."),
      h("p", { class: "empty unasked" }, "Not asked yet. The arrow asks it the same question."),
      h("div", { class: "problem", role: "alert" }, icon("warn"), h("div", {}, h("b", { "data-detail": true }), h("span", { "data-remedy": true })), h("button", { class: "btn", type: "button", "data-retry": true }, icon("retry"), "Retry"))),
    h("div", { class: "verdict", "data-verdict": true }),
    h("dl", { class: "measures" }, measure("count", "Tokens"), measure("speed", "Tokens/s"), measure("first", "First token"), measure("took", "Time"), measure("seed", "Seed"), measure("end", "Ended by")));
}

export function patchName(element, id, sha256) {
  const name = part(element, "name");
  setText(name, shortName(id));
  setAttr(name, "title", id);
  setAttr(name, "href", `/vault?checkpoint=${encodeURIComponent(id)}`);
  setText(part(element, "sha"), sha256 ? `sha256 ${shortSha(sha256)}` : "");
  setAttr(part(element, "sha"), "title", sha256);
}

const ENDS = { stop: "end of answer", stopped: "stopped", failed: "an error" };

export function patchMeasures(element, measured, state, { seed, limit }) {
  const ended = state === "done" ? measured.finish : state;
  setText(part(element, "count"), integer(measured.tokens));
  setAttr(part(element, "count"), "title", measured.prompt === undefined ? null : `${integer(measured.prompt)} tokens in the prompt`);
  setText(part(element, "speed"), rate(measured.speed));
  setText(part(element, "first"), measured.first === undefined ? "–" : fine(measured.first));
  setText(part(element, "took"), fine(measured.seconds));
  setText(part(element, "seed"), String(seed));
  const end = part(element, "end");
  setText(end, ended === "length" ? `length${limit ? `, ${limit} tokens` : ""}` : ENDS[ended] ?? "–");
  end.classList.toggle("warned", ended === "length");
}

const fine = (seconds) => (seconds < 0.995 ? `${Math.round(1000 * seconds)} ms` : took(seconds));
