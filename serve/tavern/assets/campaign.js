// The campaign: its facts, and the mastered level of each skill by step.

import { fold, h, keyed, part, s, setAttr, setText, setVar } from "./dom.js";
import { date, integer, percent, plural, stepLabels, text } from "./format.js";
import { onState } from "./live.js";
import { niceTicks } from "./scale.js";

const WIDTH = 1000;
const HEIGHT = 200;

export function mount(element) {
  const panel = element.querySelector(".campaign");
  fold(panel);
  onState((state) => {
    if (!state?.campaign) return;
    const { campaign } = state;
    setText(part(panel, "id"), text(campaign.id));
    setText(part(panel, "sub"), [state.hero?.name, campaign.started_at && `started ${date(campaign.started_at)}`].filter(Boolean).join(" · "));
    keyed(part(panel, "facts"), facts(state), ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd")), (row, [, value]) => setText(row.lastChild, value));
    stairs(panel, Object.values(state.skills ?? {}), campaign.step ?? 0);
  });
}

function facts({ campaign, champion, latest_checkpoint: latest, skills, nodes }) {
  const mastered = Object.values(skills ?? {}).map((skill) => `${skill.name} ${integer(skill.mastered_level)}`);
  const state = [campaign.state, campaign.momentum].filter(Boolean).join(", ");
  return [
    ["Step", integer(campaign.step)],
    ["Durable up to step", integer(campaign.durable_step)],
    ["Mastered levels", mastered.join(", ") || "–"],
    ["Champion", champion ? `step ${integer(champion.step)}` : "none yet"],
    ["Champion’s exam accuracy", champion ? percent(champion.exam_accuracy) : "–"],
    ["Newest checkpoint", latest ? text(latest.name ?? latest.id).split("/").at(-1) : "none yet"],
    ["State", campaign.reason ? `${state}: ${campaign.reason}` : state || "–"],
    ["Nodes", nodes?.length ? nodes.map(node).join("; ") : "–"],
  ];
}

const node = ({ name, cpus, gpus }) => `${name}: ${plural(cpus, "CPU")}${gpus ? `, ${plural(gpus, "GPU")}` : ""}`;

function stairs(panel, skills, step) {
  const right = Math.max(1, step) / 0.98;
  const levels = skills.map((skill) => skill.mastered_level ?? 0);
  const top = Math.max(4, ...levels) * 1.08;
  const x = (at) => (at / right) * WIDTH;
  const y = (level) => (1 - level / top) * HEIGHT;
  const ys = niceTicks(0, top, 4).filter(Number.isInteger);
  const xs = niceTicks(0, right, 6).filter((tick) => tick > 0 && Number.isInteger(tick) && x(tick) < WIDTH * 0.97);
  const stepLabel = stepLabels(xs);
  const climb = (skill) => {
    const at = Object.entries(skill.levels_mastered_at ?? {}).map(([level, when]) => [Number(level), when]).sort((a, b) => a[0] - b[0]);
    return `M0 ${HEIGHT}${at.map(([level, when]) => `H${x(when).toFixed(1)}V${y(level).toFixed(1)}`).join("")}H${x(step).toFixed(1)}`;
  };
  const colour = (skill) => `--c:${skill.colour}`;
  part(panel, "svg").replaceChildren(
    ...ys.map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(tick), y2: y(tick) })),
    ...xs.map((tick) => s("line", { class: "grid minor", y1: 0, y2: HEIGHT, x1: x(tick), x2: x(tick) })),
    ...skills.flatMap((skill) => [
      s("path", { class: "stair-fill", style: colour(skill), d: `${climb(skill)}V${HEIGHT}Z` }),
      s("path", { class: "stair", style: colour(skill), d: climb(skill) }),
    ]),
  );
  const label = (share, words) => h("span", { style: `--p:${(100 * share).toFixed(2)}` }, words);
  part(panel, "y").replaceChildren(...ys.map((tick) => label(y(tick) / HEIGHT, integer(tick))));
  part(panel, "x").replaceChildren(...xs.map((tick) => label(x(tick) / WIDTH, stepLabel(tick))));
  setAttr(part(panel, "plot"), "aria-label", `Mastered level by step: ${skills.map((skill) => `${skill.name} ${integer(skill.mastered_level)}`).join(", ")} at step ${integer(step)}`);
  keyed(part(panel, "legend"), skills, (skill) => skill.id, legend, (entry, skill) => {
    setVar(entry, "--c", skill.colour);
    setText(entry.lastChild, `${skill.name} ${integer(skill.mastered_level)}`);
  });
}

const legend = () => h("span", {}, s("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" }, s("path", { d: "M1 5H21", style: "stroke:var(--c)", "stroke-width": 2.5 })), h("b"));
