"""`realm primitive`: the single steps that skills are made of."""

from __future__ import annotations

from typing import Annotated

import typer

from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.cli.shares import share
from realm.errors import NotFoundError

app = typer.Typer(help="Primitives: the single steps that skills are made of.", no_args_is_help=True)


@app.command("list", epilog="Example: realm primitive list --track logic")
def list_(
    track: Annotated[str | None, typer.Option(help="Only this track: arithmetic, binary, logic, string, code.")] = None,
    as_json: Json = False,
) -> None:
    """List the primitives; while the realm runs, with the hero's accuracy over the last 100 problems of each."""
    from realm.cli.session import session_if_running
    from skills import get_engine

    primitives = get_engine().list_primitives()
    tracks = list(dict.fromkeys(primitive.track for primitive in primitives))
    if track is not None and track not in tracks:
        raise NotFoundError(f"There is no track {track!r}.", f"The tracks are: {', '.join(tracks)}.")
    chosen = [primitive for primitive in primitives if track in (None, primitive.track)]
    session = session_if_running()
    known = {row["id"]: row for row in session.call("skill_engine", "primitive_summary")} if session else {}
    names = ("id", "track", "title", "description", "memorizable", "max_response_chars")
    rows = [known.get(each.id, {}) | {name: getattr(each, name) for name in names} for each in chosen]
    if as_json:
        print_json(rows)
        return
    made = table("id", "title", "memorizable", "asked", "of the last, right", right=("asked",))
    for row in rows:
        window = {name: row.get(f"window_{name}") for name in ("n", "correct")}
        right = share(window | {"low": row.get("low"), "high": row.get("high")})
        add_row(made, row["id"], row["title"], row["memorizable"], row.get("attempts"), right)
    stdout().print(made)
    if session is None:
        say("No realm runs: accuracies are not known.")
