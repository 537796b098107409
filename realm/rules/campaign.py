"""Campaigns: one attempt to push one hero to its cap. Does not know how steps are trained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CampaignLife(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class Momentum(StrEnum):
    """Whether the hero is moving: `go` = a battle is on or about to start, `blocked` = something must be put right."""

    GO = "go"
    IDLE = "idle"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. Exam accuracies are comparable within one `exam_version` only."""

    id: str
    hero_id: str
    number: int
    life: CampaignLife
    momentum: Momentum
    momentum_reason: str
    exam_version: str
    created_at: datetime
    champion_id: str | None = None
    champion_accuracy: float | None = None
    champion_exam_version: str | None = None


def campaign_id(hero_id: str, number: int) -> str:
    """The id of a hero's `number`-th campaign, counted from 1."""
    return f"{hero_id}-{number}"
