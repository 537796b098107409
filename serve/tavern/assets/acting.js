// Buttons that wait for their answer, and what they say when it is an error.

import { h, icon, setAttr, setText } from "./dom.js";

export const problemLine = () => h("p", { class: "row-problem", role: "alert", hidden: true });

export const button = (picture, words, more = {}) => h("button", { class: "btn", type: "button", ...more }, icon(picture), h("span", {}, words));

// Shows on a button that a job of its kind is open, wherever that was begun.
export function markRunning(control, { open_jobs: open }, type, skill = null) {
  const running = open.some((job) => job.type === type && (skill === null || job.skill_id === skill));
  setAttr(control, "data-running", running);
  setAttr(control, "title", running ? "one is under way" : null);
}

// Runs `request` while `control` shows that it works; pressed meanwhile, or while aria-disabled, it does nothing. The
// control keeps the focus.
export async function act(control, problem, request) {
  if (["aria-busy", "aria-disabled"].some((state) => control.getAttribute(state) === "true")) return false;
  setAttr(control, "aria-busy", "true");
  setAttr(problem, "hidden", true);
  try {
    await request();
    return true;
  } catch (error) {
    if (error.detail === undefined) throw error;
    setText(problem, `${error.detail} ${error.remedy}`);
    setAttr(problem, "hidden", false);
    return false;
  } finally {
    setAttr(control, "aria-busy", null);
  }
}
