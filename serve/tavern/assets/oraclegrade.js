// The grade of an answer to a drawn problem.

import { post } from "./api.js";
import { h, icon, say } from "./dom.js";
import { badge } from "./badges.js";
import { said } from "./said.js";

// Grades `answer`, and shows in `place` what came of it.
export async function grade(place, { skill, level, seed }, answer) {
  place.replaceChildren(h("span", { class: "sub" }, "is graded"));
  try {
    const { correct, expected, reason } = await post("/api/oracle/grade", { skill, level, seed, answer });
    const words = correct ? "correct" : "wrong";
    place.replaceChildren(
      badge([words, correct ? ["check", "n"] : ["x", "w"]]),
      h("span", { class: "expects" }, h("span", { class: "lbl" }, "expected"), said("span", "said", expected)),
      said("span", "said why", reason));
    say(`The answer is ${words}.`);
  } catch (problem) {
    if (problem.detail === undefined) throw problem;
    const retry = h("button", { class: "btn", type: "button" }, icon("retry"), "Grade again");
    retry.addEventListener("click", () => grade(place, { skill, level, seed }, answer));
    place.replaceChildren(h("p", { class: "row-problem", role: "alert" }, `Not graded: ${problem.detail} ${problem.remedy}`), retry);
  }
}
