// The controls of one skill: priority, evaluate now, spar now, enable or disable; and what each led to.

import { act, button, markRunning, problemLine } from "./acting.js";
import { post } from "./api.js";
import { h, part, say, setAttr, setText } from "./dom.js";
import { begin, isOpen, isTrained, jobOf, reread } from "./guildfeed.js";
import { jobLine, patchJobLine } from "./jobline.js";

const SPARRING = 100;

export const skillUrl = (id) => `/api/guild/skills/${encodeURIComponent(id)}`;
export const ENABLE_WORDS = "Enabling or disabling a skill changes the exam: the champion is examined anew, under the exam’s new version.";

// `scope` keeps the ids of the fields apart from those of the same skill elsewhere on the page.
export function skillControls({ id, name }, limits, scope) {
  const field = (of) => `${scope}-${id}-${of}`;
  const block = h("div", { class: "controls" },
    h("div", { class: "controls-row" },
      h("label", { class: "field", for: field("priority") }, "Priority",
        h("select", { class: "pick", id: field("priority"), "data-priority": true, "aria-describedby": field("priority-words") }, ...limits.priorities.map((each) => h("option", { value: each }, String(each))))),
      button("target", "Evaluate now", { "data-evaluate": true, "aria-label": `Evaluate ${name} now` }),
      h("span", { class: "spar" },
        h("label", { class: "vh", for: field("count") }, `Problems of a sparring session of ${name}`),
        h("input", { class: "number", id: field("count"), type: "number", inputmode: "numeric", min: 1, max: limits.sparring_problems, value: SPARRING, "data-count": true }),
        h("span", { class: "unit", "aria-hidden": "true" }, "problems"),
        button("spar", "Spar now", { "data-spar": true, "aria-label": `Spar ${name} now` }))),
    h("p", { class: "sub", id: field("priority-words"), "data-priority-words": true }),
    h("div", { class: "controls-toggle" }, button("off", "Disable", { "data-toggle": true, "aria-describedby": field("toggle-words") }), h("p", { class: "sub", id: field("toggle-words") }, ENABLE_WORDS)),
    jobLine(`eval/${id}`), jobLine(`sparring/${id}`), problemLine());
  const problem = block.lastChild;
  const on = (of, event, request) => {
    const control = part(block, of);
    control.addEventListener(event, () => act(control, problem, () => request(control)));
  };
  on("evaluate", "click", () => begin(`eval/${id}`, `${skillUrl(id)}/evaluate`, {}, { kind: "eval" }));
  on("spar", "click", () => begin(`sparring/${id}`, `${skillUrl(id)}/spar`, { count: part(block, "count").valueAsNumber }, { kind: "sparring" }));
  const picker = part(block, "priority");
  picker.addEventListener("change", async () => {
    await act(picker, problem, async () => {
      await post(skillUrl(id), { priority: Number(picker.value) });
      await reread();
    });
    picker.value = block.dataset.kept; // what was refused is not kept
  });
  on("toggle", "click", async () => {
    const enabled = block.dataset.enabled !== "true";
    await post(skillUrl(id), { enabled });
    await reread();
    say(`${name} is ${enabled ? "enabled" : "disabled"}.`);
    if (!block.isConnected) document.querySelector(".idle summary")?.focus(); // its card is gone
  });
  return block;
}

export function patchSkillControls(block, skill, guild) {
  const { strategy } = guild;
  block.dataset.enabled = skill.enabled;
  block.dataset.kept = skill.priority;
  const picker = part(block, "priority");
  if (picker.getAttribute("aria-busy") !== "true") picker.value = skill.priority;
  setText(part(block, "priority-words"), strategy.name === "weighted" ? "Shares of the training go by the priorities." : "Priorities count while the strategy is Weighted.");
  for (const kind of ["evaluate", "spar"]) {
    const waits = isOpen(jobOf(`${kind === "evaluate" ? "eval" : "sparring"}/${skill.id}`));
    setAttr(part(block, kind), "disabled", !isTrained(skill));
    setAttr(part(block, kind), "aria-disabled", waits ? "true" : null); // keeps the focus where it was pressed
  }
  setAttr(part(block, "count"), "disabled", !isTrained(skill));
  markRunning(part(block, "spar"), guild, "sparring", skill.id);
  const toggle = part(block, "toggle");
  setText(toggle.lastChild, skill.enabled ? "Disable" : "Enable");
  setAttr(toggle, "aria-label", `${skill.enabled ? "Disable" : "Enable"} ${skill.name}`);
  setAttr(toggle, "disabled", !skill.available);
  for (const line of block.querySelectorAll(".job")) patchJobLine(line);
}
