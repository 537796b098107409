// Draws a problem of a skill and level into the question.

import { act } from "./acting.js";
import { get } from "./api.js";
import { h, part, say, setAttr, setText } from "./dom.js";
import { draft, problemName } from "./oracledraft.js";
import { skills } from "./oraclefeed.js";
import { isDrawn, said } from "./said.js";

export function drawRow(element) {
  const [skill, level, control] = [part(element, "skill"), part(element, "level"), part(element, "draw")];
  let known = [];
  const levels = () => {
    const row = known.find((each) => each.id === skill.value);
    if (row) refill(level, [["", `training level, ${row.training_level}`], ...row.level_titles.map((title, at) => [String(at + 1), `${at + 1}: ${title}`])]);
  };
  skills.on((found, problem) => {
    if (!found && problem) fail(element, problem);
    if (!found) return;
    known = found;
    refill(skill, known.map((row) => [row.id, row.name]));
    levels();
    setAttr(part(element, "draw-problem"), "hidden", true);
  });
  skill.addEventListener("change", () => {
    level.value = "";
    levels();
  });
  control.addEventListener("click", () => act(control, part(element, "draw-problem"), async () => {
    const query = new URLSearchParams({ skill: skill.value, ...(level.value ? { level: level.value } : {}) });
    const problem = await get(`/api/oracle/problem?${query}`);
    draft.put(problem.prompt, problem);
    if (!matchMedia("(pointer: coarse)").matches) part(element, "question").focus(); // there a keyboard would cover the page
    say(`Drawn: ${problemName(problem)}`);
  }));
  draft.on(() => {
    setAttr(part(element, "drawn"), "hidden", draft.problem === null);
    if (draft.problem) setText(part(element, "drawn-words"), `${problemName(draft.problem)} · graded when the answer ends`);
    const preview = part(element, "preview");
    setAttr(preview, "hidden", !isDrawn(draft.text));
    preview.replaceChildren(...said("p", "", draft.text).childNodes);
  });
}

function fail(element, { detail, remedy }) {
  setText(part(element, "draw-problem"), `${detail} ${remedy}`);
  setAttr(part(element, "draw-problem"), "hidden", false);
}

// Writes the choices only where they differ; what is chosen stays.
function refill(picker, rows) {
  const mark = JSON.stringify(rows);
  if (picker.dataset.is === mark) return;
  picker.dataset.is = mark;
  const chosen = picker.value;
  picker.replaceChildren(...rows.map(([value, name]) => h("option", { value }, name)));
  if (rows.some(([value]) => value === chosen)) picker.value = chosen;
}
