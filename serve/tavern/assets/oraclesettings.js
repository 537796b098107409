// How an answer is sampled: temperature, length, seed and more, kept in this browser.

import { part, say, setText } from "./dom.js";
import { draft } from "./oracledraft.js";
import { integer } from "./format.js";

const KEY = "realm.oracle.sampling";
const DEFAULTS = { temperature: "0", max_tokens: "", seed: "", top_p: "", stop: "", system: "" };
const NUMBERS = ["temperature", "max_tokens", "top_p"];
const SEEDS = 1_000_000; // short enough to be read and typed
let values = read();
let show = () => {};

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

function set(changes) {
  values = { ...values, ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(values));
  } catch {
    // no storage: they hold for as long as the page is open
  }
  show();
}

// What is no number goes as it was typed: the server says what is wrong with it.
const number = (typed) => (Number.isFinite(Number(typed)) ? Number(typed) : typed);

// The seed of the next question: the one that is set, else a new one.
export const nextSeed = () => (values.seed.trim() === "" ? crypto.getRandomValues(new Uint32Array(1))[0] % SEEDS : number(values.seed.trim()));
export const systemMessage = () => values.system.trim();

// The fields of a request; the length of a drawn problem is its own unless one is set.
export function sampling(problem) {
  const typed = NUMBERS.filter((name) => values[name].trim() !== "").map((name) => [name, number(values[name].trim())]);
  const stop = values.stop === "" ? {} : { stop: values.stop };
  return { ...(problem ? { max_tokens: problem.max_tokens } : {}), ...Object.fromEntries(typed), ...stop };
}

export function fixSeed(seed) {
  set({ seed: String(seed) });
  say(`Seed ${seed} is set for the next questions.`);
}

export function mount(element) {
  const form = part(element, "form");
  show = () => {
    for (const [name, value] of Object.entries(values)) if (form.elements[name].value !== value) form.elements[name].value = value;
    setText(part(element, "shown"), Number(values.temperature).toFixed(2));
    setText(part(element, "about"), Number(values.temperature) === 0 ? "the likeliest token each time, as in evaluations" : "tokens are drawn; evaluations are at 0");
    const limit = draft.problem ? `Without a length, the drawn problem’s: ${integer(draft.problem.max_tokens)} tokens.` : "Without a length, the server’s.";
    setText(part(element, "length-about"), `${limit} A seed is drawn for each question unless one is set.`);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => set({ [event.target.name]: event.target.value }));
  part(element, "defaults").addEventListener("click", () => set(DEFAULTS));
  form.querySelector("details").open = ["top_p", "stop", "system"].some((name) => values[name] !== "");
  draft.on(show);
}
