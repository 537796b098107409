"""Column types that carry domain values, and rows turned into domain objects. Does not know the tables."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, DateTime, Dialect, Enum, RowMapping, SmallInteger
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from realm.errors import RealmError

T = TypeVar("T")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise RealmError(f"The time {value.isoformat()} names no time zone.", "Give an aware datetime.")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Ranked(TypeDecorator[StrEnum]):
    """A word of an enum stored as its rank, so that ORDER BY gives the enum's order."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    @override
    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> int | None:
        return None if value is None else list(self.words).index(self.words(value))

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else list(self.words)[value]


class JsonTuple(TypeDecorator[tuple[Any, ...]]):
    """A tuple stored as a JSON array."""

    impl = JSON
    cache_ok = True

    @override
    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: Dialect) -> list[Any] | None:
        return None if value is None else list(value)

    @override
    def process_result_value(self, value: list[Any] | None, dialect: Dialect) -> tuple[Any, ...] | None:
        return None if value is None else tuple(value)


class LevelResults(TypeDecorator[dict[str, dict[int, tuple[int, int]]]]):
    """Skill id → level → (n, correct), stored as a JSON object."""

    impl = JSON
    cache_ok = True

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, dict[int, tuple[int, int]]] | None:
        if value is None:
            return None
        return {skill: {int(level): (n, correct) for level, (n, correct) in it.items()} for skill, it in value.items()}


def word(words: type[StrEnum]) -> Enum:
    """A column of an enum's words, stored as text."""
    return Enum(words, native_enum=False, create_constraint=False, length=24, values_callable=_texts)


def _texts(words: type[StrEnum]) -> list[str]:
    return [each.value for each in words]


@cache
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls))


def to(cls: type[T], row: RowMapping, **more: Any) -> T:
    """A dataclass from the columns that have its fields' names; `more` gives fields that are no columns."""
    values = {name: row[name] for name in _field_names(cls) if name not in more}
    return cls(**values, **more)


def values_of(instance: Any, *leave_out: str) -> dict[str, Any]:
    """A dataclass's fields as column values."""
    names = _field_names(cast(type[Any], type(instance)))
    return {name: getattr(instance, name) for name in names if name not in leave_out}
