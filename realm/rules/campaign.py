"""Campaigns: one attempt to push one hero to its cap. Does not know how steps are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class CampaignLife(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    """In the Hall of Legends."""
    TRASHED = "trashed"


class Momentum(StrEnum):
    """Whether the hero is moving: `go` = a battle is on or about to start, `blocked` = something must be put right."""

    GO = "go"
    IDLE = "idle"
    BLOCKED = "blocked"


LIFE_TRANSITIONS: Final[Mapping[CampaignLife, frozenset[CampaignLife]]] = MappingProxyType(
    {
        CampaignLife.ACTIVE: frozenset({CampaignLife.PAUSED, CampaignLife.ARCHIVED}),
        CampaignLife.PAUSED: frozenset({CampaignLife.ACTIVE, CampaignLife.ARCHIVED, CampaignLife.TRASHED}),
        CampaignLife.ARCHIVED: frozenset({CampaignLife.PAUSED, CampaignLife.TRASHED}),
        CampaignLife.TRASHED: frozenset({CampaignLife.PAUSED}),
    }
)


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of the active campaign that waits until its battle is saved.

    The active one becomes `leaves_to`, `activates` becomes active, None = no campaign is active then.
    """

    leaves_to: CampaignLife
    activates: str | None
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. Exam accuracies are comparable within one `exam_version` only.

    `starting_checkpoint_id` is where its weights come from, None = the hero's base model; its steps count from 0.
    `life_since` is when it became what it is. `trouble` is why no quest can be generated, since `trouble_at`.
    """

    id: str
    hero_id: str
    number: int
    life: CampaignLife
    momentum: Momentum
    momentum_reason: str
    exam_version: str
    created_at: datetime
    life_since: datetime
    champion_id: str | None = None
    champion_accuracy: float | None = None
    champion_exam_version: str | None = None
    starting_checkpoint_id: str | None = None
    note: str = ""
    trouble: str = ""
    trouble_at: datetime | None = None


def campaign_id(hero_id: str, number: int) -> str:
    """The id of a hero's `number`-th campaign, counted from 1."""
    return f"{hero_id}-{number}"


def hero_of(campaign: str) -> str:
    """The hero of the campaign of this id."""
    return campaign.rpartition("-")[0]
