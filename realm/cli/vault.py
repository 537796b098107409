"""`realm vault`: the ledger of checkpoints."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from realm.cli import vault_export
from realm.cli.output import Json, add_row, cell, facts, print_json, size, stdout, table, when
from realm.errors import NotFoundError

app = typer.Typer(help="The vault: checkpoints of the active campaign.", no_args_is_help=True)
vault_export.add_to(app)


@app.command("list", epilog="Example: realm vault list --limit 5")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Checkpoints shown.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Checkpoints left out before the first.")] = 0,
    as_json: Json = False,
) -> None:
    """List checkpoints, newest first."""
    from realm.cli.session import open_session

    rows = open_session().call("vault_keeper", "list", limit, offset)
    if as_json:
        print_json(rows)
        return
    made = table(
        "name", "step", "saved", "because of", "train loss", "val loss", "exam", "size", right=("step", "size")
    )
    for row in rows:
        losses = (row["train_loss"], row["val_loss"], row["exam_accuracy"])
        add_row(
            made,
            row["canonical_name"],
            row["step"],
            when(row["saved_at"]),
            row["created_by"],
            *losses,
            size(row["size_bytes"]),
        )
    stdout().print(made)


@app.command(epilog="Example: realm vault show checkpoint-1200-20260131-1145")
def show(
    checkpoint: Annotated[str, typer.Argument(help="Its id, or its name within the active campaign.")],
    as_json: Json = False,
) -> None:
    """Show one checkpoint: its folder, its measurements, its origin."""
    from realm.cli.session import open_session

    _print(open_session().call("vault_keeper", "show", checkpoint), as_json)


@app.command(epilog="Example: realm vault best --metric skill:bin")
def best(
    metric: Annotated[
        str, typer.Option(help="exam_accuracy, skill:ID, val_loss, perplexity or train_loss.")
    ] = "exam_accuracy",
    as_json: Json = False,
) -> None:
    """Show the best checkpoint by a metric; by exam accuracy it is the champion."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "best", metric)
    if found is None:
        raise NotFoundError(f"No checkpoint has {metric} yet.", "A checkpoint is examined after it was saved.")
    _print(found, as_json)


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    levels = ", ".join(f"{skill} {level}" for skill, level in row["mastered_levels"].items())
    exam = ", ".join(f"{skill} {accuracy:.3f}" for skill, accuracy in row["exam_skills"].items())
    rows = {
        "checkpoint": row["id"],
        "folder": row["path"],
        "hero": row["hero_id"],
        "step": row["step"],
        "saved": f"{when(row['saved_at'])} ({row['created_by']})",
        "size": size(row["size_bytes"]),
        "training can resume": row["has_optimizer"],
        "train / val loss": f"{cell(row['train_loss'])} / {cell(row['val_loss'])}",
        "learning rate": row["learning_rate"],
        "examples, tokens seen": f"{row['examples_seen']}, {row['tokens_seen']}",
        "mastered levels": levels or None,
        "exam accuracy": row["exam_accuracy"],
        "exam by skill": exam or None,
        "exam version": row["exam_version"],
        "parent": row["parent_id"],
        "sha256": row["sha256"],
        "versions": ", ".join(f"{name} {version}" for name, version in row["versions"].items()),
        "in the trash since": when(row["trashed_at"]) if row["trashed_at"] else None,
    }
    stdout().print(facts({name: value for name, value in rows.items() if value is not None}))
