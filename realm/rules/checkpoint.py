"""Checkpoints: the ledger's record, its names, and which of them is the champion. Does not know files or weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CreatedBy(StrEnum):
    """Why a checkpoint was saved."""

    START = "start"
    IMPORT = "import"
    INTERVAL = "interval"
    QUEST_END = "quest_end"
    MASTERY = "mastery"
    CHAMPION = "champion"
    PAUSE = "pause"
    STOP = "stop"


class TrashedBy(StrEnum):
    """Who put a checkpoint into the trash."""

    PERSON = "person"
    RETENTION = "retention"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's ledger record. `path` is its folder; `sha256` that of `model.safetensors`, the served weights.

    `mastered_levels` is the mastered level by skill id when it was saved; `exam_skills` the exam accuracy by skill id.
    At `promoted_at` a person made it the champion, at `crowned_at` its exam did for the first time. `path` is "" when
    only copies in other strongholds are left.
    """

    id: str
    campaign_id: str
    hero_id: str
    step: int
    saved_at: datetime
    canonical_name: str
    path: str
    sha256: str
    size_bytes: int
    has_optimizer: bool
    created_by: CreatedBy
    train_loss: float | None = None
    val_loss: float | None = None
    perplexity: float | None = None
    learning_rate: float | None = None
    epoch: float | None = None
    quest_id: str | None = None
    skill_id: str | None = None
    skill_level: int | None = None
    tokens_seen: int = 0
    examples_seen: int = 0
    parent_id: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    mastered_levels: Mapping[str, int] = field(default_factory=dict[str, int])
    exam_accuracy: float | None = None
    exam_version: str | None = None
    exam_skills: Mapping[str, float] = field(default_factory=dict[str, float])
    promoted_at: datetime | None = None
    crowned_at: datetime | None = None
    trashed_at: datetime | None = None
    trashed_by: TrashedBy | None = None


def canonical_name(step: int, saved_at: datetime) -> str:
    """`checkpoint-{step}-{YYYYMMDD}-{HHMM}`, in the zone of `saved_at`."""
    return f"checkpoint-{step}-{saved_at:%Y%m%d-%H%M}"


def checkpoint_id(campaign_id: str, name: str) -> str:
    return f"{campaign_id}/{name}"


def beats(accuracy: float, step: int, champion_accuracy: float, champion_step: int) -> bool:
    """Whether an examined checkpoint replaces the champion of the same exam version: better, or as good and earlier."""
    return (accuracy, -step) > (champion_accuracy, -champion_step)
