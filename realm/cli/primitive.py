"""`realm primitive`: the single steps that skills are made of."""

from __future__ import annotations

from typing import Annotated

import typer

from realm.cli.output import Json, add_row, print_json, stdout, table
from realm.errors import NotFoundError

app = typer.Typer(help="Primitives: the single steps that skills are made of.", no_args_is_help=True)


@app.command("list", epilog="Example: realm primitive list --track logic")
def list_(
    track: Annotated[str | None, typer.Option(help="Only this track: arithmetic, binary, logic, string, code.")] = None,
    as_json: Json = False,
) -> None:
    """List the primitives. Needs no running realm."""
    from skills import get_engine

    primitives = get_engine().list_primitives()
    tracks = list(dict.fromkeys(primitive.track for primitive in primitives))
    if track is not None and track not in tracks:
        raise NotFoundError(f"There is no track {track!r}.", f"The tracks are: {', '.join(tracks)}.")
    chosen = [primitive for primitive in primitives if track in (None, primitive.track)]
    if as_json:
        names = ("id", "track", "title", "description", "memorizable", "max_response_chars")
        print_json([{name: getattr(primitive, name) for name in names} for primitive in chosen])
        return
    made = table("id", "title", "memorizable")
    for primitive in chosen:
        add_row(made, primitive.id, primitive.title, primitive.memorizable)
    stdout().print(made)
