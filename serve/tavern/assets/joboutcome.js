// What came of a job that asked the hero something, in a sentence.

import { integer, percent, plural } from "./format.js";

export const NAMES = { eval: "Evaluation", sparring: "Sparring", passive_eval: "Passives" };

export function outcome(name, result) {
  if (result.first_correct !== undefined) {
    return `${name} at level ${integer(result.level)}: ${integer(result.first_correct)} of ${integer(result.n)} correct at the first try, ${integer(result.second_correct)} of ${plural(result.mistakes, "mistake")} at the second.${result.quest_id ? "" : ` No quest: ${result.reason}.`}`;
  }
  if (result.accuracy === undefined) return `${name} done.`;
  const led = result.mastered_level ? ` Level ${result.mastered_level} is mastered.` : result.counted ? "" : ` Not counted towards the next level: ${result.detail}.`;
  return `Level ${integer(result.level)}: ${integer(result.correct)} of ${integer(result.n)} correct = ${percent(result.accuracy)}.${led}`;
}
