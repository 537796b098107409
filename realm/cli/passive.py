"""`realm passive`: what the hero was not trained on."""

from __future__ import annotations

import typer

from realm.cli.output import Json, print_json

app = typer.Typer(help="Passives: what the hero was not trained on.", no_args_is_help=True)


@app.command("list", epilog="Example: realm passive list")
def list_(as_json: Json = False) -> None:
    """List the passives."""
    from skills import get_engine

    print_json([passive.id for passive in get_engine().list_passives()] if as_json else None)
