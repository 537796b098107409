// The training plan: presets, the strategy over skills, and what share of the training each skill gets.

import { act } from "./acting.js";
import { post } from "./api.js";
import { fold, h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { percent, wholePercent } from "./format.js";
import { onGuild, reread } from "./guildfeed.js";

const KINDS = { learnable: "most to the levels where most can be learned", uniform: "the same to every level" };

export function mount(element) {
  fold(element);
  const panel = element.querySelector(".plan");
  let guild = null;
  const send = async (control, url, body) => {
    setText(part(panel, "saved"), "");
    const done = await act(control, part(panel, "problem"), () => post(url, body));
    await reread();
    show(panel, guild); // an answer that was an error leaves the plan as it was: so must its controls
    if (done) setText(part(panel, "saved"), "Saved. The next generated quest follows it.");
  };
  const strategy = (control, name) => {
    const focus = name === "focus" ? part(panel, "focus").value : null;
    send(control, "/api/guild/strategy", { strategy: name, focus });
  };
  part(panel, "presets").addEventListener("change", ({ target }) => send(target, "/api/guild/preset", { preset: target.value }));
  part(panel, "strategies").addEventListener("change", ({ target }) => strategy(target, target.value));
  part(panel, "focus").addEventListener("change", ({ target }) => strategy(target, "focus"));
  onGuild((news) => {
    guild = news;
    if (guild && !panel.querySelector("[aria-busy]")) show(panel, guild);
  });
}

function show(panel, { skills, strategy, preset, mix }) {
  const trained = skills.filter((skill) => skill.enabled);
  choices(part(panel, "presets"), "preset", preset);
  choices(part(panel, "strategies"), "strategy", strategy);
  setAttr(part(panel, "by-hand"), "hidden", preset.name !== null);
  const focus = part(panel, "focus");
  keyed(focus, trained, (skill) => skill.id, ({ id }) => h("option", { value: id }), (option, { name }) => setText(option, name));
  if (strategy.focus !== null) focus.value = strategy.focus;
  setAttr(part(panel, "focus-field"), "hidden", strategy.name !== "focus");
  shares(panel, trained);
  setText(part(panel, "mix"), `Within a skill: ${percent(mix.replay_share)} replay of mastered levels, ${percent(mix.next_share)} of the level after the training level; the rest goes ${KINDS[mix.kind] ?? mix.kind}.`);
}

function choices(list, name, { name: chosen, choices: offered }) {
  keyed(list, offered, ({ id }) => id, ({ id, title, about }) =>
    h("label", { class: "choice" }, h("input", { type: "radio", name: `guild-${name}`, value: id }), h("span", {}, h("b", {}, title), h("small", {}, about))),
  (choice, { id }) => (choice.firstChild.checked = id === chosen));
}

function shares(panel, trained) {
  const bar = part(panel, "shares");
  setAttr(bar, "aria-label", `Planned shares of the training: ${trained.map((skill) => `${skill.name} ${wholePercent(skill.share)}`).join(", ") || "none, no skill is trained"}`);
  keyed(bar, trained, (skill) => skill.id, () => h("i"), (piece, skill) => {
    setVar(piece, "--c", skill.colour);
    setVar(piece, "--v", `${100 * skill.share}%`);
  });
  keyed(part(panel, "shares-key"), trained, (skill) => skill.id, () => h("li", {}, h("i"), h("span"), h("b")), (entry, skill) => {
    setVar(entry, "--c", skill.colour);
    setText(entry.children[1], skill.name);
    setText(entry.lastChild, wholePercent(skill.share));
  });
}
