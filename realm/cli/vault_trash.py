"""`realm vault delete|restore|retention`: what goes and what comes back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from realm.cli.output import Json, add_row, print_json, say, size, stderr, stdout, table
from realm.errors import ConflictError, RequestError

WORK_S = 3600.0

retention = typer.Typer(help="What each zone keeps: a plan first, then the plan applied.", no_args_is_help=True)

Zone = Annotated[str | None, typer.Argument(metavar="ZONE", help="hot, warm or cold; all of them if none is given.")]


def delete(
    checkpoints: Annotated[list[str], typer.Argument(metavar="CHECKPOINT...", help="Ids or names.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Move checkpoints to the trash, where they can be restored for vault.trash_days. Protected ones are refused."""
    from realm.cli.session import open_session

    session = open_session()
    plan = session.call("vault_keeper", "delete_plan", checkpoints, timeout_s=WORK_S)
    if not as_json:
        _print_plan(plan)
    if not plan["checkpoints"]:
        raise ConflictError("None of these can be deleted.", "`realm vault show` says what protects one.")
    confirmation = plan["confirmation"]
    if confirmation and not yes:
        stderr().print(f'Type "{confirmation}" to go on:', markup=False, highlight=False)
        if input() != confirmation:
            raise RequestError("Nothing was deleted: that is something else.", "Or give --yes.")
    done = session.call("vault_keeper", "delete", checkpoints, confirmation, timeout_s=WORK_S)
    if as_json:
        print_json(done)
    else:
        days = plan["restorable_days"]
        say(f"{len(done['trashed'])} in the trash for {days:g} days; {size(done['bytes_freed'])} are freed after them.")
    if done["refused"]:
        raise typer.Exit(1)


def restore(
    checkpoint: Annotated[str, typer.Argument(help="Its id, or its full name within the active campaign.")],
    as_json: Json = False,
) -> None:
    """Take a checkpoint out of the trash."""
    from realm.cli.session import open_session

    row = open_session().call("vault_keeper", "restore", checkpoint)
    if as_json:
        print_json(row)
    else:
        say(f"{row['id']} is back at {row['uri']}.")


@retention.command(epilog="Example: realm vault retention plan hot")
def plan(zone: Zone = None, as_json: Json = False) -> None:
    """Show what retention would drop, and why. Changes nothing."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "retention_plan", zone, timeout_s=WORK_S)
    if as_json:
        print_json(found)
        return
    made = table("zone", "checkpoint", "step", "size", "because of", right=("step", "size"))
    for each in found["zones"]:
        for drop in each["drop"]:
            add_row(made, each["zone"], drop["checkpoint_id"], drop["step"], size(drop["size_bytes"]), drop["reason"])
    if made.row_count:
        stdout().print(made)
    for each in found["zones"]:
        say(f"{each['zone']}: {len(each['drop'])} go, {size(each['bytes_freed'])}; {each['kept']} stay.")
        say(*each["notes"])
    say(f"Plan {found['plan_id']}.")


@retention.command("apply", epilog="Example: realm vault retention apply hot --plan 3f2a9c019c3ab8d0")
def apply_(
    zone: Zone = None,
    plan_id: Annotated[
        str | None, typer.Option("--plan", help="Only if it still is this plan; otherwise what holds now is applied.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Drop what the plan names: to the trash, or only here where another stronghold has a copy."""
    from realm.cli.session import open_session

    session = open_session()
    if plan_id is None:
        plan_id = session.call("vault_keeper", "retention_plan", zone, timeout_s=WORK_S)["plan_id"]
    done = session.call("vault_keeper", "retention_apply", plan_id, zone, timeout_s=WORK_S)
    if as_json:
        print_json(done)
    else:
        say(f"{done['dropped']} dropped, {size(done['bytes_freed'])}.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command(epilog="Example: realm vault delete checkpoint-1200 checkpoint-1300")(delete)
    app.command(epilog="Example: realm vault restore checkpoint-1200-20260131-1145")(restore)
    app.add_typer(retention, name="retention")


def _print_plan(plan: dict[str, Any]) -> None:
    made = table("checkpoint", "step", "size", "protection", right=("step", "size"))
    for row in plan["checkpoints"]:
        because = ", ".join(row["protected_because"])
        protection = f"{row['protection']}: {because}" if because else row["protection"]
        add_row(made, row["id"], row["step"], size(row["size_bytes"]), protection)
    if made.row_count:
        stdout().print(made)
        say(f"{size(plan['bytes_freed'])} in all.")
    for each in plan["refused"]:
        say(f"refused: {each['id']}: {each['reason']}")
