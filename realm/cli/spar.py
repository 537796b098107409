"""`realm spar`: training data made of the hero's own mistakes."""

from __future__ import annotations

from typing import Annotated

import typer

from realm.cli.jobs import CheckpointId, NoWait, run_job
from realm.cli.output import Json, facts, print_json, stdout
from realm.cli.shares import share
from realm.rules.limits import MAX_PROBLEMS


def add_to(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command(epilog="Example: realm spar --skill bin --count 100")(spar)


def spar(
    skill: Annotated[str, typer.Option(help="Skill id, as `realm skill list` shows it.")],
    count: Annotated[int, typer.Option(min=1, max=MAX_PROBLEMS, help="Problems asked.")] = 100,
    level: Annotated[int | None, typer.Option(min=1, help="Their level; default: the training level.")] = None,
    checkpoint: CheckpointId = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Ask the hero, show it its mistakes, and post a quest of three examples for each. Ctrl-C gives it up."""
    from skills import get_engine

    found = get_engine().get(skill)
    if level is not None:
        found.level(level)
    arguments = (skill, count, level, checkpoint)
    row = run_job("request_sparring", *arguments, about=f"sparring on {skill}", no_wait=no_wait, as_json=as_json)
    if row is None:
        return
    if as_json:
        print_json(row)
        return
    rows = {
        "sparring": f"{row['skill_id']} level {row['level']}, weights of step {row['step']}",
        "first try": share({"n": row["n"], "correct": row["first_correct"]}),
        "second try": share({"n": row["mistakes"], "correct": row["second_correct"]}),
        "examples": row["examples"],
        "quest": row["quest_id"] or row["reason"],
    }
    stdout().print(facts(rows))
