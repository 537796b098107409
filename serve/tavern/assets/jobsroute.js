// What /jobs shows: the queue with its list as it is filtered, or one job (?job=).

import { pageRoute } from "./pageroute.js";

export const PAGE = 25;
export const route = pageRoute("/jobs", "job", { job: "", status: "", type: "", offset: "0" });
