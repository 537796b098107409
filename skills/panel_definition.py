"""The YAML of primitives and passives: its fields, and the way from a file to what the catalog lists.

Knows no primitive and no passive in particular: every entry must name one of the draw functions, and each of these
must have an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realm.errors import ConfigError
from skills.definition import PrimitiveId, field_error
from skills.panel import Passive, Primitive
from skills.passives import PASSIVES
from skills.primitives import TRACKS


class PrimitiveDefinition(BaseModel):
    """One primitive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PrimitiveId
    """`track/name@version`; name is the draw function's. The version is raised whenever a question changes."""
    title: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    memorizable: bool
    max_response_chars: Annotated[int, Field(ge=1)]


class PassiveDefinition(BaseModel):
    """One passive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """The draw function's name."""
    version: Annotated[int, Field(ge=1)]
    """Raised whenever a question changes: results are compared only within a version."""
    title: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    memorizable: bool
    max_response_chars: Annotated[int, Field(ge=1)]


class PrimitivesDefinition(BaseModel):
    """All primitives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["primitives"]
    primitives: tuple[PrimitiveDefinition, ...]


class PassivesDefinition(BaseModel):
    """All passives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["passives"]
    passives: tuple[PassiveDefinition, ...]


def build_primitives(path: Path, fields: dict[str, Any]) -> Mapping[str, Primitive]:
    """The primitives that `fields`, read from `path`, define, by id.

    Raises:
        ConfigError: a field is missing, unknown or wrong, or entries and code do not match; says file, field, value and
            remedy.
    """
    try:
        entries = PrimitivesDefinition.model_validate(fields).primitives
    except ValidationError as error:
        raise field_error(path, error) from None
    draws = {f"{track}/{name}": draw for track, named in TRACKS.items() for name, draw in named.items()}
    names = [entry.id.partition("@")[0] for entry in entries]
    _match(path, "primitives", names, draws)
    found: dict[str, Primitive] = {}
    for entry, key in zip(entries, names, strict=True):
        track, _, name = key.partition("/")
        primitive = Primitive(
            name=name,
            version=int(entry.id.partition("@")[2]),
            title=entry.title,
            description=entry.description,
            memorizable=entry.memorizable,
            max_response_chars=entry.max_response_chars,
            draw=draws[key],
            track=track,
        )
        found[primitive.id] = primitive
    return found


def build_passives(path: Path, fields: dict[str, Any]) -> Mapping[str, Passive]:
    """The passives that `fields`, read from `path`, define, by id.

    Raises:
        ConfigError: as for `build_primitives`.
    """
    try:
        entries = PassivesDefinition.model_validate(fields).passives
    except ValidationError as error:
        raise field_error(path, error) from None
    _match(path, "passives", [entry.id for entry in entries], PASSIVES)
    return {
        entry.id: Passive(
            name=entry.id,
            version=entry.version,
            title=entry.title,
            description=entry.description,
            memorizable=entry.memorizable,
            max_response_chars=entry.max_response_chars,
            draw=PASSIVES[entry.id],
        )
        for entry in entries
    }


def _match(path: Path, kind: str, names: list[str], code: Iterable[str]) -> None:
    """Each entry once and with code, each piece of code with an entry."""
    known = set(code)
    for position, name in enumerate(names):
        field = f"{path}: field '{kind}.{position}.id' is {name!r}"
        if name not in known:
            raise ConfigError(f"{field}: skills/{kind} has no such function.", "Write it, or remove the entry.")
        if names.index(name) < position:
            raise ConfigError(f"{field}, which entry {names.index(name)} has.", "Remove one of the two.")
    if missing := sorted(known - set(names)):
        raise ConfigError(
            f"{path}: field {kind!r} has no entry for {', '.join(missing)} of skills/{kind}.", f"Add it to {path.name}."
        )
