"""The `realm` command: its groups, its exit codes, and what an error looks like."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import realm
from realm.cli import (
    away,
    battle,
    campaign,
    config,
    db,
    hero,
    job,
    lifecycle,
    notify,
    oracle,
    passive,
    passive_run,
    primitive,
    primitive_run,
    quest,
    skill,
    skill_eval,
    spar,
    train,
    vault,
    worker,
)
from realm.cli.exits import DESCRIPTION, INTERRUPTED, exit_code
from realm.cli.output import JSON_ASKED, print_error
from realm.errors import RealmError


class RealmGroup(TyperGroup):
    """Turns the realm's errors into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except RealmError as error:
            print_error(error, bool(ctx.meta.get(JSON_ASKED)))
            raise typer.Exit(exit_code(error)) from None


app = typer.Typer(
    cls=RealmGroup,
    help="Realm of Training: an RPG idler that trains a language model.",
    epilog=f"{DESCRIPTION}\n\nExample: realm start",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(realm.__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    pass


lifecycle.add_to(app)
away.add_to(app)
train.add_to(app)
spar.add_to(app)
worker.add_to(app)
skill_eval.add_to(skill.app)
passive_run.add_to(passive.app)
primitive_run.add_to(primitive.app)
for name, group in {
    "quest": quest.app,
    "battle": battle.app,
    "campaign": campaign.app,
    "skill": skill.app,
    "primitive": primitive.app,
    "passive": passive.app,
    "vault": vault.app,
    "job": job.app,
    "oracle": oracle.app,
    "hero": hero.app,
    "notify": notify.app,
    "config": config.app,
    "db": db.app,
}.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
