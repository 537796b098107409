// Questions in OpenAI's form: the list of models, and an answer as it is written, read from the body of the POST.

import { Problem, parse, unreachable } from "./api.js";

const WHOLE = "[DONE]";
const cut = () => new Problem({ detail: "The connection ended before the answer did.", remedy: "" });

// The server's words of a refusal, in OpenAI's form or the realm's own.
async function refusal(response) {
  const body = await response.json().catch(() => null); // what is no JSON has no words for people
  const wait = response.headers.get("retry-after");
  return new Problem({
    detail: body?.error?.message ?? body?.detail ?? `The answer (HTTP ${response.status}) is not JSON.`,
    remedy: [body?.remedy, wait && `Retry-After: ${wait} s.`].filter(Boolean).join(" "),
    status: response.status,
  });
}

export async function modelList() {
  const response = await fetch("/v1/models", { signal: AbortSignal.timeout(10000) }).catch(() => Promise.reject(unreachable()));
  if (!response.ok) throw await refusal(response);
  return parse(await response.text().catch(() => Promise.reject(cut())), response.status).data;
}

// The data of each server-sent event of a body.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => Promise.reject(cut()));
    if (done) return;
    const whole = (rest + value).split(/\r?\n\r?\n/);
    rest = whole.pop();
    for (const event of whole) {
      const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length) yield data.join("\n");
    }
  }
}

// Asks, and gives each chunk to `hear`. Rejects with a Problem. What aborts `signal` ends the generation on the server.
export async function stream(body, signal, hear) {
  const response = await fetch("/v1/chat/completions", {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  }).catch(() => Promise.reject(unreachable()));
  if (!response.ok) throw await refusal(response);
  for await (const data of events(response.body)) {
    if (data === WHOLE) return;
    const chunk = parse(data, response.status);
    if (chunk.error) throw new Problem({ detail: chunk.error.message, status: response.status });
    hear(chunk);
  }
  throw cut();
}
