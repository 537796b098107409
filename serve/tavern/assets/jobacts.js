// What can be done with a job: cancelled while it is open, queued again once it failed or was cancelled.

import { act } from "./acting.js";
import { post } from "./api.js";
import { say } from "./dom.js";
import { isOpen, jobUrl, reread } from "./jobsfeed.js";

const RETRIED = ["failed", "cancelled"];

export const canCancel = isOpen;
export const canRetry = (job) => RETRIED.includes(job.status);

// Where the control goes away with its job, the focus moves to the element `then`.
async function change(control, problem, id, action, said, then) {
  const done = await act(control, problem, () => post(`${jobUrl(id)}/${action}`));
  if (done) say(said);
  const held = document.activeElement === control;
  await reread();
  if (done && held && (!control.isConnected || control.hidden)) document.getElementById(then)?.focus({ preventScroll: true });
  return done;
}

export const cancelJob = (control, problem, id, then) => change(control, problem, id, "cancel", `Job ${id} is cancelled.`, then);
export const retryJob = (control, problem, id, then) => change(control, problem, id, "retry", `Job ${id} is queued again.`, then);
