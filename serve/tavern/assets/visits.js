// That somebody looks at the realm, told to it once a minute while a page is seen. Looks of any browser that are at most
// five minutes apart are one visit; what lies between two visits is an absence, and the card on the front page tells of it.

import { post } from "./api.js";

const PERIOD = 60000;

const listeners = new Set();
let timer = null;
let noted = false;
let readOnly = false;

// `listener()` runs whenever this page was noted, or could not be: with a token that allows reading only.
export function onLook(listener) {
  listeners.add(listener);
  if (noted) listener();
}

// From now on this page counts as looked at while it is seen.
export function keepLooking() {
  document.addEventListener("visibilitychange", look);
  look();
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    if (!readOnly) await post("/api/visits", {}, 10000);
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    readOnly = problem.status === 403;
  }
  noted = true;
  for (const listener of listeners) listener();
  timer = setTimeout(look, PERIOD);
}
