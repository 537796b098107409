"""Titles and achievements: which a record earns, and which title is the primary one.

What was earned stays earned: it is decided when a record first meets the condition, also where the condition is on
something that falls again, as an accuracy over the newest problems. Who holds what is kept elsewhere; it comes in as
ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from realm.rules.conditions import Condition, holds
from realm.rules.record import CampaignRecord


@dataclass(frozen=True, slots=True)
class Title:
    """A name for the hero. `description` is its condition in words; the highest `priority` held is the primary one."""

    id: str
    name: str
    priority: int
    condition: Condition
    description: str


@dataclass(frozen=True, slots=True)
class Achievement:
    """Something that a campaign did. `description` is its condition in words; `icon` names a drawing."""

    id: str
    name: str
    category: str
    icon: str
    condition: Condition
    description: str


class HonourKind(StrEnum):
    TITLE = "title"
    ACHIEVEMENT = "achievement"


@dataclass(frozen=True, slots=True)
class HeldHonour:
    """What a campaign earned, when, and at which step that training can resume from."""

    kind: HonourKind
    honour_id: str
    at: datetime
    step: int


class Honour(Protocol):
    """What titles and achievements have in common."""

    @property
    def id(self) -> str: ...
    @property
    def condition(self) -> Condition: ...


H = TypeVar("H", bound=Honour)


def earned(honours: Iterable[H], record: CampaignRecord) -> tuple[H, ...]:
    """Those whose condition the record meets, in their order."""
    return tuple(each for each in honours if holds(each.condition, record))


def newly_earned(honours: Iterable[H], record: CampaignRecord, held: Collection[str]) -> tuple[H, ...]:
    """Those that the record earns beyond the ids `held` already."""
    return earned((each for each in honours if each.id not in held), record)


def primary_title(titles: Iterable[Title], held: Collection[str]) -> Title | None:
    """The held title of the highest priority, of equals the one whose id comes first; None without any.

    Ids of titles that are no longer there count for nothing.
    """
    mine = [each for each in titles if each.id in held]
    return min(mine, key=lambda each: (-each.priority, each.id), default=None)
