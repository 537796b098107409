// The status strip: brand, pages, counts, the state pill, and the one live region of the page.

import { part, say, setAttr, setText } from "./dom.js";
import { integer, timeSeconds } from "./format.js";
import { battleLabel, moodOf, onState } from "./live.js";
import { mountToasts } from "./toasts.js";
import { keepLooking } from "./visits.js";

const PILLS = { running: "run", starting: "gold", failed: "bad", lost: "bad" };
const TITLE = "Realm of Training";

export function mount(element) {
  const strip = element.querySelector(".realm-strip");
  // Gradio renders every panel inside <main>; a banner with the navigation belongs before it.
  document.querySelector(".gradio-container").prepend(strip);
  document.body.classList.add("dark");
  const content = document.querySelector("main");
  content.id = "content";
  content.tabIndex = -1;
  // Gradio's <base> would send a bare fragment to the front page.
  strip.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    content.focus();
  });
  for (const anchor of strip.querySelectorAll(".nav a[href]")) {
    if (anchor.pathname === location.pathname) anchor.setAttribute("aria-current", "page");
  }

  mountToasts(strip);
  keepLooking();

  let said = null;
  onState((state, link) => {
    const pill = describe(state, link);
    setText(part(strip, "pill-text"), pill);
    part(strip, "pill").className = `pill ${link.status === "connecting" ? "" : PILLS[moodOf(state, link)] ?? ""}`;
    if (said !== null && said !== pill) say(pill);
    said = pill;
    if (!state) return;
    setText(part(strip, "step"), integer(state.campaign?.step));
    setText(part(strip, "queued"), integer(state.quests?.queued));
    setText(part(strip, "completed"), integer(state.quests?.completed));
    document.title = `${pill} · ${page()}${TITLE}`;
    const url = state.services?.dashboard?.url ?? null;
    const entry = part(strip, "dashboard");
    setAttr(entry, "hidden", url === null);
    if (url) setAttr(entry.firstElementChild, "href", url);
  });
}

function describe(state, link) {
  if (link.status === "lost") return `Disconnected since ${timeSeconds(link.since)}`;
  if (link.status === "connecting" || !state?.battle) return "Connecting";
  if (state.campaign?.momentum === "blocked" && state.battle.state === "idle") return "Blocked";
  return battleLabel(state.battle);
}

// The page's own title where it has one, else its name in the navigation; the front page goes without.
function page() {
  const named = document.documentElement.dataset.title ?? document.querySelector(".nav a[aria-current]:not([href='/'])")?.textContent;
  return named ? `${named} · ` : "";
}
