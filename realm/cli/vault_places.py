"""`realm vault zones|scan|transfer`: where copies lie and how they get there."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from realm.cli.output import Json, add_row, live, print_json, say, size, stdout, table
from realm.errors import RequestError

SCAN_S = 3600.0
ASK_INTERVAL_S = 0.5
ENDED = ("completed", "failed", "cancelled")


def zones(as_json: Json = False) -> None:
    """Show each zone: what it holds, what it may hold, the space of its strongholds."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "zones")
    if as_json:
        print_json(found)
        return
    columns = ("zone", "copies", "bytes", "always kept", "may hold", "stronghold", "free", "at")
    made = table(*columns, right=("copies", "bytes", "free"))
    for zone in found:
        first = (zone["id"], zone["count"], size(zone["bytes"]), size(zone["protected_bytes"]), _policy(zone["policy"]))
        for number, place in enumerate(zone["strongholds"] or [None]):
            add_row(made, *(first if number == 0 else ("",) * len(first)), *_place(place))
    stdout().print(made)


def scan(
    stronghold: Annotated[str | None, typer.Argument(help="Only this one; `home` is the realm's own folder.")] = None,
    as_json: Json = False,
) -> None:
    """Look for checkpoints below the strongholds and enter those that the ledger lacks."""
    from realm.cli.session import open_session

    found = open_session().call("vault_keeper", "scan", stronghold, timeout_s=SCAN_S)
    if as_json:
        print_json(found)
        return
    say(f"{found['found']} folders found, {found['adopted']} entered.")
    for each in found["unreadable"]:
        say(f"not readable: {each['path']}: {each['reason']}")


def transfer(
    asset: Annotated[str | None, typer.Argument(help="A checkpoint's id or name, or an asset's id.")] = None,
    target: Annotated[str | None, typer.Argument(help="The stronghold it goes to.")] = None,
    source: Annotated[str | None, typer.Option(help="The stronghold it is read from.")] = None,
    shown: Annotated[bool, typer.Option("--list", help="Show the last transfers instead.")] = False,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this transfer instead.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end.")] = True,
    as_json: Json = False,
) -> None:
    """Copy a checkpoint or asset to a stronghold; it counts when it was verified there. Exits 1 when it fails."""
    from realm.cli.session import open_session

    if shown or cancel:
        session = open_session()
        rows = [session.call("vault_keeper", "cancel_transfer", cancel)] if cancel else None
        rows = rows or session.call("vault_keeper", "transfers", 50, 0)["transfers"]
        print_json(rows) if as_json else _print(rows)
        return
    if asset is None or target is None:
        raise RequestError("A transfer needs a checkpoint or asset and a target.", "Example: transfer NAME cellar.")
    session = open_session()
    row = session.call("vault_keeper", "transfer", asset, target, source)
    if wait:
        row = _follow(session, row, as_json)
    print_json(row) if as_json else _print([row])
    if row["state"] in ("failed", "cancelled"):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command(epilog="Example: realm vault zones")(zones)
    app.command(epilog="Example: realm vault scan home")(scan)
    app.command(epilog="Example: realm vault transfer checkpoint-1200 cellar")(transfer)


def _follow(session: Any, row: dict[str, Any], quiet: bool) -> dict[str, Any]:
    """Poll a transfer to its end. Interrupted, it goes on in the realm."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with live(*columns, quiet=quiet) as bar:
        task = bar.add_task(f"to {row['target']}", total=row["bytes_total"], completed=row["bytes_done"])
        while row["state"] not in ENDED:
            time.sleep(ASK_INTERVAL_S)
            row = session.follow("vault_keeper", "transfer_status", row["id"])
            bar.update(task, completed=row["bytes_done"])
    return row


def _print(rows: list[dict[str, Any]]) -> None:
    made = table("id", "what", "from", "to", "state", "moved", "of", "error", right=("id", "moved", "of"))
    for row in rows:
        moved = (size(row["bytes_done"]), size(row["bytes_total"]))
        add_row(made, row["id"], row["asset_id"], row["source"], row["target"], row["state"], *moved, row["error"])
    stdout().print(made)


def _policy(policy: dict[str, Any]) -> str:
    """A zone's limits in words."""
    gb, days, newest = policy["max_gb"], policy["max_age_days"], policy["keep_newest"]
    parts = [
        f"{gb:g} GB" if gb is not None else "",
        f"{days:g} days" if days is not None else "",
        f"newest {newest}, then one a day" if newest is not None else "",
    ]
    return ", ".join(part for part in parts if part) or "everything"


def _place(place: dict[str, Any] | None) -> tuple[Any, ...]:
    if place is None:
        return (None, None, None)
    if not place["reachable"]:
        return (place["id"], "not reachable", place["detail"])
    free = size(place["free_bytes"]) if place["free_bytes"] is not None else None
    return (place["id"], free, f"{place['node']}: {place['uri']}" if place["node"] else place["uri"])
