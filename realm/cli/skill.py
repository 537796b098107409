"""`realm skill`: curricula, where the hero stands in them, and problems to train on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from realm.cli import skill_grade, skill_new
from realm.cli.curriculum import add_commands
from realm.cli.output import Json, add_row, facts, print_json, progress, say, stdout, table
from realm.errors import ConflictError

if TYPE_CHECKING:
    from skills.problem import Problem
    from skills.skill import Skill

app = typer.Typer(help="Skills: procedurally generated, automatically graded curricula.", no_args_is_help=True)
add_commands(app)
skill_grade.add_to(app)
skill_new.add_to(app)

SkillId = Annotated[str, typer.Argument(metavar="SKILL", help="Skill id, as `realm skill list` shows it.")]
Share = float | None


@app.command("list", epilog="Example: realm skill list --json")
def list_(as_json: Json = False) -> None:
    """List the skills; while the realm runs, with the hero's level in each."""
    from realm.cli.session import session_if_running
    from skills import get_engine

    session = session_if_running()
    states = {row["id"]: row for row in session.call("skill_engine", "list")} if session else {}
    engine = get_engine()
    rows = [_facts_of(skill) | states.get(skill.id, {}) for skill in engine.list_skills()]
    if as_json:
        print_json([*rows, *({"id": skill_id, "unavailable": why} for skill_id, why in engine.unavailable.items())])
        return
    made = table("id", "name", "levels", "mastered", "training", "accuracy", right=("levels", "mastered", "training"))
    for row in rows:
        state = (row.get("mastered_level"), row.get("training_level"), row.get("last_accuracy"))
        add_row(made, row["id"], row["name"], row["max_level"], *state)
    stdout().print(made)
    say(*_unavailable_lines(engine.unavailable))
    if session is None:
        say("No realm runs: levels are not known.")


@app.command(epilog="Example: realm skill show bin")
def show(skill: SkillId, as_json: Json = False) -> None:
    """Show one skill with its ladder; while the realm runs, with the evaluations of the training level."""
    from realm.cli.session import session_if_running
    from skills import get_engine

    found = get_engine().get(skill)
    session = session_if_running()
    state: dict[str, Any] = session.call("skill_engine", "show", skill) if session else {}
    levels = [
        {"level": level.level, "title": level.title, "memorizable": level.memorizable}
        for level in found.levels.values()
    ]
    if as_json:
        print_json(_facts_of(found) | state | {"levels": levels})
        return
    window = ", ".join(f"{each['accuracy']:.2f} at step {each['step']}" for each in state.get("evaluations", []))
    rows = {
        "skill": f"{found.name} ({found.id}, version {found.version})",
        "description": found.description,
        "evaluation": f"{found.evaluation.count} problems, threshold {found.evaluation.threshold:g}",
        "mastered level": state.get("mastered_level"),
        "training level": state.get("training_level"),
        "window": window or None,
    }
    console = stdout()
    console.print(facts(rows))
    made = table("level", "title", "memorizable", right=("level",))
    for level in levels:
        add_row(made, *level.values())
    console.print(made)


@app.command(epilog="Example: realm skill generate bin --level 5 --count 1000 --mix --out bin-l05.jsonl")
def generate(
    skill: SkillId,
    level: Annotated[int, typer.Option(min=1, help="Level of the problems.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="Number of problems.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same problems.")] = 0,
    split: Annotated[
        Literal["train", "eval"], typer.Option(help="The two share a problem only on memorizable levels.")
    ] = "train",
    mix: Annotated[
        bool,
        typer.Option("--mix", help="Mix in the levels below and the next, as for a hero that masters all those below."),
    ] = False,
    replay: Annotated[
        float | None, typer.Option(min=0, max=1, help="With --mix: share of the levels below, 0.2 unless set.")
    ] = None,
    next_: Annotated[
        float | None, typer.Option("--next", min=0, max=1, help="With --mix: share of the level after, 0.1 unless set.")
    ] = None,
    as_problems: Annotated[
        bool,
        typer.Option("--problems", help="Write problems with their answers, for `realm skill grade`, and not chats."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
) -> None:
    """Generate training examples as JSONL, ready to be posted as a quest. Needs no running realm."""
    from skills import Problem, get_engine

    if mix and split == "eval":
        raise typer.BadParameter("--mix draws from the train split only.")
    if not mix and (replay is not None or next_ is not None):
        raise typer.BadParameter("--replay and --next belong to --mix.")
    if out is not None and out.exists():
        raise ConflictError(f"{out} exists.", "Give another --out or remove it.")
    found = get_engine().get(skill)
    with progress(f"generating {count} problems of {skill} level {level}", quiet=out is None):
        problems = (
            _mixed(found, level, count, seed, replay, next_) if mix else found.generate(level, count, seed, split)
        )
        written = asdict if as_problems else Problem.as_training_example
        _write((json.dumps(written(problem), ensure_ascii=False) for problem in problems), out)
    if out is not None:
        say(f"{len(problems)} {'problems' if as_problems else 'examples'} written to {out}.")


def _mixed(skill: Skill, level: int, count: int, seed: int, replay: Share, ahead: Share) -> list[Problem]:
    from realm.rules.schedule import Mix, level_shares, whole_counts
    from skills import training_examples

    skill.level(level)
    default = Mix()
    replay_share = default.replay if replay is None else replay
    next_share = default.ahead if ahead is None else ahead
    if replay_share + next_share > 1:
        raise typer.BadParameter(f"--replay {replay_share:g} and --next {next_share:g} are more than 1 together.")
    # Nobody was asked: every level below counts as answered without a mistake, or none would be replayed.
    mastered = dict.fromkeys(range(1, level), (1, 1))
    shares = level_shares(level - 1, skill.max_level, mastered, Mix(replay=replay_share, ahead=next_share))
    return training_examples(skill, whole_counts(shares, count), seed)


def _write(lines: Iterable[str], out: Path | None) -> None:
    if out is None:
        for line in lines:
            typer.echo(line)
        return
    staging = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with staging.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        staging.rename(out)
    finally:
        staging.unlink(missing_ok=True)


def _unavailable_lines(unavailable: Mapping[str, str]) -> list[str]:
    """One line for each reason, with the skills that it keeps away."""
    by_reason: dict[str, list[str]] = {}
    for skill_id, why in unavailable.items():
        by_reason.setdefault(why, []).append(skill_id)
    return [f"Not available: {', '.join(ids)}. {why}" for why, ids in by_reason.items()]


def _facts_of(skill: Skill) -> dict[str, Any]:
    return {
        "id": skill.id,
        "name": skill.name,
        "version": skill.version,
        "description": skill.description,
        "max_level": skill.max_level,
    }
