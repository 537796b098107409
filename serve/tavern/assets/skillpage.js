// One skill: its levels, the level chosen with sample problems and the hero's graded answers, its evaluations, primitives
// and sparring sessions.

import { AccuracyChart } from "./accuracychart.js";
import { get } from "./api.js";
import { h, keyed, part, setAttr, setText } from "./dom.js";
import { MEMORIZABLE } from "./evaluations.js";
import { jobOf, onGuild } from "./guildfeed.js";
import { onRoute, route } from "./guildroute.js";
import { levelJob, levelPanel, patchLevelPanel, revealLevel } from "./levelpanel.js";
import { patchLevels } from "./levels.js";
import { integer, moment, percent } from "./format.js";
import { evaluationBlock, legend, patchEvaluationBlock, patchFacts, patchTop, patchWeakest, skillTop, trackFacts } from "./skillcard.js";
import { patchSkillControls, skillControls, skillUrl } from "./skillcontrols.js";

const WEAKEST_SHOWN = 8;

export function mount(element) {
  const page = part(element, "page");
  let guild = null;
  let detail = null; // of the skill and level shown
  let built = null; // the skill that the page is built for
  let chart = null;
  let mark = null; // what `detail` was read for
  let reading = 0;

  part(page, "legend").append(legend([["lm", `memorizable: ${MEMORIZABLE}`]]));
  levelPanel(page, () => detail);

  const build = (skill) => {
    built = skill.id;
    chart = new AccuracyChart(`Accuracy of ${skill.name} by step: evaluation under the crosshair`);
    page.style.setProperty("--c", skill.colour);
    part(page, "head").replaceChildren(skillTop(skill, h("h1", { id: "skill-h", tabindex: -1 }, skill.name)), trackFacts());
    part(page, "gate-panel").replaceChildren(evaluationBlock(chart, "h2"));
    part(page, "controls").replaceChildren(skillControls(skill, guild.limits, "page"));
    part(page, "levels").replaceChildren();
  };
  const show = () => {
    setAttr(page, "hidden", route.skill === null);
    const skill = guild?.skills.find(({ id }) => id === route.skill);
    const current = detail?.id === route.skill;
    setAttr(part(page, "body"), "hidden", !skill || !current);
    if (!skill || !current) return;
    document.documentElement.dataset.title = `${skill.name} · Guild`;
    if (built !== skill.id) build(skill);
    patchTop(page, skill);
    patchFacts(part(page, "head"), skill);
    patchEvaluationBlock(page, chart, skill, guild.limits, "page");
    patchWeakest(page, skill, WEAKEST_SHOWN);
    patchSkillControls(page.querySelector(".controls"), skill, guild);
    patchLevels(part(page, "levels"), skill, detail);
    patchLevelPanel(page, skill, detail);
    sessions(page, detail.sessions);
  };
  const load = async () => {
    if (guild === null) return;
    const skill = guild.skills.find(({ id }) => id === route.skill);
    const wanted = JSON.stringify([route.skill, route.level, skill?.recent.at(-1)?.at, skill?.sparring?.at, skill?.mastered_level, skill?.enabled, skill?.share, jobOf(levelJob(route.skill))?.status]);
    if (wanted === mark) return;
    mark = wanted;
    const mine = ++reading;
    try {
      const found = await get(`${skillUrl(route.skill)}${route.level === null ? "" : `?level=${route.level}`}`);
      if (mine !== reading) return; // another skill or level was chosen since
      detail = found;
      problem(page, null);
    } catch (error) {
      if (error.status === undefined) throw error;
      if (mine !== reading) return;
      mark = null;
      if (error.status) problem(page, error);
    }
    show();
  };

  onRoute(async (_, moved) => {
    if (route.skill === null) {
      problem(page, null);
      return show();
    }
    if (moved) show();
    await load();
    if (moved) part(page, "head").querySelector("h1")?.focus({ preventScroll: true });
    if (route.level !== null && detail) revealLevel(page);
  });
  onGuild((news, error) => {
    guild = news;
    if (route.skill === null) return;
    if (guild) show();
    if (error) {
      mark = null; // the next reading that is answered takes the banner away
      problem(page, error);
    } else load();
  });
}

function problem(page, error) {
  setAttr(part(page, "problem"), "hidden", error === null);
  setText(part(page, "detail"), error?.detail ?? "");
  setText(part(page, "remedy"), error?.remedy ?? "");
}

function sessions(page, found) {
  setAttr(part(page, "no-sessions"), "hidden", found.length > 0);
  keyed(part(page, "sessions"), found, (session) => `${session.step}/${session.at}`, (session) => h("li", {},
    h("b", {}, `step ${integer(session.step)}, level ${integer(session.level)}`), h("time", { datetime: session.at }, moment(session.at)),
    h("span", {}, `${percent(session.first_correct / session.n)} first try, ${session.mistakes ? percent(session.second_correct / session.mistakes) : "–"} of the mistakes at the second`),
    h("span", { class: "sub" }, `${integer(session.n)} problems, ${integer(session.mistakes)} mistakes, ${session.quest_id ? "quest " : `no quest: ${session.reason}`}`, session.quest_id ? h("span", { class: "mono" }, session.quest_id.slice(0, 8)) : null)), () => {});
}
