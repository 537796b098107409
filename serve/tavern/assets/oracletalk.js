// Questions and answers: what is asked goes to each open lane at the same time, and stops in all of them at once.

import { h, part, say, setAttr, setText } from "./dom.js";
import { newAnswer } from "./oracleanswer.js";
import { draft, problemName } from "./oracledraft.js";
import { models, status } from "./oraclefeed.js";
import { modelOf, onLanes, open, openBoth } from "./oraclelanes.js";
import { past } from "./oraclepast.js";
import { laneHeads } from "./oraclepicker.js";
import { drawRow } from "./oracleproblem.js";
import { nextSeed, sampling, systemMessage } from "./oraclesettings.js";
import { said } from "./said.js";

const NEAR_END = 80;

export function mount(element) {
  const panel = part(element, "talk");
  const place = part(element, "turns");
  const field = part(element, "question");
  const control = part(element, "ask");
  const conversation = part(element, "conversation");
  let turns = [];
  let atEnd = true;
  let drawing = 0;
  let scrolledTo = 0;

  const answers = () => turns.flatMap((turn) => [...turn.answers.values()]);
  const running = () => answers().some((answer) => answer.running);
  const stop = () => answers().forEach((answer) => answer.stop());
  // Where the end is in view, it stays in view.
  const grew = () => {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      if (atEnd) place.scrollTop = place.scrollHeight;
    });
  };
  const changed = () => {
    const on = running();
    setAttr(panel, "data-running", on);
    setAttr(control, "class", on ? "btn bad" : "btn pri");
    setText(control.querySelector("span"), on ? "Stop" : "Ask");
    setAttr(control.querySelector("use"), "href", on ? "#i-stop" : "#i-post");
  };
  const empty = () => setAttr(part(element, "empty"), "hidden", turns.length > 0);

  // What is sent for `turn` in `lane`, with what was said before in it where it is a conversation.
  const order = (turn, lane, seed) => {
    const before = turns.slice(0, turns.indexOf(turn)).filter((each) => each.answers.get(lane)?.text);
    const earlier = before.flatMap((each) => [{ role: "user", content: each.prompt }, { role: "assistant", content: each.answers.get(lane).text }]);
    const system = systemMessage() ? [{ role: "system", content: systemMessage() }] : [];
    const messages = [...system, ...earlier, { role: "user", content: turn.prompt }];
    return { problem: turn.problem, body: { model: modelOf(lane), messages, ...sampling(turn.problem), seed } };
  };
  // An answer in each open lane of the newest question.
  const fill = () => {
    const turn = turns.at(-1);
    for (const lane of open()) {
      if (!turn || turn.answers.has(lane)) continue;
      const answer = newAnswer(lane, { changed, grew, again: () => answer.running || answer.run(order(turn, lane, nextSeed())) });
      turn.answers.set(lane, answer);
      turn.place.append(answer.element);
    }
  };
  const clear = () => {
    stop();
    turns.forEach((turn) => turn.element.remove());
    turns = [];
    empty();
    changed();
  };

  const ask = () => {
    if (draft.text.trim() === "") return field.focus();
    if (!conversation.checked) clear();
    const turn = newTurn(draft.text, draft.problem);
    const seed = nextSeed();
    turns.push(turn);
    place.append(turn.element);
    empty();
    fill();
    past.add(turn.prompt, turn.problem, open().map(modelOf));
    atEnd = true;
    turn.answers.forEach((answer, lane) => answer.run(order(turn, lane, seed)));
    if (conversation.checked) draft.put("");
    status.now();
  };

  laneHeads(part(element, "heads"));
  drawRow(element);
  part(element, "form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running()) stop();
    else ask();
  });
  control.addEventListener("click", (event) => event.detail > 1 && event.preventDefault()); // the second of a double click
  field.addEventListener("input", () => draft.write(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && field.value === "" && past.rows.length) {
      event.preventDefault();
      draft.put(past.rows[0].prompt, past.rows[0].problem);
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (running()) say("An answer is being written; Escape stops it.");
    else ask();
  });
  if (field.value !== "") draft.write(field.value); // typed before this ran
  draft.on(() => {
    if (field.value !== draft.text) field.value = draft.text;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && running() && !document.querySelector("dialog[open]")) stop();
  });
  place.addEventListener("scroll", () => {
    const near = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_END;
    atEnd = near || (atEnd && place.scrollTop >= scrolledTo); // what comes while it scrolls is no step back
    scrolledTo = place.scrollTop;
  });
  part(element, "clear").addEventListener("click", () => {
    clear();
    draft.put("");
    field.focus();
  });
  part(element, "count").addEventListener("change", (event) => openBoth(event.target.value === "2"));
  onLanes(() => {
    const lanes = open();
    setAttr(panel, "data-lanes", lanes.length);
    panel.querySelector(`[name=lanes][value="${lanes.length}"]`).checked = true;
    answers().filter((answer) => answer.running && !lanes.includes(answer.lane)).forEach((answer) => answer.stop());
    fill();
  });
  models.on((found) => teach(element, found));
}

function newTurn(prompt, problem) {
  const place = h("div", { class: "answers" });
  const element = h("div", { class: "turn" },
    h("div", { class: "question" }, problem && h("p", { class: "drawn-name" }, problemName(problem)), said("p", "said", prompt)), place);
  return { prompt, problem, element, place, answers: new Map() };
}

function teach(element, found) {
  const none = found !== null && found.length === 0;
  setText(part(element, "empty-title"), none ? "No checkpoint yet" : "No question yet");
  setText(part(element, "empty-words"), none
    ? "The first is saved while a battle runs: at the checkpoint interval, when a level is mastered, when a quest ends, and at each pause and stop. From then on it can be asked here."
    : "A question goes to the checkpoint picked above, or to two at the same time with the same seed. The answer is shown while it is written, with its checkpoint, its tokens, tokens/s and the time to its first token. A drawn problem is new, of any skill and level, and its answer is graded as evaluations grade.");
}
