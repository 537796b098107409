// What /vault shows: the list of checkpoints as it is sorted and filtered, or one checkpoint (?checkpoint=).

import { pageRoute } from "./pageroute.js";

export const PAGE = 20;
export const route = pageRoute("/vault", "checkpoint", {
  checkpoint: "", sort: "saved_at", order: "desc", zone: "", skill: "", created_by: "", q: "", trashed: "", offset: "0", compare: "",
});
