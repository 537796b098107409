"""`realm skill plan|enable|disable|priority`: what the running campaign trains. Added to the `realm skill` group."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from realm.cli.output import Json, facts, print_json, say, stdout

SkillId = Annotated[str, typer.Argument(metavar="SKILL", help="Skill id, as `realm skill list` shows it.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the `realm skill` group."""
    app.command(epilog="Example: realm skill plan --strategy focus --focus bin")(plan)
    app.command(epilog="Example: realm skill enable sy")(enable)
    app.command(epilog="Example: realm skill disable sy")(disable)
    app.command(epilog="Example: realm skill priority sy 8")(priority)


def plan(
    strategy: Annotated[
        str | None, typer.Option(help="How skills share the training: equal, focus, weighted or lowest_first.")
    ] = None,
    focus: Annotated[str | None, typer.Option(help="With --strategy focus: the skill.")] = None,
    preset: Annotated[str | None, typer.Option(help="A whole plan: climb, consolidate, catch_up or uniform.")] = None,
    as_json: Json = False,
) -> None:
    """Show the training plan, or change it. A change applies from the next generated quest on."""
    from realm.cli.session import open_session
    from realm.rules.schedule import Mix, MixKind, mix_in_words

    if preset is not None and (strategy is not None or focus is not None):
        raise typer.BadParameter("--preset is a whole plan: it goes without --strategy and --focus.")
    if focus is not None and strategy is None:
        raise typer.BadParameter("--focus belongs to --strategy focus.")
    session = open_session()
    if preset is not None:
        row = session.call("skill_engine", "set_preset", preset)
    elif strategy is not None:
        row = session.call("skill_engine", "set_strategy", strategy, focus)
    else:
        row = session.call("skill_engine", "plan")
    if as_json:
        print_json(row)
        return
    mix = Mix(MixKind(row["mix"]["kind"]), row["mix"]["replay_share"], row["mix"]["next_share"])
    stdout().print(
        facts(
            {
                "strategy": row["strategy"],
                "focus": row["focus"],
                "preset": row["preset"] or "none: put together by hand",
                "mix": mix_in_words(mix),
                "shares": ", ".join(f"{skill} {share:.0%}" for skill, share in sorted(row["shares"].items())),
            }
        )
    )


def enable(skill: SkillId, as_json: Json = False) -> None:
    """Train, evaluate and examine a skill. The exam changes, so that the champion is examined anew."""
    _set(skill, as_json, "enabled", enabled=True)


def disable(skill: SkillId, as_json: Json = False) -> None:
    """Leave a skill out of training, evaluations and exams. What the hero has mastered stays on record."""
    _set(skill, as_json, "disabled", enabled=False)


def priority(
    skill: SkillId,
    value: Annotated[int, typer.Argument(min=1, max=9, help="1 to 9; 5 unless set.")],
    as_json: Json = False,
) -> None:
    """Set a skill's priority: its part of the training under the strategy weighted."""
    _set(skill, as_json, f"has priority {value}", priority=value)


def _set(skill: str, as_json: bool, what: str, enabled: bool | None = None, priority: int | None = None) -> None:
    from realm.cli.session import open_session

    row: dict[str, Any] = open_session().call("skill_engine", "set_skill", skill, enabled, priority)
    if as_json:
        print_json(row)
        return
    say(f"{row['name']} ({row['id']}) is {what}." if enabled is not None else f"{row['name']} ({row['id']}) {what}.")
