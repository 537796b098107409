"""`realm oracle`: ask a checkpoint in the terminal; what the Oracle holds in memory."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from realm.cli.output import Json, facts, print_json, print_text, say, size, stderr, stdout, table, when
from realm.errors import RealmError

app = typer.Typer(help="The Oracle: ask any checkpoint.", no_args_is_help=True)

CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
Model = Annotated[str, typer.Argument(help="Id or name of a checkpoint, champion or latest.")]


@app.command(epilog='Example: realm oracle chat --checkpoint champion "①+②="')
def chat(
    question: Annotated[
        str | None, typer.Argument(help="Asked once; without it, line by line from the terminal.")
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Id or name of a checkpoint, champion or latest.")] = "champion",
    temperature: Annotated[float, typer.Option(min=0.0, help="0 = the likeliest token each time.")] = 0.0,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same answer.")] = None,
    turns: Annotated[bool, typer.Option("--turns", help="Keep what was said before; else each line is alone.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a checkpoint; the answer appears while it is written. Ctrl-C ends an answer, Ctrl-D the conversation."""
    client = _client()
    asked: dict[str, Any] = {"model": checkpoint, "temperature": temperature}
    asked |= {name: value for name, value in (("max_tokens", max_tokens), ("seed", seed)) if value is not None}
    if question is not None:
        answer = _answer(client, asked, [{"role": "user", "content": question}], quiet=as_json)
        if as_json:
            print_json(answer)
        return
    said: list[dict[str, str]] = []
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not line:
            continue
        said.append({"role": "user", "content": line})
        try:
            answer = _answer(client, asked, said, quiet=as_json)
        except RealmError as error:
            stderr().print(str(error), markup=False, highlight=False)
            said.pop()
            continue
        if as_json:
            print_json(answer)
        said.append({"role": "assistant", "content": answer["text"]})
        if not turns:
            said.clear()


@app.command(epilog="Example: realm oracle status")
def status(as_json: Json = False) -> None:
    """Show how the Oracle is and which checkpoints it has in memory. Wakes nothing."""
    _show(_client().get("/api/oracle"), as_json)


@app.command(epilog="Example: realm oracle load champion")
def load(checkpoint: Model, as_json: Json = False) -> None:
    """Have a checkpoint in memory; an Oracle that sleeps is woken."""
    _show(_client().post("/api/oracle/load", {"model": checkpoint}), as_json)


@app.command(epilog="Example: realm oracle unload latest")
def unload(checkpoint: Model, as_json: Json = False) -> None:
    """Let a checkpoint go from memory. The champion stays."""
    _show(_client().post("/api/oracle/unload", {"model": checkpoint}), as_json)


def _client() -> Any:
    from realm.cli.oracle_client import OracleClient
    from realm.config import load_config
    from realm.home import RealmHome
    from realm.hosts import get_service_url

    config = load_config(RealmHome.locate())
    token = config.web.token if config.oracle.url is None else config.oracle.token
    return OracleClient(get_service_url("inference"), token)


def _answer(client: Any, asked: dict[str, Any], messages: list[dict[str, str]], quiet: bool) -> dict[str, Any]:
    """The answer, shown while it comes unless `quiet`; its facts follow on stderr."""
    text, told = "", dict[str, Any]()
    try:
        for chunk in client.chat({**asked, "messages": messages}):
            told |= {name: chunk[name] for name in ("model", "system_fingerprint", "usage", "timings") if name in chunk}
            for choice in chunk["choices"]:
                piece = choice["delta"].get("content", "")
                text += piece
                told["finish_reason"] = choice["finish_reason"] or told.get("finish_reason")
                if not quiet:
                    # What a model writes must not steer the terminal.
                    sys.stdout.write(piece.translate(CONTROLS))
                    sys.stdout.flush()
    except KeyboardInterrupt:
        told["finish_reason"] = "ended by Ctrl-C"
    if not quiet:
        print_text("")
        timings = told.get("timings") or {}
        tokens = (told.get("usage") or {}).get("completion_tokens")
        words = [
            str(told.get("model", asked["model"])),
            f"{tokens} tokens" if tokens is not None else "",
            f"{timings['tokens_per_second']:.0f} tokens/s" if timings else "",
            str(told.get("finish_reason") or ""),
        ]
        stderr().print(" · ".join(word for word in words if word), markup=False, highlight=False, style="dim")
    return {"text": text, **told}


def _show(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    named = {alias: (row[alias] or {}).get("checkpoint_id", "none yet") for alias in ("champion", "latest")}
    memory = f"{size(row['memory_bytes'])} of {size(row['memory_budget_bytes'])}" if row["replicas"] else "none"
    state = f"{row['state']}{': ' + row['detail'] if row['detail'] else ''}"
    stdout().print(facts({"state": state, "url": row["url"], "processes": row["replicas"], **named, "memory": memory}))
    if not row["loaded"]:
        say("No checkpoint is in memory.")
        return
    made = table("checkpoint", "memory", "answers", "waiting", "tokens", "last used", right=("memory", "answers"))
    for each in row["loaded"]:
        numbers = (each["rows"], each["waiting"], each["tokens"])
        made.add_row(each["checkpoint_id"], size(each["size_bytes"]), *map(str, numbers), when(each["last_used_at"]))
    stdout().print(made)
