// Posting: each chosen file is uploaded and inspected by the server; the usable ones are queued on request.

import { get, post, Problem, upload } from "./api.js";
import { h, icon, part, setAttr, setText, setVar } from "./dom.js";
import { bytes, integer, plural, text } from "./format.js";
import { onState, refresh } from "./live.js";

const UPLOADS_AT_ONCE = 2;
const PREVIEW_CHARACTERS = 600;
const DAY = 24 * 3600 * 1000; // every line of a file is read before it is queued
const ASK_INTERVAL = 1000;
const CONFLICT = 409; // it was stopped, and can be posted again

export function mount(element) {
  const files = []; // {file, row, state: waiting|uploading|usable|bad|posting|posted, token, abort}
  const list = part(element, "files");
  const drop = part(element, "drop");
  const input = part(element, "input");
  let limit = null;

  const count = (state) => files.filter((entry) => entry.state === state).length;
  const show = () => {
    setAttr(part(element, "staging"), "hidden", files.length === 0);
    const usable = count("usable");
    const words = [[count("waiting") + count("uploading"), "being checked"], [usable, "usable"], [count("posting"), "being queued"], [count("bad"), "not usable"], [count("posted"), "queued"]];
    setText(part(element, "count"), words.filter(([number]) => number).map(([number, what]) => `${number} ${what}`).join(", "));
    setAttr(part(element, "post-all"), "disabled", usable === 0 || count("posting") > 0);
    setText(part(element, "post-words"), usable ? `Post ${plural(usable, "file")}` : "Post");
  };
  const remove = (entry) => {
    if (entry.state === "posting") {
      stopReading(entry);
      return;
    }
    entry.abort.abort();
    files.splice(files.indexOf(entry), 1);
    entry.row.remove();
    next();
    (list.querySelector("button") ?? input).focus();
  };
  const next = () => {
    show();
    const waiting = files.find((entry) => entry.state === "waiting");
    if (waiting && count("uploading") < UPLOADS_AT_ONCE) inspect(waiting, limit).then(next);
    if (waiting && count("uploading") < UPLOADS_AT_ONCE) next();
  };
  const add = (chosen) => {
    for (const file of chosen) {
      const entry = { file, state: "waiting", token: null, abort: new AbortController() };
      entry.row = fileRow(entry, () => remove(entry));
      files.push(entry);
      list.append(entry.row);
    }
    next();
  };
  const postAll = async () => {
    const priority = element.querySelector("[name=post-priority]:checked").value;
    for (const entry of files.filter(({ state }) => state === "usable")) {
      if (!files.includes(entry)) continue; // removed while those before it were read
      const posting = postOne(entry, priority);
      show();
      await posting;
      show();
    }
    refresh();
  };

  const take = () => {
    add(input.files);
    input.value = "";
  };
  input.addEventListener("change", take);
  take(); // what was chosen before this module had loaded
  part(element, "post-all").addEventListener("click", postAll);
  acceptDrops(drop, add);
  describe(element, (bytesAllowed) => (limit = bytesAllowed));
}

// Files dropped anywhere on the page are taken; without this the browser would open them.
function acceptDrops(drop, add) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
}

// The size limit, the inbox folder, and the accepted shapes unfolded where there is room or nothing else to read.
function describe(element, setLimit) {
  const shapes = part(element, "shapes");
  shapes.open = matchMedia("(min-width: 1001px)").matches;
  get("/api/quests?limit=1").then(({ upload_limit_bytes: limit }) => {
    setLimit(limit);
    setText(part(element, "limit"), `up to ${bytes(limit)} each`);
  }, () => {});
  let first = true;
  onState((state) => {
    if (!state) return;
    if (state.home) setText(part(element, "inbox"), `${state.home}/inbox/`);
    if (first && Object.values(state.quests ?? {}).every((number) => number === 0)) shapes.open = true;
    first = false;
  });
}

function fileRow(entry, remove) {
  const row = h("li", { class: "file" },
    h("span", { class: "e" }, icon("file")),
    h("div", { class: "file-name" }, h("b", {}, entry.file.name), h("span", { class: "sub", "data-facts": true }, `${bytes(entry.file.size)}, waiting`)),
    h("button", { class: "btn ghost icon", type: "button", "aria-label": `Remove ${entry.file.name} from this list` }, icon("x")),
    h("span", { class: "bar", role: "progressbar", "aria-label": `Upload of ${entry.file.name}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0, "data-progress": true }, h("i")),
    h("div", { class: "file-more", "data-report": true }));
  row.querySelector("button").addEventListener("click", remove);
  return row;
}

async function inspect(entry, limit) {
  const { file, row } = entry;
  const bar = part(row, "progress");
  entry.state = "uploading";
  setText(part(row, "facts"), `${bytes(file.size)}, uploading`);
  try {
    if (limit !== null && file.size > limit) throw new Problem({ detail: `${bytes(file.size)} is over the limit of ${bytes(limit)}.`, remedy: "Split the file, or put it into the inbox folder." });
    const report = await upload("/api/quests/inspect", file, (share) => {
      setVar(bar, "--v", `${100 * share}%`);
      setAttr(bar, "aria-valuenow", Math.round(100 * share));
      if (share === 1) setText(part(row, "facts"), `${bytes(file.size)}, being checked`);
    }, entry.abort.signal);
    entry.state = "usable";
    entry.token = report.upload;
    usable(row, report);
  } catch (problem) {
    fail(entry, problem);
  }
  bar.hidden = true;
}

function usable(row, report) {
  const packed = [null, undefined, "none"].includes(report.compression) ? "" : `, ${report.compression}`;
  const rows = report.preview ?? [];
  const checked = report.examples_checked ?? rows.length;
  setText(part(row, "facts"), `${bytes(report.size_bytes)} · ${report.format}${packed} · shape ${report.shape} · ${plural(checked, "example")} read`);
  row.classList.add("ok");
  const preview = h("details", {}, h("summary", {}, `First ${rows.length === 1 ? "row" : `${rows.length} rows`}`), h("ol", { tabindex: 0, "aria-label": `First rows of ${report.name}` }, ...rows.map(example)));
  part(row, "report").replaceChildren(...(rows.length ? [preview] : []));
}

const cut = (words) => (words.length > PREVIEW_CHARACTERS ? `${words.slice(0, PREVIEW_CHARACTERS)}… (${integer(words.length)} characters)` : words);

function example(row) {
  if (!row.messages) return h("li", {}, h("p", {}, cut(text(row.text))));
  return h("li", {}, ...row.messages.map(({ role, content }) => h("p", { class: role === "assistant" ? "trained" : "" }, h("span", { class: "role" }, text(role)), cut(text(content)))));
}

function fail(entry, problem) {
  entry.state = "bad";
  const { row, file } = entry;
  row.classList.remove("ok");
  row.classList.add("bad");
  setText(part(row, "facts"), `${bytes(file.size)}, not usable`);
  const line = problem.line ? `line ${integer(problem.line)}: ` : "";
  part(row, "report").replaceChildren(h("div", { class: "problem", role: "alert" }, icon("warn"), h("div", {}, h("b", {}, `${line}${problem.detail}`), problem.remedy ?? "")));
}

async function postOne(entry, priority) {
  const { row } = entry;
  entry.state = "posting";
  setText(part(row, "facts"), "being queued");
  const remove = row.querySelector("button");
  const label = remove.getAttribute("aria-label");
  setAttr(remove, "aria-label", `Stop reading ${entry.file.name}`);
  const asking = setInterval(() => showIntake(entry), ASK_INTERVAL);
  try {
    const { quest, duplicate } = await post("/api/quests", { upload: entry.token, priority }, DAY);
    entry.state = "posted";
    row.classList.add("posted");
    setText(part(row, "facts"), duplicate ? `the same bytes were posted before, as ${quest.name} (${quest.status}); nothing was queued` : `queued with ${priority} priority`);
    part(row, "report").replaceChildren();
  } catch (problem) {
    if (problem.status === CONFLICT) {
      entry.state = "usable";
      setText(part(row, "facts"), `${problem.detail} ${problem.remedy}`);
    } else fail(entry, problem);
  }
  clearInterval(asking);
  setAttr(remove, "aria-label", label);
  setAttr(remove, "disabled", false);
  part(row, "progress").hidden = true;
}

// The answer comes to the request that posted it; here only that it could not be asked for.
async function stopReading(entry) {
  const button = entry.row.querySelector("button");
  setAttr(button, "disabled", true);
  try {
    await post(`/api/quests/intakes/${entry.token}/cancel`);
  } catch (problem) {
    setText(part(entry.row, "facts"), `${problem.detail} ${problem.remedy}`);
    setAttr(button, "disabled", false);
  }
}

// How far the reading of a posted file is. No answer: it waits for its turn, or it is done.
async function showIntake(entry) {
  const { file, row, token } = entry;
  const at = await get(`/api/quests/intakes/${token}`).catch(() => null);
  if (!at?.bytes_total || entry.state !== "posting") return;
  const bar = part(row, "progress");
  const share = at.bytes_done / at.bytes_total;
  bar.hidden = false;
  setVar(bar, "--v", `${100 * share}%`);
  setAttr(bar, "aria-label", `Reading of ${file.name}`);
  setAttr(bar, "aria-valuenow", Math.round(100 * share));
  setText(part(row, "facts"), `being read: ${bytes(at.bytes_done)} of ${bytes(at.bytes_total)}`);
}
