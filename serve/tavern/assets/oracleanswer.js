// One answer: asked, shown while it is written, measured, and graded where the question is a drawn problem.

import { part, say, setAttr, setText } from "./dom.js";
import { duration, plural } from "./format.js";
import { answerElement, patchMeasures, patchName } from "./oracleanswerparts.js";
import { stream } from "./oracleapi.js";
import { status } from "./oraclefeed.js";
import { grade } from "./oraclegrade.js";
import { resolved } from "./oraclelanes.js";
import { fixSeed } from "./oraclesettings.js";
import { saidMore } from "./said.js";

const TICK_MS = 250;
const WAITS = { asleep: "The question wakes the Oracle", waking: "The Oracle wakes", loading: "Weights go into memory" };
let oracle = null;

status.on((value) => {
  oracle = value;
});

// An answer in `lane` to a question. `again()` asks it anew, `changed()` hears of each state, `grew()` of each text.
export function newAnswer(lane, { again, changed, grew }) {
  const element = answerElement(lane);
  const reply = part(element, "reply");
  const answer = { lane, element, state: "idle", text: "", running: false, run, stop: () => controller?.abort() };
  let controller = null;
  let order = null;
  let measured = {};

  const elapsed = () => (performance.now() - measured.began) / 1000;
  const enter = (state) => {
    answer.state = state;
    answer.running = ["waiting", "writing"].includes(state);
    setAttr(element, "data-state", state);
    setAttr(element, "data-blank", !answer.running && answer.text === "");
    setAttr(reply, "aria-busy", answer.running ? "true" : null);
    show();
    changed();
  };
  const show = () => {
    if (answer.running) measured.seconds = elapsed();
    setText(part(element, "waits"), `${WAITS[oracle?.state] ?? "Waits for the first token"}, ${duration(measured.seconds)}`);
    patchMeasures(element, measured, answer.state, { seed: order.body.seed, limit: order.body.max_tokens });
  };

  function hear(chunk) {
    if (chunk.model) patchName(element, chunk.model, chunk.system_fingerprint?.replace("sha256:", "") ?? null);
    const choice = chunk.choices?.[0];
    const words = choice?.delta?.content;
    if (words) {
      answer.text += words;
      saidMore(reply, words);
      if (answer.state === "waiting") {
        measured.first = elapsed();
        enter("writing");
      }
      grew();
    }
    if (choice?.finish_reason) measured.finish = choice.finish_reason;
    if (chunk.usage) Object.assign(measured, { tokens: chunk.usage.completion_tokens, prompt: chunk.usage.prompt_tokens });
    if (chunk.timings) Object.assign(measured, { first: chunk.timings.first_token_s, whole: chunk.timings.seconds, speed: chunk.timings.tokens_per_second });
  }

  async function run(asked) {
    order = asked;
    controller = new AbortController();
    answer.text = "";
    measured = { began: performance.now(), seconds: 0 };
    reply.replaceChildren();
    part(element, "verdict").replaceChildren();
    const { id, sha256 } = resolved(order.body.model);
    patchName(element, id, sha256);
    enter("waiting");
    grew();
    const ticking = setInterval(show, TICK_MS);
    const state = await ending();
    clearInterval(ticking);
    measured.seconds = measured.whole ?? elapsed();
    reply.normalize();
    enter(state);
    if (state === "done") {
      say(`${part(element, "name").textContent} answered with ${plural(measured.tokens ?? 0, "token")}.`);
      if (order.problem) await grade(part(element, "verdict"), order.problem, answer.text);
    }
    grew();
  }

  // Asks, and says how it ended.
  async function ending() {
    const { signal } = controller;
    try {
      await stream(order.body, signal, hear);
      return "done";
    } catch (error) {
      if (signal.aborted) return "stopped";
      if (error.detail === undefined) throw error;
      setText(part(element, "detail"), error.detail);
      setText(part(element, "remedy"), error.remedy);
      return "failed";
    }
  }

  part(element, "retry").addEventListener("click", () => run(order));
  part(element, "again").addEventListener("click", again);
  part(element, "fix").addEventListener("click", () => fixSeed(order.body.seed));
  part(element, "copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(answer.text);
      say("The answer is copied.");
      setAttr(part(element, "copy").querySelector("use"), "href", "#i-check");
    } catch {
      say("This browser does not let the page copy; select the text instead.");
    }
  });
  return answer;
}
