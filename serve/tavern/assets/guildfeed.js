// The one reading of /api/guild for every panel of the page: when the state tells of a change, every 5 s, and each
// second while a job begun here is open; never in a hidden tab. It follows those jobs to their end.

import { get, post } from "./api.js";
import { onState } from "./live.js";

const AT_LEAST_EVERY = 5000;
const AT_MOST_EVERY = 2000;
const WHILE_BUSY = 900;
const ENDED = ["completed", "failed", "cancelled"];

const listeners = new Set();
const jobs = new Map(); // by what they are about, as "eval/bin": the newest job begun here
let guild = null;
let problem = null;
let mark = null;
let readMark = null;
let readAt = 0;
let reading = null;

// `listener(guild, problem)` runs on every reading; guild is null before the first, problem is what the last one met.
export function onGuild(listener) {
  listeners.add(listener);
  tell(listener);
}

// Reads again after something was changed from here, also where a reading is under way.
export async function reread() {
  await reading;
  await read();
}

// A skill that is enabled, but cannot run on this machine, is not.
export const isTrained = (skill) => skill.enabled && skill.available;

export const jobOf = (key) => jobs.get(key) ?? null;
export const isOpen = (job) => job !== null && !ENDED.includes(job.status);

// Begins a job; from then on jobOf(key) tells how far it is. `about` is kept beside it.
export async function begin(key, url, body, about = {}) {
  jobs.set(key, { ...about, ...(await post(url, body)) });
  await reread();
}

export async function cancel(key) {
  const job = jobs.get(key);
  jobs.set(key, { ...job, ...(await post(`/api/guild/jobs/${encodeURIComponent(job.job_id)}/cancel`)) });
  await reread();
}

function read() {
  readMark = mark;
  reading ??= fetchAll().finally(() => (reading = null));
  return reading;
}

async function fetchAll() {
  try {
    guild = await get("/api/guild");
    problem = null;
    await follow();
  } catch (error) {
    if (error.status === undefined) throw error;
    if (error.status) problem = error; // of a lost link the strip tells
  }
  readAt = Date.now();
  listeners.forEach(tell);
}

// An open job that the guild no longer lists has ended: ask how.
async function follow() {
  for (const [key, job] of jobs) {
    if (!isOpen(job)) continue;
    const open = guild.open_jobs.find(({ job_id: id }) => id === job.job_id);
    jobs.set(key, { ...job, ...(open ?? (await ended(job))) });
  }
}

async function ended(job) {
  try {
    return await get(`/api/guild/jobs/${encodeURIComponent(job.job_id)}`);
  } catch (error) {
    if (error.status === undefined) throw error;
    return error.status === 404 ? { status: "failed", error: error.detail } : {}; // no longer known; else it is asked again
  }
}

function tell(listener) {
  try {
    listener(guild, problem);
  } catch (error) {
    console.error(error);
  }
}

onState((state) => {
  if (!state) return;
  mark = JSON.stringify([state.campaign?.id, Object.values(state.skills ?? {}).map((skill) => [skill.id, skill.mastered_level, skill.xp, skill.evaluations?.at(-1)?.at])]);
  const age = Date.now() - readAt;
  const due = [...jobs.values()].some(isOpen) ? WHILE_BUSY : mark !== readMark ? AT_MOST_EVERY : AT_LEAST_EVERY;
  if (age >= due && !reading && !document.hidden) read();
});
