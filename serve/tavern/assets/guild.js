// The Guild's head, and one card for each skill that is trained.

import { h, keyed, part, setAttr, setText } from "./dom.js";
import { integer } from "./format.js";
import { isTrained, onGuild } from "./guildfeed.js";
import { onRoute } from "./guildroute.js";
import { onState } from "./live.js";
import { createCard, patchCard } from "./skillcard.js";

export function mount(element) {
  const cards = part(element, "cards");
  const title = element.querySelector("h1");
  onRoute((route, moved) => {
    if (moved && route.skill === null) title.focus({ preventScroll: true });
    if (route.skill === null) delete document.documentElement.dataset.title;
  });
  onState((state) => {
    if (!state) return;
    const { campaign, hero } = state;
    setText(part(element, "sub"), campaign ? `Skills, primitives and passives of ${hero?.name} in campaign ${campaign.id}, step ${integer(campaign.step)}` : "There is no campaign yet.");
  });
  onGuild((guild, problem) => {
    setAttr(part(element, "problem"), "hidden", problem === null);
    if (problem) {
      setText(part(element, "detail"), problem.detail);
      setText(part(element, "remedy"), problem.remedy);
    }
    if (!guild) return;
    totals(element, guild);
    const enabled = guild.skills.filter((skill) => skill.enabled);
    cards.classList.toggle("one", enabled.length === 1);
    keyed(cards, enabled, (skill) => skill.id, (skill) => createCard(skill, guild.limits), (card, skill) => patchCard(card, skill, guild));
  });
}

function totals(element, { skills, primitives, passives }) {
  const enabled = skills.filter((skill) => skill.enabled);
  const put = (name, count, of) => {
    const value = part(element, name);
    if (value.dataset.is === `${count}/${of}`) return;
    value.dataset.is = `${count}/${of}`;
    value.replaceChildren(integer(count), ...(of === null ? [] : [" ", h("span", { class: "sub" }, `of ${integer(of)}`)]));
  };
  const warned = passives.filter((passive) => passive.warning).length;
  put("mastered", enabled.reduce((sum, skill) => sum + skill.mastered_level, 0), enabled.reduce((sum, skill) => sum + skill.max_level, 0));
  put("trained", enabled.filter(isTrained).length, skills.length);
  put("measured", primitives.filter((primitive) => primitive.window_n > 0).length, primitives.length);
  put("warned", warned, passives.length);
  part(element, "warned").classList.toggle("warn", warned > 0);
}
