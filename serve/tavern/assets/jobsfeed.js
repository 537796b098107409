// The readings of the Jobs page: the queue with its workers and what runs, the list as the address filters it, the types.

import { get } from "./api.js";
import { poll } from "./poll.js";
import { PAGE, route } from "./jobsroute.js";

const BOARD_EVERY = 1500;
const LIST_EVERY = 2000;
const TYPES_EVERY = 60000;
const MOST_RUNNING = 100;

export const OPEN = ["pending", "claimed", "running"];
const inList = () => route.job === "";
export const isOpen = (job) => OPEN.includes(job.status);
export const jobUrl = (id) => `/api/jobs/${encodeURIComponent(id)}`;

const statuses = (words) => words.map((status) => `status=${status}`).join("&");

export const board = poll(async () => {
  const [stats, { workers }, { jobs }] = await Promise.all([get("/api/jobs/stats"), get("/api/jobs/workers"), get(`/api/jobs?${statuses(["running", "claimed"])}&limit=${MOST_RUNNING}`)]);
  return { stats, workers, running: jobs };
}, () => BOARD_EVERY, inList);

export const list = poll(() => {
  const wanted = route.status === "open" ? OPEN : route.status ? [route.status] : [];
  const query = [statuses(wanted), route.type && `type=${encodeURIComponent(route.type)}`, `limit=${PAGE}`, `offset=${route.offset}`];
  return get(`/api/jobs?${query.filter(Boolean).join("&")}`);
}, () => LIST_EVERY, inList);

export const types = poll(() => get("/api/jobs/types").then((found) => found.types), () => TYPES_EVERY);

export const reread = () => Promise.all([board.now(), list.now()]);
