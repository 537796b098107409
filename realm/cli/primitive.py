"""`realm primitive`: single steps."""

from __future__ import annotations

import typer

from realm.cli.output import Json, print_json

app = typer.Typer(help="Primitives: single steps.", no_args_is_help=True)


@app.command("list", epilog="Example: realm primitive list")
def list_(as_json: Json = False) -> None:
    """List the primitives."""
    from skills import get_engine

    print_json([primitive.id for primitive in get_engine().list_primitives()] if as_json else None)
