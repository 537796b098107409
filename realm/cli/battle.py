"""`realm battle`: the training run that is on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group

from realm.cli.output import Json, add_row, print_json, progress, say, stdout, table, when
from realm.errors import ConflictError

if TYPE_CHECKING:
    from realm.cli.session import Session

POLL_S = 0.2
TIMEOUT_S = 180.0
OVER = ("finished", "failed")

app = typer.Typer(help="The battle: a training run over the quests of the board.", no_args_is_help=True)

NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as the battle was asked.")]


@app.command(epilog="Example: realm battle status --json")
def status(as_json: Json = False) -> None:
    """Show the battle that is on, else the last one, with its attempts."""
    from realm.cli.session import open_session

    session = open_session()
    battle = session.call("herald", "snapshot")["battle"]
    record = session.call("arena", "status")
    attempts: list[dict[str, Any]] = record["attempts"] if record else []
    if as_json:
        print_json(battle | {"attempts": attempts})
        return
    from realm.cli.status_view import battle_view

    made = table("attempt", "started", "from step", "to step", "outcome", "reason", right=("from step", "to step"))
    for attempt in attempts:
        outcome = attempt["outcome"] or "live"
        started = when(attempt["started_at"])
        add_row(made, attempt["id"], started, attempt["start_step"], attempt["step"], outcome, attempt["reason"])
    stdout().print(Group(battle_view(battle), "", made) if attempts else battle_view(battle))


@app.command(epilog="Example: realm battle pause")
def pause(no_wait: NoWait = False, as_json: Json = False) -> None:
    """Save a checkpoint at the next step and release the workers."""
    _ask("pause", "paused", no_wait, as_json)


@app.command(epilog="Example: realm battle resume --no-wait")
def resume(no_wait: NoWait = False, as_json: Json = False) -> None:
    """Go on with a paused battle, or begin one after a battle that was stopped or failed."""
    _ask("resume", "running", no_wait, as_json)


@app.command(epilog="Example: realm battle stop")
def stop(no_wait: NoWait = False, as_json: Json = False) -> None:
    """Save a checkpoint at the next step and end the battle. The next one begins with `realm battle resume`."""
    _ask("stop", "finished", no_wait, as_json)


def _ask(order: str, wanted: str, no_wait: bool, as_json: bool) -> None:
    """Give the order, wait for the state it leads to, and print the battle.

    Raises:
        ConflictError: the battle ended otherwise, or is not there in time.
    """
    from realm.cli.session import open_session

    session = open_session()
    with progress(f"asking the battle to {order}", quiet=as_json, lines=True) as tick:
        battle = session.call("arena", order)
        if not no_wait:
            battle = wait_for(session, battle, wanted, tick)
    if as_json:
        print_json(battle)
    else:
        reason = f" ({battle['reason']})" if battle["reason"] else ""
        say(f"Battle {battle['number']} is {battle['state']} at step {battle['step']}{reason}.")


def wait_for(session: Session, battle: dict[str, Any], wanted: str, tick: Any) -> dict[str, Any]:
    """Poll until the battle is in the state `wanted`.

    Raises:
        ConflictError: it ended otherwise, or is not there within TIMEOUT_S.
    """
    began = time.monotonic()
    while battle["state"] != wanted:
        waited = time.monotonic() - began
        if battle["state"] in OVER:
            raise ConflictError(f"The battle {battle['state']}: {battle['reason']}.", "`realm battle status` shows it.")
        if waited > TIMEOUT_S:
            raise ConflictError(
                f"The battle is {battle['state']}, not {wanted}, after {waited:.0f} s.",
                "`realm status` shows the services.",
            )
        tick(f"battle {battle['number']} is {battle['state']}")
        time.sleep(POLL_S)
        battle = session.call("arena", "status")
    return battle
