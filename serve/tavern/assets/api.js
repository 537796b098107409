// Requests to the Tavern's API. What goes wrong is a Problem with the server's detail and remedy.

export class Problem extends Error {
  constructor({ detail = "", remedy = "", line = null, status = 0 }) {
    super(detail);
    this.detail = detail;
    this.remedy = remedy;
    this.line = line;
    this.status = status;
  }
}

export const unreachable = () => new Problem({ detail: "The Tavern did not answer.", remedy: "realm status says which services are up." });

export function parse(body, status) {
  try {
    return JSON.parse(body);
  } catch {
    throw new Problem({ detail: `The answer (HTTP ${status}) is not JSON.`, remedy: "Reload the page.", status });
  }
}

async function request(url, options, timeout) {
  let response, body;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.timeout(timeout) });
    body = await response.text();
  } catch {
    throw unreachable();
  }
  const value = parse(body, response.status);
  if (!response.ok) throw new Problem({ ...value, status: response.status });
  return value;
}

export const get = (url, timeout = 10000) => request(url, {}, timeout);

export const post = (url, value = {}, timeout = 60000, headers = {}) =>
  request(url, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) }, timeout);

// Uploads one file as a form; `onProgress` hears the share sent. `signal` aborts it.
export function upload(url, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file, file.name);
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.onerror = () => reject(unreachable());
    xhr.onabort = () => reject(new Problem({ detail: "The upload was stopped." }));
    xhr.onload = () => {
      try {
        const value = parse(xhr.responseText, xhr.status);
        if (xhr.status >= 400) reject(new Problem({ ...value, status: xhr.status }));
        else resolve(value);
      } catch (problem) {
        reject(problem);
      }
    };
    signal.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(form);
  });
}
