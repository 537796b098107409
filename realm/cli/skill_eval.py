"""`realm skill eval`: ask the hero a skill's problems and grade the answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from realm.cli.jobs import CheckpointId, NoWait, run_job
from realm.cli.output import Json, add_row, facts, print_json, stdout, table
from realm.cli.shares import share
from realm.rules.limits import MAX_PROBLEMS

WRONG_SHOWN = 5


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("eval", epilog="Example: realm skill eval bin --level 3 --count 200")(evaluate)


def evaluate(
    skill: Annotated[str, typer.Argument(metavar="SKILL", help="Skill id, as `realm skill list` shows it.")],
    level: Annotated[
        int | None, typer.Option(min=1, help="Level of the problems; default: the training level.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, max=MAX_PROBLEMS, help="Number of problems; default: the skill's.")
    ] = None,
    checkpoint: CheckpointId = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Evaluate the hero and record it. At another level, or with few problems, it does not count for the level."""
    from skills import get_engine

    found = get_engine().get(skill)
    if level is not None:
        found.level(level)
    arguments = (skill, level, count, checkpoint)
    row = run_job("request_evaluation", *arguments, about=f"evaluating {skill}", no_wait=no_wait, as_json=as_json)
    if row is None:
        return
    if as_json:
        print_json(row)
        return
    _print(skill, row)


def _print(skill: str, row: dict[str, Any]) -> None:
    console = stdout()
    rows = {
        "evaluation": f"{skill} level {row['level']}, weights of step {row['step']}",
        "right": share(row),
        "counts": row["detail"] if row["counted"] else f"no: {row['detail']}",
        "mastered": f"level {row['mastered_level']}" if row["mastered_level"] is not None else None,
    }
    console.print(facts(rows))
    if row["primitives"]:
        made = table("primitive", "right")
        for each in sorted(row["primitives"], key=lambda each: each["correct"] / each["n"]):
            add_row(made, each["id"], share(each))
        console.print("", made)
    wrong = [each for each in row["samples"] if not each["correct"]][:WRONG_SHOWN]
    if wrong:
        made = table("prompt", "answer", "expected", "reason")
        for each in wrong:
            add_row(made, each["prompt"], each["answer"], each["expected"], each["reason"])
        console.print("", made)
