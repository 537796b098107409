// The readings of the Oracle page: its state, the models it answers as, and the skills a problem can be drawn from.

import { get } from "./api.js";
import { modelList } from "./oracleapi.js";
import { poll } from "./poll.js";

const STATUS_EVERY = 2000;
const MODELS_EVERY = 10000;
const SKILLS_EVERY = 60000;

export const status = poll(() => get("/api/oracle"), () => STATUS_EVERY);
export const models = poll(modelList, () => MODELS_EVERY);
export const skills = poll(() => get("/api/guild").then((guild) => guild.skills.filter((skill) => skill.available)), () => SKILLS_EVERY);

// The last part of a checkpoint's id, which is its name in its campaign.
export const shortName = (id) => id.split("/").at(-1);
export const shortSha = (sha) => sha.slice(0, 12);
