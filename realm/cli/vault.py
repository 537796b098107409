"""`realm vault`: the ledger of checkpoints."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from realm.cli import vault_export, vault_places, vault_trash
from realm.cli.output import Json, add_row, cell, facts, print_json, print_text, say, size, stdout, table, when
from realm.errors import NotFoundError

READ_S = 600.0
"""Long enough to read a checkpoint of several GB, or to bring it from another host."""

app = typer.Typer(help="The vault: checkpoints, where they lie, what is kept.", no_args_is_help=True)

Checkpoint = Annotated[str, typer.Argument(help="Its id, or its name within the active campaign.")]


@app.command("list", epilog="Example: realm vault list --sort exam_accuracy --zone hot --limit 5")
def list_(
    sort: Annotated[
        str, typer.Option(help="saved_at, step, exam_accuracy, val_loss, train_loss, size_bytes or skill:ID.")
    ] = "saved_at",
    ascending: Annotated[bool, typer.Option("--ascending", help="Lowest or earliest first.")] = False,
    campaign: Annotated[str | None, typer.Option(help="Another campaign than the active one.")] = None,
    zone: Annotated[str | None, typer.Option(help="Only with a copy in this zone: hot, warm or cold.")] = None,
    skill: Annotated[str | None, typer.Option(help="Only those saved for a level of this skill.")] = None,
    because: Annotated[str | None, typer.Option(help="Only those saved for this reason, e.g. mastery.")] = None,
    trashed: Annotated[bool, typer.Option("--trashed", help="Those in the trash.")] = False,
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Checkpoints shown.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Checkpoints left out before the first.")] = 0,
    as_json: Json = False,
) -> None:
    """List checkpoints, newest first unless sorted otherwise."""
    from realm.cli.session import open_session

    asked = (sort, not ascending, campaign, zone, skill, because, trashed, search, limit, offset)
    page = open_session().call("vault_keeper", "list", *asked)
    if as_json:
        print_json(page)
        return
    columns = ("name", "step", "saved", "because of", "train loss", "val loss", "exam", "size", "zones", "kept as")
    made = table(*columns, right=("step", "size"))
    for row in page["checkpoints"]:
        losses = (row["train_loss"], row["val_loss"], row["exam_accuracy"])
        add_row(
            made,
            row["canonical_name"],
            row["step"],
            when(row["saved_at"]),
            row["created_by"],
            *losses,
            size(row["size_bytes"]),
            ", ".join(row["zones"]) or None,
            ", ".join(row["protected_because"]) or None,
        )
    stdout().print(made)
    shown = len(page["checkpoints"])
    if shown < page["total"]:
        say(f"{offset + 1 if shown else 0} to {offset + shown} of {page['total']}.")


@app.command(epilog="Example: realm vault show checkpoint-1200-20260131-1145")
def show(checkpoint: Checkpoint, as_json: Json = False) -> None:
    """Show one checkpoint: its copies, its measurements, its origin, who uses it."""
    from realm.cli.session import open_session

    _print(open_session().call("vault_keeper", "show", checkpoint), as_json)


@app.command(epilog="Example: realm vault best --metric skill:bin")
def best(
    metric: Annotated[
        str, typer.Option(help="exam_accuracy, skill:ID, val_loss, perplexity or train_loss.")
    ] = "exam_accuracy",
    as_json: Json = False,
) -> None:
    """Show the best checkpoint by a metric; by exam accuracy it is the champion, unless one was promoted."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "best", metric)
    if found is None:
        raise NotFoundError(f"No checkpoint has {metric} yet.", "A checkpoint is examined after it was saved.")
    _print(found, as_json)


@app.command(epilog="Example: realm vault ask checkpoint-1200 --fallback /models/start")
def ask(
    checkpoint: Checkpoint,
    fallback: Annotated[str | None, typer.Option(help="Printed when no copy can be had.")] = None,
    as_json: Json = False,
) -> None:
    """Print the checkpoint's folder on this machine; from another host it is brought and verified first."""
    from realm.cli.session import open_session

    session = open_session()
    path = session.call("vault_keeper", "ask", checkpoint, fallback, session.node_id(), timeout_s=READ_S)
    print_json({"path": path}) if as_json else print_text(path)


@app.command(epilog="Example: realm vault promote checkpoint-1200")
def promote(checkpoint: Checkpoint, as_json: Json = False) -> None:
    """Make a checkpoint the champion by hand. It is kept for good, and one without an exam is examined next."""
    from realm.cli.session import open_session

    done = open_session().call("vault_keeper", "promote", checkpoint)
    if as_json:
        print_json(done)
        return
    say(f"before: {_champion(done['before'])}", f"after:  {_champion(done['after'])}")


@app.command(epilog="Example: realm vault verify checkpoint-1200")
def verify(checkpoint: Checkpoint, as_json: Json = False) -> None:
    """Read every copy again and compare the digests. Exits 1 when one is not whole."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "verify", checkpoint, timeout_s=READ_S)
    if as_json:
        print_json(found)
    else:
        made = table("stronghold", "whole", "detail")
        for each in found["locations"]:
            add_row(made, each["stronghold"], each["ok"], each["detail"])
        stdout().print(made)
    if not found["ok"]:
        raise typer.Exit(1)


vault_places.add_to(app)
vault_trash.add_to(app)
vault_export.add_to(app)


def _champion(row: dict[str, Any] | None) -> str:
    if row is None:
        return "none"
    return f"{row['canonical_name']} at step {row['step']}, exam accuracy {cell(row['champion_accuracy'])}"


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    levels = ", ".join(f"{skill} {level}" for skill, level in row["mastered_levels"].items())
    exam = ", ".join(f"{skill} {accuracy:.3f}" for skill, accuracy in row["exam_skills"].items())
    copies = [f"{each['stronghold']} ({each['zone']}): {each['uri']}" for each in row["locations"]]
    kept = ", ".join(row["protected_because"])
    uses = [f"{use['holder']} until {when(use['expires_at'])}" for use in row.get("uses", [])]
    rows = {
        "checkpoint": row["id"],
        "copies": "\n".join(copies) or "none",
        "protection": f"{row['protection']}: {kept}" if kept else row["protection"],
        "used by": "\n".join(uses) or None,
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
        "promoted": when(row["promoted_at"]) if row["promoted_at"] else None,
        "ancestors": ", ".join(str(each["step"]) for each in row.get("lineage", [])) or None,
        "trained on from it": ", ".join(str(each["step"]) for each in row.get("children", [])) or None,
        "sha256": row["sha256"],
        "versions": ", ".join(f"{name} {version}" for name, version in row["versions"].items()),
        "in the trash since": when(row["trashed_at"]) if row["trashed_at"] else None,
    }
    stdout().print(facts({name: value for name, value in rows.items() if value is not None}))
