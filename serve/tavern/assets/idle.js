// The skills that this campaign does not train, in a compact list: each can be enabled, or says why it cannot.

import { act, problemLine } from "./acting.js";
import { post } from "./api.js";
import { fold, h, keyed, part, rune, say, setAttr, setText } from "./dom.js";
import { plural } from "./format.js";
import { onGuild, reread } from "./guildfeed.js";
import { skillHref } from "./guildroute.js";
import { ENABLE_WORDS, skillUrl } from "./skillcontrols.js";

export function mount(element) {
  fold(element);
  const panel = element.querySelector("[data-idle]");
  setText(part(panel, "words"), ENABLE_WORDS);
  onGuild((guild) => {
    if (!guild) return;
    const idle = guild.skills.filter((skill) => !skill.enabled);
    setAttr(panel, "hidden", idle.length === 0);
    setText(part(panel, "sub"), `${plural(idle.length, "skill")} of the catalog`);
    const missing = idle.filter((skill) => !skill.available);
    const reasons = [...new Set(missing.map((skill) => skill.unavailable_reason))];
    // What several skills miss alike is said once.
    const shared = missing.length > 1 && reasons.length === 1 ? `${plural(missing.length, "skill")} not available: ${reasons[0]}` : null;
    setAttr(part(panel, "remedy"), "hidden", shared === null);
    setText(part(panel, "remedy"), shared ?? "");
    keyed(part(panel, "list"), idle, (skill) => skill.id, create, (row, skill) => patch(row, skill, shared === null));
  });
}

function create(skill) {
  const control = h("button", { class: "btn", type: "button", "aria-label": `Enable ${skill.name}`, "data-enable": true }, "Enable");
  const row = h("li", { style: `--c:${skill.colour}` }, rune(skill.icon),
    h("div", { class: "what" }, h("a", { href: skillHref(skill.id) }, skill.name), h("span", { class: "sub" }, `${skill.category} · ${plural(skill.max_level, "level")} · ${skill.description}`), h("span", { class: "reason", "data-reason": true })),
    control, problemLine());
  control.addEventListener("click", async () => {
    const done = await act(control, row.lastChild, async () => {
      await post(skillUrl(skill.id), { enabled: true });
      await reread();
    });
    if (!done) return;
    say(`${skill.name} is enabled.`);
    document.querySelector(`#card-${skill.id} a`)?.focus();
  });
  return row;
}

function patch(row, skill, alone) {
  setText(part(row, "reason"), skill.available || !alone ? "" : skill.unavailable_reason);
  row.classList.toggle("missing", !skill.available);
  setAttr(part(row, "enable"), "hidden", !skill.available);
}
