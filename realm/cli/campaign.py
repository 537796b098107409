"""`realm campaign`: campaigns, one of which is active."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, add_row, facts, print_json, print_text, progress, say, stdout, table, when
from realm.errors import ConflictError
from realm.rules.comparison import CsvTable, to_csv

if TYPE_CHECKING:
    from realm.cli.session import Session

POLL_S = 0.2
TIMEOUT_S = 180.0
DIRECTOR = "campaign_director"

app = typer.Typer(
    help="Campaigns: attempts to push one hero to its cap. Any number are kept, one is active.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id of a campaign, as `realm campaign list` shows it.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as it was asked.")]


@app.command(epilog="Example: realm campaign new --from champion --note 'a lower learning rate' --activate")
def new(
    hero: Annotated[
        str | None, typer.Option(help="Hero of the catalog; default: the checkpoint's, or the realm's.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Checkpoint whose weights it begins with (New Game+).")
    ] = None,
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    activate_it: Annotated[bool, typer.Option("--activate", help="Make it the active one.")] = False,
    as_json: Json = False,
) -> None:
    """Make a campaign, paused: steps and levels from 0, weights of the hero's base model or of a checkpoint."""
    from realm.cli.session import open_session

    session = open_session()
    made = session.call(DIRECTOR, "begin", hero, start, note)
    if activate_it:
        made = _wait(session, session.call(DIRECTOR, "activate", made["id"]), "active", as_json)
    _say(made, as_json)


@app.command("list", epilog="Example: realm campaign list --life archived")
def list_(
    life: Annotated[
        list[str] | None, typer.Option(help="Only these: active, paused, archived (the Hall of Legends), trashed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the campaigns, newest first; deleted ones only when asked for."""
    from realm.cli.session import open_session

    known = ("active", "paused", "archived", "trashed")
    unknown = [each for each in life or () if each not in known]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    rows = open_session().call(DIRECTOR, "list", life or known[:3])
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("None. `realm campaign new` makes one.")
        return
    made = table("id", "life", "since", "step", "mastered", "champion", "begins with", "note", right=("step",))
    for row in rows:
        mastered = ", ".join(f"{skill} {level}" for skill, level in row["mastered"].items())
        start = row["starting_checkpoint_id"] or "base model"
        champion = row["champion_id"] and row["champion_id"].partition("/")[2]
        add_row(
            made, row["id"], row["life"], when(row["life_since"]), row["step"], mastered, champion, start, row["note"]
        )
    stdout().print(made)


@app.command(epilog="Example: realm campaign show mote-1")
def show(campaign: Id, as_json: Json = False) -> None:
    """Show a campaign: what each level had taken by its promotion, and what it cost."""
    from realm.cli.session import open_session

    row = open_session().call(DIRECTOR, "show", campaign)
    if as_json:
        print_json(row)
        return
    console = stdout()
    console.print(facts(_facts(row)))
    if row["transitions"]:
        columns = ("at step", "steps", "tokens", "examples", "seconds")
        made = table("skill", "level", "mastered", *columns, right=("level", *columns))
        for each in row["transitions"]:
            cost = each["cost"] or dict.fromkeys(("step", "tokens", "examples", "seconds"))
            numbers = [None if cost[name] is None else f"{cost[name]:,.0f}" for name in cost]
            add_row(made, each["skill_id"], each["level"], when(each["at"]), each["step"], *numbers)
        console.print(made)


@app.command(epilog="Example: realm campaign activate mote-2")
def activate(campaign: Id, no_wait: NoWait = False, as_json: Json = False) -> None:
    """Make a campaign the active one. The battle of the one before is saved first."""
    _ask("activate", campaign, "active", no_wait, as_json)


@app.command(epilog="Example: realm campaign pause mote-1")
def pause(campaign: Id, no_wait: NoWait = False, as_json: Json = False) -> None:
    """Leave a campaign as it is: its battle is saved, and no campaign is active then."""
    _ask("leave", campaign, "paused", no_wait, as_json)


@app.command(epilog="Example: realm campaign archive mote-1")
def archive(campaign: Id, no_wait: NoWait = False, as_json: Json = False) -> None:
    """Put a campaign into the Hall of Legends: its battle is saved and ended."""
    _ask("leave", campaign, "archived", no_wait, as_json)


@app.command(epilog="Example: realm campaign restore mote-1")
def restore(campaign: Id, as_json: Json = False) -> None:
    """Take a campaign out of the Hall of Legends or the trash; it is paused then."""
    from realm.cli.session import open_session

    _say(open_session().call(DIRECTOR, "restore", campaign), as_json)


@app.command(epilog="Example: realm campaign delete mote-1")
def delete(campaign: Id, as_json: Json = False) -> None:
    """Throw a paused or archived campaign away. It can be restored; its checkpoints stay in the vault."""
    from realm.cli.session import open_session

    _say(open_session().call(DIRECTOR, "trash", campaign), as_json)


@app.command(epilog="Example: realm campaign compare mote-1 mote-2 --csv caps > caps.csv")
def compare(
    campaigns: Annotated[list[str], typer.Argument(metavar="CAMPAIGN...", help="Ids of campaigns.")],
    csv: Annotated[
        CsvTable | None, typer.Option("--csv", help="As CSV: a row a promotion, or a row a skill with its cap.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare campaigns: after how many steps, tokens and seconds each mastered each level, and the caps."""
    from realm.cli.comparison_view import print_comparison
    from realm.cli.session import open_session

    rows = open_session().call(DIRECTOR, "compare", campaigns)
    if as_json:
        print_json(rows)
    elif csv:
        print_text(to_csv(csv, rows))
    else:
        print_comparison(rows)


@app.command(epilog="Example: realm campaign verdict mote-1 --reopen --skill bin")
def verdict(
    campaign: Annotated[
        str | None, typer.Argument(metavar="CAMPAIGN", help="Id of a campaign; default: the active one.")
    ] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Withdraw what stands: it climbs on.")] = False,
    skill: Annotated[str | None, typer.Option(help="Reopen this skill's only.")] = None,
    as_json: Json = False,
) -> None:
    """Show how far a campaign got: where each skill stands, its verdict, and the evidence."""
    from realm.cli.session import open_session
    from realm.cli.verdict_view import print_verdicts

    if skill is not None and not reopen:
        raise typer.BadParameter("--skill goes with --reopen")
    session = open_session()
    row = session.call(DIRECTOR, "show", campaign)
    if reopen:
        row = session.call(DIRECTOR, "reopen", row["id"], skill)
    if as_json:
        print_json(row)
        return
    print_verdicts(row)


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "campaign": row["id"],
        "life": f"{row['life']} since {when(row['life_since'])}",
        "momentum": f"{row['momentum']} {row['momentum_reason']}".strip(),
        "hero": f"{row['hero_id']}, {row['parameters']:,} parameters",
        "step": f"{row['step']:,}",
        "mastered": ", ".join(f"{skill} {level}" for skill, level in row["mastered"].items()) or None,
        "champion": row["champion_id"],
        "begins with": row["starting_checkpoint_id"] or "the hero's base model",
        "note": row["note"] or None,
    }


def _ask(order: str, campaign: str, wanted: str, no_wait: bool, as_json: bool) -> None:
    from realm.cli.session import open_session

    session = open_session()
    arguments = (campaign,) if order == "activate" else (campaign, wanted)
    row = session.call(DIRECTOR, order, *arguments)
    if not no_wait:
        row = _wait(session, row, wanted, as_json)
    _say(row, as_json)


def _wait(session: Session, row: dict[str, Any], wanted: str, quiet: bool) -> dict[str, Any]:
    """Wait until the campaign is what was asked.

    Raises:
        ConflictError: something else was asked meanwhile, or it is not there in time.
    """
    deadline = time.monotonic() + TIMEOUT_S
    with progress("saving the battle", quiet=quiet, lines=True):
        while row["life"] != wanted:
            if row["waits"] is None:
                raise ConflictError(
                    f"Campaign {row['id']} is {row['life']}: something else was asked meanwhile.",
                    "`realm campaign list` shows what is.",
                )
            if time.monotonic() > deadline:
                raise ConflictError(
                    f"The battle was not saved within {TIMEOUT_S:.0f} s; the change of the campaign still waits.",
                    "`realm battle status` shows it.",
                )
            time.sleep(POLL_S)
            row = session.call(DIRECTOR, "show", row["id"])
    return row


def _say(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    waits = " It changes once the battle is saved." if row.get("waits") else ""
    say(f"Campaign {row['id']} is {row['life']}, step {row['step']:,}.{waits}")
