"""What the books say of one checkpoint, gathered for its model card. Does not know how a card is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from realm.rules.campaign import Campaign
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.passives import PassiveResult
from realm.rules.progression import Evaluation, Exam
from realm.rules.quest import Quest

SAVED_AS_EVALUATED: Final = frozenset({CreatedBy.MASTERY, CreatedBy.CHAMPION})
"""Checkpoints that were saved from the very snapshot that had been evaluated."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A checkpoint and what was measured of it and before it.

    `evaluations`: those of these weights, and of each other skill the newest before them. `passives`: those of these
    weights. `quests`: what was trained on up to its step, in order. `ancestors`: nearest first. `start` is the
    checkpoint that the campaign began from, where it has one. `max_levels` is by skill id.
    """

    checkpoint: Checkpoint
    campaign: Campaign
    exam: Exam | None = None
    evaluations: tuple[Evaluation, ...] = ()
    passives: tuple[PassiveResult, ...] = ()
    quests: tuple[Quest, ...] = ()
    ancestors: tuple[Checkpoint, ...] = ()
    start: Checkpoint | None = None
    max_levels: Mapping[str, int] | None = None

    def is_own(self, evaluation: Evaluation) -> bool:
        """Whether it asked these very weights; another attempt's weights of the same step are not these."""
        return is_of(self.checkpoint, evaluation.checkpoint_id, evaluation.step)


def is_of(checkpoint: Checkpoint, asked: str | None, step: int) -> bool:
    """Whether what asked the checkpoint `asked`, or the snapshot of `step` where it is None, asked this checkpoint."""
    if asked is not None:
        return asked == checkpoint.id
    return step == checkpoint.step and checkpoint.created_by in SAVED_AS_EVALUATED
