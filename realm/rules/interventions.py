"""What an intervention does to the training while it lasts. Does not know when one is tried, nor who trains."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Final

from realm.rules.climb import InterventionKind
from realm.rules.schedule import PRESETS

BATCHES: Final = 4
"""Batches of one optimizer step while the batch is larger."""
WARMUP: Final = 0.1
"""Part of an intervention's tokens in which the learning rate is warmed up."""
LOWEST: Final = 0.1
"""Of the learning rate, what is left of it at the end."""
EASIER: Final = next(each.mix for each in PRESETS if each.id == "consolidate")
"""Of a skill's levels while the mix is easier."""


@dataclass(frozen=True, slots=True)
class Rewarming:
    """The learning rate from `began_tokens` of the campaign on, for `span_tokens`."""

    began_tokens: int
    span_tokens: int

    def factor(self, tokens: int) -> float:
        """Of the learning rate after so many tokens of the campaign.

        From 0 up to 1 on a line, then down to LOWEST on half a cosine: a warm restart (I. Loshchilov, F. Hutter, SGDR,
        2017, eq. 5). Beyond the span LOWEST.
        """
        share = min(1.0, max(0.0, (tokens - self.began_tokens) / max(1, self.span_tokens)))
        if share < WARMUP:
            return share / WARMUP
        return LOWEST + (1 - LOWEST) * (1 + cos(pi * (share - WARMUP) / (1 - WARMUP))) / 2


@dataclass(frozen=True, slots=True)
class TrainingChange:
    """What the step loop does differently. Without an intervention: nothing."""

    rewarming: Rewarming | None = None
    batches: int = 1


UNCHANGED: Final = TrainingChange()


def training_change(kind: InterventionKind, began_tokens: int, span_tokens: int) -> TrainingChange:
    """What an intervention changes in the step loop; the easier mix changes quests instead."""
    if kind == InterventionKind.LEARNING_RATE:
        return TrainingChange(rewarming=Rewarming(began_tokens, span_tokens))
    return TrainingChange(batches=BATCHES if kind == InterventionKind.LARGER_BATCH else 1)
