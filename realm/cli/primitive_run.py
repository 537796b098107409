"""`realm primitive run`: ask the hero single steps, outside of any skill."""

from __future__ import annotations

from typing import Annotated

import typer

from realm.cli.jobs import CheckpointId, NoWait, run_job
from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.cli.shares import share
from realm.rules.limits import MAX_PROBLEMS


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(epilog="Example: realm primitive run binary/bitwise_and@1 --count 50")(run)


def run(
    primitive: Annotated[
        str | None, typer.Argument(metavar="PRIMITIVE", help="The one that is asked; default: every one.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=MAX_PROBLEMS, help="Problems of each.")] = 5,
    checkpoint: CheckpointId = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Ask primitives alone; the answers count in their accuracy."""
    from skills import get_engine

    about = "primitives" if primitive is None else get_engine().primitive(primitive).id
    arguments = (primitive, count, checkpoint)
    found = run_job("request_primitives", *arguments, about=about, no_wait=no_wait, as_json=as_json)
    if found is None:
        return
    if as_json:
        print_json(found)
        return
    made = table("primitive", "right")
    for row in sorted(found["primitives"], key=lambda row: row["correct"] / row["n"]):
        add_row(made, row["id"], share(row))
    stdout().print(made)
    say(f"{share(found)} in all, weights of step {found['step']}.")
