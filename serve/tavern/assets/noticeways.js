// What a person switched on for notices in this browser: sounds, and the browser's own notifications. Both are off until
// then. Sounds are made here, by WebAudio; a browser lets them begin after a gesture on the page only.

const KEYS = { sound: "realm-notice-sound", browser: "realm-notice-browser" };
// Tones of each kind: [Hz, begin in s, length in s].
const TUNES = {
  level_up: [[523, 0, 0.14], [659, 0.12, 0.14], [784, 0.24, 0.3]],
  champion: [[392, 0, 0.16], [523, 0.14, 0.16], [659, 0.28, 0.16], [784, 0.42, 0.4]],
  title: [[659, 0, 0.14], [880, 0.14, 0.32]],
  achievement: [[659, 0, 0.14], [880, 0.14, 0.32]],
  verdict: [[440, 0, 0.22], [440, 0.28, 0.34]],
  blocker: [[220, 0, 0.26], [175, 0.26, 0.42]],
  battle_failed: [[220, 0, 0.26], [175, 0.26, 0.42]],
};
const LOUD = 0.12;

let context = null;
let armed = false;

const kept = (name) => {
  try {
    return localStorage.getItem(KEYS[name]) === "on";
  } catch {
    return false; // a browser that keeps nothing
  }
};

export const isOn = (name) => kept(name) && (name !== "browser" || (canNotify() && Notification.permission === "granted"));
export const canNotify = () => "Notification" in window && window.isSecureContext;

function keep(name, on) {
  try {
    if (on) localStorage.setItem(KEYS[name], "on");
    else localStorage.removeItem(KEYS[name]);
  } catch (problem) {
    console.warn("The switch is not kept:", problem.message);
  }
}

// Switches one on or off, on a person's gesture; "" or why it stays off.
export async function set(name, on) {
  if (name === "browser" && on) {
    if (!canNotify()) return "This page has no browser notifications: they need https or this machine’s own address.";
    if ((await Notification.requestPermission()) !== "granted") return "The browser does not allow notifications for this page.";
  }
  keep(name, on);
  if (name === "sound" && on) {
    wake();
    play("level_up");
  }
  return "";
}

// After a reload the first gesture wakes the sound again.
export function arm() {
  if (armed) return;
  armed = true;
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => kept("sound") && wake(), { once: true });
}

function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}

export function play(kind) {
  if (!kept("sound") || context === null) return;
  const now = context.currentTime + 0.02;
  for (const [frequency, begin, length] of TUNES[kind] ?? TUNES.title) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0, now + begin);
    gain.gain.linearRampToValueAtTime(LOUD, now + begin + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, now + begin + length);
    tone.connect(gain).connect(context.destination);
    tone.start(now + begin);
    tone.stop(now + begin + length + 0.05);
  }
}

// Shows the browser's own notification while the page is not seen; tabs of one browser show one together.
export function notify(title, body, tag) {
  if (!document.hidden || !isOn("browser")) return;
  try {
    const shown = new Notification(title, { body, tag: `realm-${tag}`, icon: document.querySelector("link[rel=icon]")?.href });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
    });
  } catch (problem) {
    console.warn("The browser shows no notification:", problem.message); // phones take them from service workers only
  }
}
