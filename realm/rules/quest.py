"""Quests: training data files and the states they pass through. Does not know files, order or the database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class QuestStatus(StrEnum):
    QUEUED = "queued"
    ACTIVE = "active"
    FOUGHT = "fought"
    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Nothing changes it any more but an explicit retry (failed and cancelled only)."""
        return self in TERMINAL


TERMINAL: Final = frozenset({QuestStatus.COMPLETED, QuestStatus.REJECTED, QuestStatus.FAILED, QuestStatus.CANCELLED})

QUEST_TRANSITIONS: Final[Mapping[QuestStatus, frozenset[QuestStatus]]] = MappingProxyType(
    {
        QuestStatus.QUEUED: frozenset({QuestStatus.ACTIVE, QuestStatus.FAILED, QuestStatus.CANCELLED}),
        QuestStatus.ACTIVE: frozenset(
            {QuestStatus.FOUGHT, QuestStatus.QUEUED, QuestStatus.FAILED, QuestStatus.CANCELLED}
        ),
        # Back to queued or active when the steps it was fought in were lost with a crash.
        QuestStatus.FOUGHT: frozenset({QuestStatus.COMPLETED, QuestStatus.QUEUED, QuestStatus.ACTIVE}),
        QuestStatus.COMPLETED: frozenset(),
        QuestStatus.REJECTED: frozenset(),
        QuestStatus.FAILED: frozenset({QuestStatus.QUEUED}),
        QuestStatus.CANCELLED: frozenset({QuestStatus.QUEUED}),
    }
)


class QuestPriority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Quest:
    """A quest: one training data file, identified by the sha256 of its bytes within a campaign.

    `first_step` and `last_step` are the campaign steps at which its fighting began and ended. `ended_by` says why it
    ended: "exhausted", "level_mastered", "cancelled". `reason` is the error or rejection in words. A rejected file has
    no sha256 ("") and `reason_line` names the line at fault. `failures`: how often it failed, tries anew included.
    `made_of` is what a generated quest can be made anew from: its `seed`, and by skill and level how many problems of
    the train split; `easier_mix` is the number of the intervention that it was made in, if that was one.
    """

    id: str
    campaign_id: str
    sha256: str
    name: str
    status: QuestStatus
    priority: QuestPriority
    position: int
    origin: str
    posted_at: datetime
    shape: str = ""
    examples: int = 0
    size_bytes: int = 0
    skipped_too_long: int = 0
    skill_id: str | None = None
    level: int | None = None
    battle_id: str | None = None
    attempt_id: str | None = None
    lease_expires_at: datetime | None = None
    first_step: int | None = None
    last_step: int | None = None
    steps_total: int | None = None
    steps_fought: int = 0
    ended_by: str | None = None
    train_loss: float | None = None
    heldout_loss: float | None = None
    gap_s: float | None = None
    reason: str | None = None
    reason_line: int | None = None
    failures: int = 0
    started_at: datetime | None = None
    fought_at: datetime | None = None
    completed_at: datetime | None = None
    made_of: dict[str, Any] | None = None

    def trained(self, skill_id: str, level: int) -> int:
        """Problems of a level that a generated quest holds."""
        levels: dict[str, dict[str, int]] = (self.made_of or {}).get("levels", {})
        return levels.get(skill_id, {}).get(str(level), 0)


def quest_id(campaign_id: str, key: str) -> str:
    """The id of the quest whose file has sha256 `key` in this campaign: 16 hex digits, known before it is stored."""
    return hashlib.sha256(f"{campaign_id}\n{key}".encode()).hexdigest()[:16]
