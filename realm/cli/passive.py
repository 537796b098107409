"""`realm passive`: what the hero was not trained on, and how it does there."""

from __future__ import annotations

import typer

from realm.cli.output import Json, add_row, print_json, stdout, table

app = typer.Typer(help="Passives: abilities that the hero was not trained on.", no_args_is_help=True)


@app.command("list", epilog="Example: realm passive list --json")
def list_(as_json: Json = False) -> None:
    """List the passives. Needs no running realm."""
    from skills import get_engine

    passives = get_engine().list_passives()
    if as_json:
        names = ("id", "version", "title", "description", "memorizable", "max_response_chars")
        print_json([{name: getattr(passive, name) for name in names} for passive in passives])
        return
    made = table("id", "version", "title", "description", right=("version",))
    for passive in passives:
        add_row(made, passive.id, passive.version, passive.title, passive.description)
    stdout().print(made)
