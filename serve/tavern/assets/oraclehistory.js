// Earlier questions: one goes back into the composer, or is deleted.

import { ask } from "./dialogs.js";
import { h, icon, keyed, part, say, setAttr, setText } from "./dom.js";
import { moment, plural } from "./format.js";
import { draft, problemName } from "./oracledraft.js";
import { shortName } from "./oraclefeed.js";
import { past } from "./oraclepast.js";
import { said } from "./said.js";

export function mount(element) {
  const list = part(element, "rows");
  part(element, "clear").addEventListener("click", () => ask({
    title: `Delete ${plural(past.rows.length, "question")}`,
    body: [h("p", {}, "They are kept in this browser only, and cannot be restored.")],
    action: "Delete", picture: "trash", tone: "bad",
    run: () => past.clear(),
  }));
  list.addEventListener("click", (event) => {
    const id = event.target.closest("li")?.dataset.key;
    if (event.target.closest(".take")) take(id);
    if (event.target.closest(".forget")) forget(element, list, id);
  });
  past.on((rows) => {
    setText(part(element, "count"), rows.length ? `${rows.length} of 50` : "");
    setAttr(part(element, "none"), "hidden", rows.length > 0);
    setAttr(part(element, "clear"), "hidden", rows.length === 0);
    setAttr(list, "hidden", rows.length === 0);
    keyed(list, rows, (row) => row.id, create, patch);
  });
}

function create(row) {
  return h("li", {},
    h("button", { class: "take", type: "button" }, said("span", "words", row.prompt), h("span", { class: "sub", "data-about": true })),
    h("button", { class: "btn ghost icon forget", type: "button", title: "Delete", "aria-label": `Delete: ${row.prompt.slice(0, 80)}` }, icon("x", true)));
}

function patch(line, row) {
  setText(part(line, "about"), [row.problem && problemName(row.problem), row.models.map(shortName).join(", "), moment(row.at)].filter(Boolean).join(" · "));
}

function take(id) {
  const row = past.rows.find((each) => each.id === id);
  draft.put(row.prompt, row.problem);
  document.getElementById("oracle-question").focus();
}

function forget(element, list, id) {
  const place = past.rows.findIndex((row) => row.id === id);
  past.remove(id);
  say("Deleted from the earlier questions.");
  const next = list.children[place] ?? list.lastElementChild;
  (next?.querySelector(".forget") ?? element.querySelector("h2")).focus();
}
