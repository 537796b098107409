// What /guild shows: the overview, or one skill at one level (?skill=bin&level=15). Links on the page switch without
// loading it again; the back button works.

const root = document.documentElement;
const listeners = new Set();
export const route = { skill: null, level: null };

export const skillHref = (skill, level = null) => `/guild?skill=${encodeURIComponent(skill)}${level === null ? "" : `&level=${level}`}`;

// `listener(route, moved)` runs now and at every switch; `moved` is true where another skill or the overview came up.
export function onRoute(listener) {
  listeners.add(listener);
  listener(route, false);
}

function read() {
  const query = new URLSearchParams(location.search);
  const level = Number(query.get("level"));
  route.skill = query.get("skill") || null;
  route.level = Number.isInteger(level) && level > 0 ? level : null;
  root.dataset.view = route.skill === null ? "guild" : "skill";
}

function show() {
  const before = route.skill;
  read();
  listeners.forEach((listener) => listener(route, before !== route.skill));
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href^='/guild']");
  if (!anchor || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  // Levels of one skill replace each other: back leads to where the skill was opened.
  const same = new URL(anchor.href).searchParams.get("skill") === route.skill;
  history[same ? "replaceState" : "pushState"](null, "", anchor.href);
  show();
  if (!same) scrollTo(0, 0);
});
addEventListener("popstate", show);
read();
