"""`realm skill new`: the files of a skill to be: a commented YAML, a generator stub, and tests that fail until both are
filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from realm.cli.output import say
from realm.errors import ConflictError, NotFoundError, RequestError

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of a skill go. `in_checkout`: into a source tree of the realm."""

    yaml: Path
    provider: Path
    tests: Path
    in_checkout: bool


def add_to(app: typer.Typer) -> None:
    """Add the command to `realm skill`."""
    app.command(epilog="Example: realm skill new roman_numerals")(new)


def new(
    name: Annotated[str, typer.Argument(help="Id of the skill: lower-case letters, digits and underscores.")],
    into: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for the files; default: skills/ of the source tree you are in."),
    ] = None,
) -> None:
    """Write a commented YAML, a generator stub and tests that fail until both are filled in. Overwrites nothing."""
    from realm.cli.skill_stub import PROVIDER, TESTS, YAML
    from skills import get_engine

    if NAME.fullmatch(name) is None:
        raise RequestError(f"{name!r} is no id of a skill.", "Use lower-case letters, digits and _, a letter first.")
    engine = get_engine()
    if name in engine.unavailable or name in [skill.id for skill in engine.list_skills()]:
        raise ConflictError(f"There is a skill {name!r} already.", "Choose another name.")
    places = _places(name, into)
    for path in (places.yaml, places.provider, places.tests):
        if path.exists():
            raise ConflictError(f"{path} exists.", "Choose another name, or another folder with --into.")
    folder = 'Path(__file__).parents[2] / "skills"' if places.in_checkout else "Path(__file__).parent"
    for path, text in ((places.yaml, YAML), (places.provider, PROVIDER), (places.tests, TESTS)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace("NAME", name).replace("FOLDER", folder))
    say(
        f"{places.yaml}: the ladder",
        f"{places.provider}: the generator",
        f"{places.tests}: fails until both are filled in: python -m pytest {places.tests}",
    )
    if not places.in_checkout:
        say("The realm reads the skills/ folder of its own source tree: move the YAML and the generator there at last.")


def _places(name: str, into: Path | None) -> Places:
    folder = into if into is not None else Path("skills")
    in_checkout = (folder / "catalog.py").is_file() and (folder.parent / "tests" / "unit").is_dir()
    if into is None and not in_checkout:
        raise NotFoundError(
            f"{Path.cwd()} is no source tree of the realm: it has no skills/catalog.py beside tests/unit.",
            "Go to one, or name a folder with --into.",
        )
    tests = folder.parent / "tests" / "unit" / f"test_skills_{name}.py" if in_checkout else folder / f"test_{name}.py"
    return Places(folder / f"{name}.yaml", folder / f"{name}.py", tests, in_checkout)
