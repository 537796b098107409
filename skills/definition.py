"""The YAML of a skill: its fields, and the way from a file to a `Skill`. Knows no skill in particular."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from realm.errors import ConfigError
from skills.provider import Provider
from skills.skill import Evaluation, Level, Skill

Kind = Literal["skill", "primitives", "passives"]
PrimitiveId = Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9_]+@[1-9][0-9]*$")]
LevelNumber = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class Known:
    """What a skill's YAML may refer to, by id: the context of its validation."""

    primitives: Collection[str]
    passives: Collection[str]


def _is_primitive(name: str, info: ValidationInfo) -> str:
    return _referred("primitive", name, cast(Known, info.context).primitives)


def _is_passive(name: str, info: ValidationInfo) -> str:
    return _referred("passive", name, cast(Known, info.context).passives)


def _referred(kind: str, name: str, known: Collection[str]) -> str:
    if name not in known:
        raise ValueError(f"there is no such {kind}; {nearest(name, known)}")
    return name


def nearest(name: str, known: Collection[str]) -> str:
    """For an error's remedy: ids that contain `name`, or else are spelled most like it, or else all; at most three."""
    found = [each for each in sorted(known) if name in each] or get_close_matches(name, known, cutoff=0.3)
    return f"the nearest: {', '.join(found[:3])}" if found else f"the first: {', '.join(sorted(known)[:3])}"


class LevelDefinition(BaseModel):
    """One level, or a range of levels that share an entry; `content` is the provider's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: LevelNumber | tuple[LevelNumber, LevelNumber]
    """A level, or the first and last of a range."""
    title: Annotated[str, Field(min_length=1)]
    memorizable: bool
    max_response_chars: Annotated[int, Field(ge=1)]
    primitives: tuple[Annotated[PrimitiveId, AfterValidator(_is_primitive)], ...]
    content: dict[str, Any]

    def numbers(self) -> range:
        """The levels this entry describes."""
        first, last = (self.level, self.level) if isinstance(self.level, int) else self.level
        return range(first, last + 1)


class SkillDefinition(BaseModel):
    """A skill as its YAML says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["skill"]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Annotated[str, Field(min_length=1)]
    version: Annotated[int, Field(ge=1)]
    """Raised whenever a problem of the skill changes: exams are compared only within a version."""
    description: Annotated[str, Field(min_length=1)]
    category: Annotated[str, Field(min_length=1)]
    icon: Annotated[str, Field(min_length=1)]
    """Id of a symbol in the Tavern's sprite."""
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Module of `skills` that generates and grades."""
    max_level: LevelNumber
    xp_multiplier: Annotated[float, Field(gt=0)] = 1.0
    evaluation: Evaluation = Evaluation()
    passive: Annotated[str, AfterValidator(_is_passive)] | None = None
    """Passive that measures the nearest untrained ability."""
    api_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    levels: tuple[LevelDefinition, ...]

    @field_validator("levels")
    @classmethod
    def _ladder_is_whole(cls, levels: tuple[LevelDefinition, ...], info: ValidationInfo) -> tuple[LevelDefinition, ...]:
        top = info.data.get("max_level", 0)
        numbers = [number for entry in levels for number in entry.numbers()]
        if numbers != list(range(1, top + 1)):
            raise ValueError(f"levels are {numbers}, not 1 to max_level {top}, each once and in order")
        return levels


def read_definition(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, its `kind` checked.

    Raises:
        ConfigError: not readable, not a mapping, or of no known kind.
    """
    try:
        data: object = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not readable YAML: {error}", "Correct or remove the file.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds a {type(data).__name__}, not a mapping of fields.", "Correct the file.")
    fields = cast(dict[str, Any], data)
    kinds = Kind.__args__
    if fields.get("kind") not in kinds:
        raise ConfigError(f"{path}: field 'kind' is {fields.get('kind')!r}.", f"Set it to one of {', '.join(kinds)}.")
    return fields


def build_skill(path: Path, fields: dict[str, Any], known: Known) -> Skill:
    """The skill that `fields`, read from `path`, define; it may refer to what is `known`.

    Raises:
        ConfigError: a field is missing, unknown or wrong; says which, its value and the remedy.
    """
    try:
        definition = SkillDefinition.model_validate(fields, context=known)
    except ValidationError as error:
        raise field_error(path, error) from None
    provider = _provider(path, definition.provider)
    return Skill(
        id=definition.id,
        name=definition.name,
        version=definition.version,
        description=definition.description,
        category=definition.category,
        icon=definition.icon,
        colour=definition.colour,
        max_level=definition.max_level,
        xp_multiplier=definition.xp_multiplier,
        evaluation=definition.evaluation,
        passive=definition.passive,
        api_port=definition.api_port,
        levels={
            number: _level(path, position, number, entry, provider)
            for position, entry in enumerate(definition.levels)
            for number in entry.numbers()
        },
        fingerprint=blake2b(definition.model_dump_json().encode(), digest_size=16).hexdigest(),
    )


def field_error(path: Path, error: ValidationError, prefix: tuple[str | int, ...] = ()) -> ConfigError:
    """The first failure of a validation, with file, field, value and remedy."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in (*prefix, *first["loc"]))
    value = repr(first["input"])
    value = value if len(value) <= 200 else f"{value[:200]}…"
    if first["type"] == "missing":
        return ConfigError(f"{path}: field {field!r} is missing.", f"Add {field} to {path.name}.")
    if first["type"] == "extra_forbidden":
        return ConfigError(f"{path}: field {field!r} (value {value}) is not known.", "Remove it or correct its name.")
    return ConfigError(f"{path}: field {field!r} is {value}: {first['msg']}.", f"Correct {field} in {path.name}.")


def _provider(path: Path, name: str) -> Provider:
    try:
        module = importlib.import_module(f"skills.{name}")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{path}: field 'provider' is {name!r}: {error}.", "Name a module of skills, and install what it needs."
        ) from None
    if not hasattr(module, "compile_level"):
        raise ConfigError(
            f"{path}: field 'provider' is {name!r}: that module has no compile_level.", "Name a provider, as binary."
        )
    return cast(Provider, module)


def _level(path: Path, position: int, number: int, entry: LevelDefinition, provider: Provider) -> Level:
    try:
        generator = provider.compile_level(number, entry.content)
    except ValidationError as error:
        raise field_error(path, error, ("levels", position, "content")) from None
    return Level(
        level=number,
        title=entry.title,
        memorizable=entry.memorizable,
        max_response_chars=entry.max_response_chars,
        primitives=entry.primitives,
        generator=generator,
    )
