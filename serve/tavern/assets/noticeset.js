// The switches of sounds and of the browser's notifications, under the events.

import { part, setAttr, setText } from "./dom.js";
import { isOn, set } from "./noticeways.js";

export function mountNoticeSet(panel) {
  const words = part(panel, "notice-words");
  for (const name of ["sound", "browser"]) {
    const field = part(panel, `notice-${name}`);
    field.checked = isOn(name);
    field.addEventListener("change", async () => {
      const why = await set(name, field.checked);
      field.checked = isOn(name);
      setText(words, why);
      setAttr(words, "hidden", why === "");
    });
  }
}
