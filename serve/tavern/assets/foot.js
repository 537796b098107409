// The footer: version, home, and how old the shown state is.

import { part, setText } from "./dom.js";
import { text, timeSeconds } from "./format.js";
import { onState } from "./live.js";

export function mount(element) {
  onState((state, link) => {
    if (!state) return;
    setText(part(element, "version"), text(state.version));
    setText(part(element, "home"), text(state.home));
    const lost = link.status === "lost" ? ", no answer since" : "";
    setText(part(element, "age"), `state of ${timeSeconds(state.at)}${lost}`);
  });
}
