"""An OpenAPI document as one page for people: HTML and CSS alone, no script, nothing from elsewhere.

It knows no route; the document says all of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Document = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
MAX_DEPTH = 8
STYLE = """
:root { color-scheme: dark; --bg: #17100b; --panel: #221710; --line: #6b4d2a; --text: #f6ead6; --muted: #d9c3a0;
  --gold: #e7c07a; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem; background: var(--bg); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { color: var(--gold); line-height: 1.2; }
h2 { margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
a { color: var(--gold); }
nav a { margin-right: 1rem; }
details { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; }
summary { cursor: pointer; padding: .5rem .75rem; overflow-wrap: anywhere; }
details > div { padding: 0 .75rem .75rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--bg); padding: .75rem; border-radius: 4px; }
pre, .wide { overflow-x: auto; }
.method { display: inline-block; min-width: 4.5em; color: var(--gold); font-weight: 600; }
.muted { color: var(--muted); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
"""


def docs_headers() -> dict[str, str]:
    """Headers of the page: nothing but its own style is let in."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    return {"Content-Security-Policy": policy}


def docs_page(document: Document, base_url: str) -> str:
    """The page of a document; `base_url` is where its examples ask."""
    info = document["info"]
    tags = [tag["name"] for tag in document.get("tags", ())]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    links = " ".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags)
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in info.get("description", "").split("\n\n"))
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>',
        f"<main><h1>{title}</h1>{paragraphs}",
        f'<nav aria-label="Parts">{links} <a href="/openapi.json">openapi.json</a></nav>',
    ]
    for tag in document.get("tags", ()):
        parts.append(f'<h2 id="{escape(tag["name"])}">{escape(tag["name"])}</h2>')
        parts.append(f'<p class="muted">{escape(tag.get("description", ""))}</p>')
        parts += [
            _operation(document, path, method, operation, base_url)
            for path, method, operation in _operations(document)
            if tag["name"] in operation.get("tags", ())
        ]
    return "".join([*parts, "</main></body></html>"])


def example_of(document: Document, schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value as a schema has it: its example where it names one, else put together from those of its parts."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example_of(document, document["components"]["schemas"][name], depth)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(document, schema[key][0], depth)
    kind = schema.get("type")
    if depth > MAX_DEPTH:
        return None
    if kind == "object":
        parts = {name: each for name, each in schema.get("properties", {}).items() if not _left_out(each)}
        return {name: example_of(document, each, depth + 1) for name, each in parts.items()}
    if kind == "array":
        return [example_of(document, schema["items"], depth + 1)] if "items" in schema else []
    return {"string": "", "integer": 0, "number": 0, "boolean": False}.get(kind or "")


def _left_out(schema: Mapping[str, Any]) -> bool:
    """Whether a part may be null and has no example: it is shown by being left out."""
    return not schema.get("examples") and {"type": "null"} in schema.get("anyOf", ())


def _operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operation(document: Document, path: str, method: str, operation: Mapping[str, Any], base_url: str) -> str:
    parameters = operation.get("parameters", ())
    body = _json_schema(operation.get("requestBody", {}))
    asked = None if body is None else example_of(document, body)
    parts = [
        f'<details id="{escape(operation["operationId"])}"><summary><span class="method">{method.upper()}</span>'
        f'<code>{escape(path)}</code> <span class="muted">{escape(operation.get("summary", ""))}</span></summary><div>',
        f"<p>{escape(operation['description'])}</p>" if operation.get("description") else "",
        _parameters(parameters),
        f'<pre tabindex="0">{escape(_curl(method, path, parameters, asked, base_url))}</pre>',
    ]
    for status, answer in sorted(operation.get("responses", {}).items()):
        parts.append(f"<p><b>{escape(status)}</b> {escape(answer.get('description', ''))}</p>")
        schema = _json_schema(answer)
        if schema is not None:
            example = json.dumps(example_of(document, schema), indent=1, ensure_ascii=False)
            parts.append(f'<pre tabindex="0">{escape(example)}</pre>')
    return "".join([*parts, "</div></details>"])


def _json_schema(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return holder.get("content", {}).get("application/json", {}).get("schema")


def _parameters(parameters: Any) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{'yes' if each.get('required') else 'no'}</td><td>{escape(_about(each))}</td></tr>"
        for each in parameters
    )
    heads = "".join(f"<th>{word}</th>" for word in ("Parameter", "In", "Needed", "Meaning"))
    return f'<div class="wide" tabindex="0"><table><tr>{heads}</tr>{rows}</table></div>'


def _about(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    words = [parameter.get("description", "")]
    choices = schema.get("enum") or next((each["enum"] for each in schema.get("anyOf", ()) if "enum" in each), None)
    if choices:
        words.append(f"One of {', '.join(map(str, choices))}.")
    if "default" in schema:
        words.append(f"Default {schema['default']}.")
    return " ".join(word for word in words if word)


def _curl(method: str, path: str, parameters: Any, asked: Any, base_url: str) -> str:
    for each in parameters:
        if each["in"] == "path":
            example = (each.get("examples") or each["schema"].get("examples") or ["…"])[0]
            path = path.replace("{" + each["name"] + "}", str(example))
    verb = "" if method == "get" else f" -X {method.upper()}"
    data = "" if asked is None else f" -d '{json.dumps(asked, ensure_ascii=False)}'"
    return f"curl{verb} {base_url}{path}{data}"
