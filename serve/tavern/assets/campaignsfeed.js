// The readings of the Campaign page: all campaigns, the record of the one shown with its honours, those compared.

import { get } from "./api.js";
import { poll } from "./poll.js";
import { chosenOf, comparedOf, route } from "./campaignsroute.js";

const LIST_EVERY = 2000;
const WHILE_WAITING = 700;
const RECORD_EVERY = 4000;
const COMPARISON_EVERY = 8000;

const url = (id) => `/api/campaigns/${encodeURIComponent(id)}`;

export const campaigns = poll(() => get("/api/campaigns"), (found) => (found?.waits ? WHILE_WAITING : LIST_EVERY));

let rows = null;
const chosen = () => (rows ? chosenOf(rows)?.id ?? null : null);
const compared = () => (rows ? comparedOf(rows).map((row) => row.id) : []);

// The chosen campaign's record with its titles and achievements.
export const record = poll(async () => {
  const id = chosen();
  const [row, honours] = await Promise.all([get(url(id)), get(`/api/honours?campaign=${encodeURIComponent(id)}`)]);
  return { ...row, honours };
}, () => RECORD_EVERY, () => chosen() !== null);

export const comparison = poll(async () => {
  const ids = compared();
  return ids.length ? (await get(`/api/campaigns/compare?ids=${ids.map(encodeURIComponent).join(",")}`)).campaigns : [];
}, () => COMPARISON_EVERY, () => rows !== null);

export const campaignUrl = url;
export const csvUrl = (table) => `/api/campaigns/compare.csv?table=${table}&ids=${compared().map(encodeURIComponent).join(",")}`;

// Reads again what a change of a campaign is seen in.
export const reread = () => Promise.all([campaigns.now(), record.now(), comparison.now()]);

let shown = null;
function follow() {
  const wanted = JSON.stringify([chosen(), compared(), rows?.map((row) => row.life)]);
  if (rows === null || wanted === shown) return;
  shown = wanted;
  record.now();
  comparison.now();
}

campaigns.on((found) => {
  rows = found?.campaigns ?? rows;
  follow();
});
route.on(follow);
