// Earlier questions, in this browser's storage: newest first, the newest 50. Where there is no storage, for as long as the
// page is open.

const KEY = "realm.oracle.questions";
const MOST = 50;
const listeners = new Set();
let rows = read();

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((row) => typeof row?.prompt === "string") : [];
  } catch {
    return [];
  }
}

function set(next) {
  rows = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(rows));
  } catch {
    // no storage, or none left
  }
  listeners.forEach((listener) => listener(rows));
}

const idOf = (prompt, problem) => JSON.stringify(problem ? [problem.skill, problem.level, problem.seed] : prompt);

export const past = {
  get rows() {
    return rows;
  },
  // A question asked again moves to the top.
  add(prompt, problem, models) {
    const id = idOf(prompt, problem);
    set([{ id, prompt, problem, models, at: new Date().toISOString() }, ...read().filter((row) => row.id !== id)].slice(0, MOST));
  },
  remove(id) {
    set(read().filter((row) => row.id !== id));
  },
  clear() {
    set([]);
  },
  on(listener) {
    listeners.add(listener);
    listener(rows);
  },
};

addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  rows = read();
  listeners.forEach((listener) => listener(rows));
});
