"""`realm away`: what happened while nobody looked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from realm.cli.output import Json, cell, duration, facts, print_json, say, stdout, when
from realm.errors import RequestError

UNITS = {"m": 60, "h": 3600, "d": 86_400}


def add_to(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command(epilog="Example: realm away --since 8h")(away)


def away(
    since: Annotated[
        str | None, typer.Option(help="Since when: 30m, 8h, 2d, or an ISO time with its zone.", metavar="TIME")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what happened in the last absence: the time in which no page of the realm was looked at."""
    from realm.cli.session import open_session

    moment = None if since is None else since_when(since, datetime.now(UTC))
    card = open_session().call("herald", "away", moment)["away"]
    if as_json:
        print_json(card)
    elif card is None:
        say("Nobody was away for more than 5 minutes. `realm away --since 8h` tells of any time.")
    else:
        show(card)


def since_when(text: str, now: datetime) -> str:
    """An ISO time, from one or from how long ago.

    Raises:
        RequestError: neither.
    """
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
    if ago:
        return (now - timedelta(seconds=int(ago[1]) * UNITS[ago[2]])).isoformat()
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        raise RequestError(f"{text!r} is no time.", "Give 30m, 8h, 2d, or such as 2026-01-31T18:00.") from None


def show(card: dict[str, Any]) -> None:
    """The card on a terminal, what failed first."""
    say(f"{when(card['since'])} to {when(card['until'])}: {duration(card['seconds'])}.")
    say(*(each["words"] for each in card["failures"]))
    levels = (card["hero_level_before"], card["hero_level_after"])
    skills = (f"{each['skill_id']} {', '.join(map(str, each['levels']))}" for each in card["skill_ups"])
    rows = {
        "trained": duration(card["trained_s"]),
        "paused": duration(card["paused_s"]),
        "idle": duration(card["idle_s"]),
        "XP": f"{card['xp_before']} → {card['xp_after']}, hero level {levels[0]} → {levels[1]}",
        "quests completed": f"{card['quests_completed']}, {card['gold']} gold",
        "best train loss": _change(card["train_loss"]),
        "best validation loss": _change(card["val_loss"]),
        "levels mastered": "; ".join(skills) or "none",
        "champion": _champion(card["champion"]),
    }
    action = card["next_action"]
    stdout().print(facts(rows | ({"next": f"{action['words']} {action['command']}"} if action else {})))


def _change(best: dict[str, Any]) -> str:
    if best["before"] == best["after"]:
        return cell(best["after"])
    return f"{cell(best['before'])} → {cell(best['after'])}"


def _champion(champion: dict[str, Any]) -> str:
    before, after = champion["before"], champion["after"]
    if after is None or (before is not None and before["checkpoint_id"] == after["checkpoint_id"]):
        return "unchanged" if after is not None else "none yet"
    was = f", before step {before['step']}" if before is not None else ""
    return f"step {after['step']}, exam accuracy {cell(after['exam_accuracy'])}{was}"
