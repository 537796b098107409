// The training plan: presets, the strategy over skills, and what share of the training each skill gets.

import { act } from "./acting.js";
import { post } from "./api.js";
import { fold, h, keyed, part, setAttr, setText, setVar } from "./dom.js";
import { percent, wholePercent } from "./format.js";
import { isTrained, onGuild, reread } from "./guildfeed.js";

// What a mix does within a skill, as realm/rules/schedule.py has it.
const MIXES = {
  uniform: () => "the same to every level up to the one after the training level.",
  learnable: ({ replay_share: replay, next_share: next }) =>
    `${next > 0 ? `${percent(next)} of the level after the training level, where there is one` : "nothing of the level after the training level"}; ${percent(replay)} replay of mastered levels that are safe, where there are any; the rest goes to the training level and to mastered levels that are not safe, most where most can be learned; the training level has at least 60 % of it, less in proportion to the mastered levels that are below the gate. Safe is an accuracy at least half-way from the gate to 100 %.`,
};

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
  const trained = skills.filter(isTrained);
  choices(part(panel, "presets"), "preset", preset);
  choices(part(panel, "strategies"), "strategy", strategy);
  setAttr(part(panel, "by-hand"), "hidden", preset.name !== null);
  focus(panel, strategy, trained, skills.find(({ id }) => id === strategy.focus)?.name ?? strategy.focus);
  shares(panel, trained);
  setText(part(panel, "mix"), `Within a skill: ${MIXES[mix.kind](mix)}`);
}

function focus(panel, strategy, trained, name) {
  const picker = part(panel, "focus");
  const lost = strategy.focus !== null && !trained.some(({ id }) => id === strategy.focus);
  const offered = lost ? [{ id: "", name: "none" }, ...trained] : trained;
  keyed(picker, offered, ({ id }) => id, ({ id }) => h("option", { value: id, disabled: id === "" }), (option, skill) => setText(option, skill.name));
  if (strategy.focus !== null) picker.value = lost ? "" : strategy.focus;
  setAttr(part(panel, "focus-field"), "hidden", strategy.name !== "focus");
  setAttr(part(panel, "focus-lost"), "hidden", !lost);
  setText(part(panel, "focus-lost"), lost ? `The skill in focus, ${name}, is not trained: the training is shared as with Equal until another is chosen or ${name} is enabled.` : "");
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
