// The form for a new job: its fields follow from the schema that the registry gives for the type.

import { act } from "./acting.js";
import { get, post } from "./api.js";
import { h, part, setAttr, setText } from "./dom.js";
import { integer, span } from "./format.js";
import { reread, types } from "./jobsfeed.js";
import { route } from "./jobsroute.js";
import { onState } from "./live.js";
import { schemaFields } from "./schemafields.js";

const FULL = { warn: "accepted with a warning when full", reject: "refused when full", allow: "accepted when full" };
const NAMED = /[Ff]ield '([^']+)'/;
const NEWEST = 20;
const LISTS = { skill_id: "known-skills", checkpoint_id: "known-checkpoints", base_id: "known-checkpoints", source: "known-checkpoints" };

export function mount(element) {
  const form = part(element, "form");
  const picker = part(element, "type");
  const skills = h("datalist", { id: "known-skills" });
  const checkpoints = h("datalist", { id: "known-checkpoints" });
  let all = [];
  let fields = [];
  form.append(skills, checkpoints);

  const build = () => {
    const spec = all.find((each) => each.type === picker.value);
    if (!spec) return;
    const role = spec.role === "any" ? "any worker takes it" : `workers of role ${spec.role} take it`;
    setText(part(element, "about"), `${spec.about}; ${role}. At most ${span(spec.timeout_s)}; ${integer(spec.max_running)} at once, ${integer(spec.max_pending)} waiting, ${FULL[spec.when_full] ?? spec.when_full}.`);
    fields = schemaFields(spec.schema, LISTS);
    const required = fields.filter((field) => field.required);
    const optional = fields.filter((field) => !field.required);
    part(element, "fields").replaceChildren(...required.map((field) => field.element), ...(optional.length ? [folded(optional, required.length === 0)] : []));
    setAttr(part(element, "no-fields"), "hidden", fields.length > 0);
    setAttr(part(element, "problem"), "hidden", true);
    setAttr(part(element, "timeout"), "placeholder", `${integer(spec.timeout_s)} unless given`);
  };
  picker.addEventListener("change", build);
  types.on((found, problem) => {
    if (found === null && problem?.status) setText(part(element, "about"), `${problem.detail} ${problem.remedy}`);
    if (!found || all.length) return;
    all = found;
    picker.append(...all.map(({ type }) => h("option", { value: type }, type)));
    build();
  });
  onState((state) => {
    const names = Object.values(state?.skills ?? {});
    if (skills.childElementCount !== names.length) skills.replaceChildren(...names.map(({ id, name }) => h("option", { value: id }, name)));
  });
  form.addEventListener("focusin", async (event) => {
    if (event.target.getAttribute("list") !== checkpoints.id || checkpoints.childElementCount) return;
    const found = await get(`/api/checkpoints?limit=${NEWEST}`).catch(() => null); // without it the field is typed
    checkpoints.replaceChildren(...(found?.checkpoints ?? []).map((row) => h("option", { value: row.id }, `step ${integer(row.step)}`)));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(element, picker.value, fields);
  });
}

const folded = (fields, open) => h("details", { class: "more", open }, h("summary", {}, fields.length === 1 ? "One optional field" : `${fields.length} optional fields`), h("div", { class: "form-fields" }, ...fields.map((field) => field.element)));

// One key for one wish: pressed again after no answer came, the same content is not queued twice.
const attempt = { content: "", key: "" };

function keyFor(content) {
  if (attempt.content !== content) {
    attempt.content = content;
    attempt.key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return attempt.key;
}

async function submit(element, type, fields) {
  const problem = part(element, "problem");
  const body = { job_type: type, payload: Object.fromEntries(fields.map((field) => [field.name, field.value()]).filter(([, value]) => value !== undefined)), priority: part(element, "priority").value };
  const tags = part(element, "tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
  const timeout = part(element, "timeout").value.trim();
  if (tags.length) body.tags = tags;
  if (timeout) body.timeout = Number.isFinite(Number(timeout)) ? Number(timeout) : timeout;
  fields.forEach((field) => field.say(null));
  part(element, "submitted").replaceChildren();
  await act(part(element, "submit"), problem, async () => {
    let answer;
    try {
      answer = await post("/api/jobs", body, 60000, { "Idempotency-Key": keyFor(JSON.stringify(body)) });
    } catch (error) {
      if (error.status) attempt.content = ""; // it was answered: the next is a wish of its own
      const field = fields.find((each) => each.name === NAMED.exec(error.detail ?? "")?.[1]);
      if (!field) throw error;
      field.say(`${error.detail} ${error.remedy}`);
      if (field.element.closest("details")) field.element.closest("details").open = true;
      field.control.focus();
      return;
    }
    attempt.content = "";
    const place = answer.queue_position ? `, place ${integer(answer.queue_position)} in the queue` : "";
    part(element, "submitted").replaceChildren(h("p", {}, h("a", { href: route.href({ job: answer.job_id }) }, `${type} ${answer.job_id}`), ` is ${answer.status}${place}.`), ...answer.warnings.map((warning) => h("p", { class: "warned" }, warning)));
    await reread();
  });
}
