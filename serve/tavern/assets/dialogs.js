// A dialog before something is changed: what it means in numbers, and for what cannot be taken back at once, words to type.

import { act, problemLine } from "./acting.js";
import { h, icon, setAttr } from "./dom.js";

let count = 0;

// Says something that leaves nothing to choose.
export const tell = (title, body) => ask({ title, body, action: "Close", picture: "check", tone: "", only: true, run: () => null });

// Asks in a dialog; `run()` is what its button does. Resolves with what `run` answered, or null where it was left. An error
// is shown in the dialog, which stays open.
export function ask({ title, body, action, picture, tone = "pri", typed = null, run, wide = false, only = false }) {
  const id = `ask-${(count += 1)}`;
  const problem = problemLine();
  const control = h("button", { class: `btn ${tone}`, type: "submit" }, icon(picture), h("span", {}, action));
  const leave = h("button", { class: "btn", type: "button" }, "Cancel");
  const field = typed === null ? null : h("input", { class: "text", id: `${id}-typed`, autocomplete: "off", spellcheck: "false" });
  const form = h("form", { class: "ask" },
    h("h2", { id, tabindex: -1 }, title), ...body,
    field && h("label", { class: "typed", for: field.id }, h("span", {}, "Type ", h("b", { class: "mono" }, typed), " to confirm"), field),
    problem, h("div", { class: "actions" }, only ? null : leave, control));
  const dialog = h("dialog", { class: wide ? "asking wide" : "asking", "aria-labelledby": id }, form);
  const opener = document.activeElement;
  let result = null;

  const arm = () => setAttr(control, "aria-disabled", field && field.value.trim() !== typed ? "true" : null);
  field?.addEventListener("input", arm);
  arm();
  leave.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await act(control, problem, async () => {
      result = await run(field?.value.trim());
    });
    if (done) dialog.close();
  });
  document.querySelector("main .realm.column").append(dialog);
  dialog.showModal();
  (field ?? dialog.querySelector("h2")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (opener?.isConnected) opener.focus({ preventScroll: true });
      resolve(result);
    }, { once: true });
  });
}

// Names and values, such as before and after.
export const facts = (pairs) => h("dl", { class: "record" }, ...pairs.filter(([, value]) => value !== null).map(([name, value]) => h("div", {}, h("dt", { class: "lbl" }, name), h("dd", {}, value))));
