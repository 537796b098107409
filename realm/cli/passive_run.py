"""`realm passive run`: ask the hero what it was not trained on."""

from __future__ import annotations

from typing import Annotated

import typer

from realm.cli.jobs import CheckpointId, NoWait, run_job
from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.cli.shares import share
from realm.rules.passives import PassiveMode


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(epilog="Example: realm passive run --full")(run)


def run(
    full: Annotated[
        bool,
        typer.Option("--full", help=f"{PassiveMode.FULL.problems} problems each, not {PassiveMode.LITE.problems}."),
    ] = False,
    checkpoint: CheckpointId = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Ask every passive and show it beside what is pooled of the last LITE runs and its peak."""
    mode = PassiveMode.FULL if full else PassiveMode.LITE
    about = f"passives, {mode}"
    found = run_job("request_passives", mode.value, checkpoint, about=about, no_wait=no_wait, as_json=as_json)
    if found is None:
        return
    if as_json:
        print_json(found)
        return
    made = table("passive", "this run", "pooled", "peak", "warning")
    for row in found["passives"]:
        peak = f"{share(row['peak'])} at step {row['peak']['step']}" if row["peak"] else None
        add_row(made, row["id"], share(row["run"]), share(row["pooled"]), peak, row["warning"])
    stdout().print(made)
    say(f"Weights of step {found['step']}. Intervals are of 95 %.")
