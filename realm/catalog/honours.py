"""Titles and achievements: `titles.yaml` and `achievements.yaml`, read and checked whole before anything starts.

Their conditions are in the language of realm.rules.conditions and may name what the skills, primitives and passives of
this realm are. Does not know who has earned what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, cast

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from realm.errors import ConfigError
from realm.rules.conditions import Condition, describe, holds, parse
from realm.rules.measures import Known
from realm.rules.record import CampaignRecord
from realm.rules.titles import Achievement, Title
from skills import Engine, get_engine

CATALOG: Final = Path(__file__).parent

ICONS: Final = frozenset(
    {
        "anvil",
        "banner",
        "book",
        "chain",
        "coin",
        "compass",
        "crown",
        "flame",
        "hourglass",
        "key",
        "lantern",
        "mountain",
        "owl",
        "quill",
        "rune-any",
        "rune-bin",
        "rune-sy",
        "scale",
        "scroll",
        "shield",
        "star",
        "sword",
        "target",
        "tower",
    }
)
"""Drawings that an achievement may be shown with."""

Category = Literal[
    "training",
    "quests",
    "bin",
    "sy",
    "skills",
    "evaluations",
    "exams",
    "checkpoints",
    "primitives",
    "passives",
    "sparring",
]


@dataclass(frozen=True, slots=True)
class Honours:
    """Everything that can be earned, in the order of the files. `names`: what is shown in place of ids."""

    titles: tuple[Title, ...]
    achievements: tuple[Achievement, ...]
    known: Known


def _drawn(icon: str) -> str:
    if icon not in ICONS:
        raise ValueError(f"there is no such icon; the icons are {', '.join(sorted(ICONS))}")
    return icon


class Entry(BaseModel):
    """What every entry has. Its description is made from its condition."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    condition: dict[str, Any]


class TitleEntry(Entry):
    priority: Annotated[int, Field(ge=0, le=1000)]
    """The highest of those held is the primary title."""


class AchievementEntry(Entry):
    category: Category
    icon: Annotated[str, AfterValidator(_drawn)]


E = TypeVar("E", bound=Entry)


@cache
def shipped_honours() -> Honours:
    """Those that come with the realm, read once a process.

    Raises:
        ConfigError: as `load_honours`.
    """
    return load_honours(known_of(get_engine()))


def known_of(engine: Engine) -> Known:
    """What conditions may name: of skills also those that lack something on this machine."""
    skills = [*engine.list_skills(), *(skill for skill, _ in engine.list_unavailable())]
    primitives, passives = engine.list_primitives(), engine.list_passives()
    names = {each.id: each.name for each in skills} | {each.id: each.title for each in (*primitives, *passives)}
    return Known(
        skills={each.id: each.max_level for each in skills},
        primitives=frozenset(each.id for each in primitives),
        passives=frozenset(each.id for each in passives),
        names=names,
    )


def load_honours(known: Known, directory: Path = CATALOG) -> Honours:
    """The titles and achievements of a directory, whose conditions name what is `known`.

    Raises:
        ConfigError: an entry cannot be used; says file, id, field, value and remedy.
    """
    titles, achievements = directory / "titles.yaml", directory / "achievements.yaml"
    found = Honours(
        titles=tuple(
            Title(each.id, each.name, each.priority, *_condition(titles, each, known))
            for each in _entries(titles, "titles", TitleEntry)
        ),
        achievements=tuple(
            Achievement(each.id, each.name, each.category, each.icon, *_condition(achievements, each, known))
            for each in _entries(achievements, "achievements", AchievementEntry)
        ),
        known=known,
    )
    both = Counter(each.id for each in (*found.titles, *found.achievements))
    if twice := next((name for name, count in both.items() if count > 1), None):
        raise ConfigError(f"{achievements}: {twice}: field 'id' is a title's too.", "Choose another id.")
    return found


def _condition(path: Path, entry: Entry, known: Known) -> tuple[Condition, str]:
    """An entry's condition, and it in words."""
    try:
        condition = parse(entry.condition, known)
    except ConfigError as error:
        raise ConfigError(f"{path}: {entry.id}: {error.problem}", error.remedy) from None
    if holds(condition, CampaignRecord()):
        raise ConfigError(
            f"{path}: {entry.id}: condition holds before a campaign has begun.", "Join it with one that does not."
        )
    words = describe(condition, known.names)
    return condition, words[0].upper() + words[1:]


def _entries(path: Path, key: str, model: type[E]) -> list[E]:
    """The entries of a file, each valid by itself and of an id and a name of its own."""
    found = [_validated(path, key, number, each, model) for number, each in enumerate(_listed(path, key))]
    for field in ("id", "name"):
        values = Counter(cast(str, getattr(each, field)) for each in found)
        if twice := next((each for each in found if values[getattr(each, field)] > 1), None):
            value = getattr(twice, field)
            raise ConfigError(f"{path}: {twice.id}: field {field!r} is {value!r} twice.", f"Choose another {field}.")
    return found


def _listed(path: Path, key: str) -> Sequence[object]:
    try:
        data: object = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not readable YAML: {error}", "Correct the file.") from None
    fields = cast(dict[object, object], data) if isinstance(data, dict) else {}
    listed = fields.get(key)
    if len(fields) != 1 or not isinstance(listed, list):
        raise ConfigError(f"{path} is not one list under {key!r}.", f"Begin the file with `{key}:` and list them.")
    return cast(list[object], listed)


def _validated(path: Path, key: str, number: int, data: object, model: type[E]) -> E:
    fields = cast(dict[object, object], data) if isinstance(data, dict) else {}
    name = fields.get("id")
    where = f"{path}: {name}" if isinstance(name, str) and name else f"{path}: {key}.{number}"
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "entry"
        value = "" if first["type"] == "missing" else f" is {first['input']!r}"
        raise ConfigError(f"{where}: field {field!r}{value}: {first['msg']}.", "Correct the file.") from None


class _Loader(yaml.SafeLoader):
    """Plain data only, and no key of a mapping twice: PyYAML would take the last one."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key in _scalars(node)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _scalars(node: yaml.MappingNode) -> Iterator[yaml.ScalarNode]:
    pairs = cast(list[tuple[yaml.Node, yaml.Node]], node.value)
    return (key for key, _ in pairs if isinstance(key, yaml.ScalarNode))
