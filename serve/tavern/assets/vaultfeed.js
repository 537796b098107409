// The readings of the Vault page: the list as the address filters it, zones and counts, the retention plan, exports and
// transfers.

import { get } from "./api.js";
import { poll } from "./poll.js";
import { PAGE, route } from "./vaultroute.js";

const LIST_EVERY = 2000;
const ZONES_EVERY = 5000;
const PLAN_EVERY = 15000;
const WORK_EVERY = 5000;
const WHILE_BUSY = 1000;
const NO_CAMPAIGN = 409;
const OPEN = ["pending", "running"];
const FILTERS = ["sort", "order", "zone", "skill", "created_by", "q", "trashed"];

export const checkpointUrl = (id) => `/api/checkpoints/${id.split("/").map(encodeURIComponent).join("/")}`;
const inList = () => route.checkpoint === "";
export const isUnderWay = (work) => OPEN.includes(work.state);

// Checkpoints of the active campaign; none where there is no campaign.
async function checkpoints(query) {
  try {
    return await get(`/api/checkpoints?${query}`);
  } catch (error) {
    if (error.status !== NO_CAMPAIGN) throw error;
    return { checkpoints: [], total: 0 };
  }
}

export const list = poll(() => {
  const query = new URLSearchParams({ limit: PAGE, offset: route.offset });
  for (const name of FILTERS) if (route[name] !== "") query.set(name, route[name]);
  return checkpoints(query);
}, () => LIST_EVERY, inList);

export const zones = poll(async () => {
  const [found, all, trashed] = await Promise.all([get("/api/zones"), checkpoints("limit=1"), checkpoints("limit=1&trashed=true")]);
  return { zones: found.zones, total: all.total, trashed: trashed.total };
}, () => ZONES_EVERY);

export const plan = poll(() => get("/api/retention/plan"), () => PLAN_EVERY, inList);

// Exports and transfers as rows of one kind, newest first.
export const work = poll(async () => {
  const [{ exports: exported }, { transfers }] = await Promise.all([get("/api/exports"), get("/api/transfers?limit=20")]);
  const rows = [...exported.map((row) => ({ ...row, kind: "export", of: row.checkpoint_id })), ...transfers.map((row) => ({ ...row, kind: "transfer", of: row.asset_id }))];
  return rows.sort((a, b) => b.created_at.localeCompare(a.created_at));
}, (rows) => (rows?.some(isUnderWay) ? WHILE_BUSY : WORK_EVERY));

// Reads again what a change of checkpoints is seen in.
export const reread = () => Promise.all([list.now(), zones.now(), plan.now()]);
