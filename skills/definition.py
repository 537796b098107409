"""The YAML of a skill: its fields, and the way from a file to a `Skill`. Knows no skill in particular."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from realm.errors import ConfigError, RealmError
from skills.provider import Provider
from skills.skill import Evaluation, Level, Skill

Kind = Literal["skill", "primitives", "passives"]
PrimitiveId = Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9_]+@[1-9][0-9]*$")]
LevelNumber = Annotated[int, Field(ge=1, le=1000)]
# Told apart by hand, so that an error is about the one that was meant.
Levels = Annotated[
    Annotated[LevelNumber, Tag("number")] | Annotated[tuple[LevelNumber, LevelNumber], Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, list | tuple) else "number"),
]


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

    level: Levels
    """A level, or the first and last of a range."""
    title: Annotated[str, Field(min_length=1)]
    memorizable: bool
    max_response_chars: Annotated[int, Field(ge=1)]
    primitives: tuple[Annotated[PrimitiveId, AfterValidator(_is_primitive)], ...]
    content: dict[str, Any]

    @field_validator("primitives")
    @classmethod
    def _each_primitive_once(cls, primitives: tuple[str, ...]) -> tuple[str, ...]:
        if twice := [name for position, name in enumerate(primitives) if name in primitives[:position]]:
            raise ValueError(f"{twice[0]} is named twice")
        return primitives

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last level that this entry describes."""
        return (self.level, self.level) if isinstance(self.level, int) else self.level


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
    """Module that generates and grades: beside the YAML, or of `skills`."""
    max_level: LevelNumber
    xp_multiplier: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    evaluation: Evaluation = Evaluation()
    passive: Annotated[str, AfterValidator(_is_passive)] | None = None
    """Passive that measures the nearest untrained ability."""
    api_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    levels: tuple[LevelDefinition, ...]

    @field_validator("levels")
    @classmethod
    def _ladder_is_whole(cls, levels: tuple[LevelDefinition, ...], info: ValidationInfo) -> tuple[LevelDefinition, ...]:
        top, below = info.data.get("max_level", 0), 0
        for first, last in (entry.ends for entry in levels):
            if first != below + 1:
                raise ValueError(f"level {first} is where {below + 1} belongs: levels are 1 to max_level, in order")
            if last < first:
                raise ValueError(f"[{first}, {last}] is no range of levels: its first is above its last")
            below = last
        if below != top:
            raise ValueError(f"the last level is {below}, max_level {top}")
        return levels


def read_definition(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, its `kind` checked.

    Raises:
        ConfigError: not readable, not a mapping, or of no known kind.
    """
    try:
        data = _load(path.read_text(encoding="utf-8"))
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not readable YAML: {error}", "Correct or remove the file.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds a {type(data).__name__}, not a mapping of fields.", "Correct the file.")
    fields = cast(dict[str, Any], data)
    kinds = Kind.__args__
    if fields.get("kind") not in kinds:
        raise ConfigError(f"{path}: field 'kind' is {fields.get('kind')!r}.", f"Set it to one of {', '.join(kinds)}.")
    return fields


def _load(text: str) -> object:
    """What a YAML document says, if no mapping in it has a key twice: PyYAML would take the last one.

    Raises:
        yaml.YAMLError: it is no YAML, or a key is there twice.
    """
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root: yaml.Node | None = loader.get_single_node()
        if root is None:
            return None
        # The nodes as they are written: once constructed, a mapping also has the keys that `<<` merged into it.
        left, seen = [root], set[int]()
        while left:
            node = left.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                left += cast(list[yaml.Node], node.value)
            elif isinstance(node, yaml.MappingNode):
                pairs = cast(list[tuple[yaml.Node, yaml.Node]], node.value)
                _refuse_duplicates(node, [key for key, _ in pairs])
                left += [value for _, value in pairs]
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _refuse_duplicates(mapping: yaml.MappingNode, keys: list[yaml.Node]) -> None:
    known = set[tuple[str, str]]()
    for key in keys:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in known:
                raise yaml.constructor.ConstructorError(
                    "in a mapping", mapping.start_mark, f"the key {key.value!r} is there twice", key.start_mark
                )
            known.add((key.tag, key.value))


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
            number: _level(path, position, number, entry, definition.provider, provider)
            for position, entry in enumerate(definition.levels)
            for number in range(entry.ends[0], entry.ends[1] + 1)
        },
        fingerprint=blake2b(definition.model_dump_json().encode(), digest_size=16).hexdigest(),
    )


def why_unavailable(path: Path, fields: dict[str, Any]) -> RealmError | None:
    """What the provider of a skill that could be built lacks on this machine, or None.

    Raises:
        ConfigError: the provider fails to say so.
    """
    name: str = fields["provider"]
    check = getattr(_provider(path, name), "unavailable", None)
    try:
        return None if check is None else check()
    except Exception as error:
        raise _failed(path, name, "its unavailable() raised ", error) from error


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
    beside = path.parent / f"{name}.py"
    try:
        if path.parent.resolve() != Path(__file__).parent and beside.is_file():
            module = _module_at(beside)
        else:
            module = importlib.import_module(f"skills.{name}")
    except Exception as error:
        raise _failed(path, name, "", error) from error
    if not hasattr(module, "compile_level"):
        raise ConfigError(
            f"{path}: field 'provider' is {name!r}: that module has no compile_level.", "Name a provider, as binary."
        )
    return cast(Provider, module)


def _failed(path: Path, name: str, doing: str, error: Exception) -> ConfigError:
    """That a provider cannot be used, with the exception and the newest line of the provider's that led to it."""
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if Path(frame.filename).stem == name]
    where = f", line {lines[-1]} of {name}.py" if lines else ""
    return ConfigError(
        f"{path}: field 'provider' is {name!r}: {doing}{type(error).__name__}: {error}{where}.",
        "Name a module of skills, and install what it needs."
        if isinstance(error, ImportError)
        else f"Correct {name}.py.",
    )


def _module_at(file: Path) -> ModuleType:
    """The module in `file`, read once a process."""
    name = f"skills_{blake2b(str(file.resolve()).encode(), digest_size=6).hexdigest()}_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _level(path: Path, position: int, number: int, entry: LevelDefinition, name: str, provider: Provider) -> Level:
    try:
        generator = provider.compile_level(number, entry.content)
    except ValidationError as error:
        raise field_error(path, error, ("levels", position, "content")) from None
    except ConfigError as error:
        field = f"levels.{position}.content"
        raise ConfigError(f"{path}: field {field!r}: {error.problem}", error.remedy) from None
    except Exception as error:
        raise _failed(path, name, f"compile_level({number}, …) raised ", error) from error
    return Level(
        level=number,
        title=entry.title,
        memorizable=entry.memorizable,
        max_response_chars=entry.max_response_chars,
        primitives=entry.primitives,
        generator=generator,
    )
