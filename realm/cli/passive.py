"""`realm passive`: what the hero was not trained on, and how it does there."""

from __future__ import annotations

import typer

from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.cli.shares import share

app = typer.Typer(help="Passives: abilities that the hero was not trained on.", no_args_is_help=True)


@app.command("list", epilog="Example: realm passive list --json")
def list_(as_json: Json = False) -> None:
    """List the passives; while the realm runs, with the last results pooled and their peak."""
    from realm.cli.session import session_if_running
    from skills import get_engine

    session = session_if_running()
    known = {row["id"]: row for row in session.call("skill_engine", "passives")} if session else {}
    names = ("id", "version", "title", "description", "memorizable", "max_response_chars")
    rows = [
        known.get(passive.id, {}) | {name: getattr(passive, name) for name in names}
        for passive in get_engine().list_passives()
    ]
    if as_json:
        print_json(rows)
        return
    made = table("id", "version", "title", "last results", "peak", "warning", right=("version",))
    for row in rows:
        results = (share(row.get("pooled")), share(row.get("peak")), row.get("warning"))
        add_row(made, row["id"], row["version"], row["title"], *results)
    stdout().print(made)
    if session is None:
        say("No realm runs: results are not known.")
