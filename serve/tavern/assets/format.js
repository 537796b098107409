// Numbers and times as people read them. A value that is not known is an en dash.

const NONE = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockSeconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

const known = (format) => (value) => (value === null || value === undefined || Number.isNaN(value) ? NONE : format(value));

export const integer = known((value) => whole.format(value));
export const loss = known((value) => (value !== 0 && Math.abs(value) < 0.0995 ? value.toPrecision(2) : value.toFixed(3)));
export const decimal = known((value) => (Math.abs(value) >= 1000 ? whole.format(value) : value.toFixed(2)));
export const percent = known((share) => `${(100 * share).toFixed(1)} %`);
export const wholePercent = known((share) => `${Math.round(100 * share)} %`);
export const rate = known((value) => (value >= 100 ? whole.format(value) : value.toPrecision(3)));
export const scientific = known((value) => value.toExponential(1));
export const time = known((iso) => clock.format(new Date(iso)));
export const timeSeconds = known((when) => clockSeconds.format(new Date(when)));
export const date = known((iso) => dayYear.format(new Date(iso)));
export const text = known(String);

// Today the time, before today the day as well.
export const moment = known((iso) => {
  const when = new Date(iso);
  return when.toDateString() === new Date().toDateString() ? clock.format(when) : `${day.format(when)}, ${clock.format(when)}`;
});

export const duration = known((seconds) => {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, "0")} s`;
  if (total < 86400) return `${Math.floor(total / 3600)} h ${String(Math.floor(total / 60) % 60).padStart(2, "0")} min`;
  return `${Math.floor(total / 86400)} d ${Math.floor(total / 3600) % 24} h`;
});

// What is over and may have been short.
export const took = known((seconds) => (seconds < 9.95 ? `${seconds.toFixed(1)} s` : duration(seconds)));

// A limit, which is a round number of some unit more often than not.
export const span = known((seconds) => (seconds >= 3600 && seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds >= 60 && seconds < 3600 && seconds % 60 === 0 ? `${seconds / 60} min` : duration(seconds)));

const scaled = (value, base, units) => {
  let at = 0;
  while (value >= base && at < units.length - 1) {
    value /= base;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`.trim();
};

export const bytes = known((value) => scaled(value, 1000, ["B", "kB", "MB", "GB", "TB"]));
export const parameters = known((value) => scaled(value, 1000, ["", "k", "M", "G"]));
// One way to write all steps of an axis: in thousands where they are round and large.
export const stepLabels = (ticks) => (ticks.at(-1) >= 10000 && ticks.every((tick) => tick % 1000 === 0) ? (tick) => `${whole.format(tick / 1000)} k` : integer);
export const plural = (count, one, many = `${one}s`) => `${integer(count)} ${count === 1 ? one : many}`;
export const seconds = (from, to) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null);

// Words that stand alone: a capital, and a full stop where nothing ends them.
export const sentence = (words) => (words ? words[0].toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? "" : ".") : "");
