"""A climb in one skill as the records tell it, and the numbers of the rule that looks for its level cap.

Does not know how either is judged: realm.rules.cap_evidence counts, realm.rules.level_cap decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from realm.config import LevelCapConfig
from realm.errors import RealmError
from realm.rules.progression import wilson_interval

DEFAULTS: Final = LevelCapConfig()


class InterventionKind(StrEnum):
    """A change of the training that may free a hero that is stuck."""

    LEARNING_RATE = "learning_rate"
    """The learning rate is warmed up anew."""
    EASIER_MIX = "easier_mix"
    """More of the mastered levels, nothing of the next."""
    LARGER_BATCH = "larger_batch"
    """More examples a step: less noise in the gradient."""

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Final = {
    InterventionKind.LEARNING_RATE: "a re-warmed learning rate",
    InterventionKind.EASIER_MIX: "an easier mix",
    InterventionKind.LARGER_BATCH: "a larger batch",
}


@dataclass(frozen=True, slots=True)
class CapRule:
    """The numbers of the rule. Tokens are training tokens; "a level's tokens" is what one is expected to take.

    `multiple`: level's tokens since the last promotion before a cap may be declared.
    `suspect_multiple`: the same, before a plateau is suspected and interventions begin.
    `generalization_multiple`: takes the place of `multiple` where training accuracy is ahead of held-out accuracy:
    generalization may come long after the training problems are solved (A. Power et al., Grokking, 2022).
    `floor_tokens`: least tokens since the last promotion before a cap, however quick the levels were.
    `longest_share`: a level's tokens are at least this share of what the longest one took. A cap comes after 2 + 3
    times a level's tokens at the earliest: with 1/5, not before as many as some level took in fact.
    `recent_levels`: newest promotions that tell what a level takes.
    `interventions`: what is tried, in this order; `interventions_needed` of them tried and measured before a cap.
    `intervention_multiple`: level's tokens that an intervention lasts.
    `measured_observations`: newest observations before an intervention began and ended that are its effect.
    `window_share`: newest part of the tokens since the last promotion in which accuracy is to be flat.
    `min_observations`: observations in that part, held out and of the training split.
    `max_points`: points that a trend is taken through; neighbours are pooled above that. Costs its square.
    `confidence`: of the slope's interval, two-sided.
    `gap`: accuracy on training problems, lower end of its interval, above held-out accuracy, upper end of its interval,
    from which the hero knows what it was trained on but not the level.
    `maintenance_multiple`: tokens on mastered levels per token on the training level from which they are what holds
    the hero up, where they lapse in spite of it.
    """

    multiple: float = DEFAULTS.multiple
    suspect_multiple: float = DEFAULTS.suspect_multiple
    generalization_multiple: float = DEFAULTS.generalization_multiple
    floor_tokens: int = DEFAULTS.floor_tokens
    longest_share: float = 0.2
    recent_levels: int = 10
    interventions: tuple[InterventionKind, ...] = tuple(InterventionKind)
    interventions_needed: int = DEFAULTS.interventions_needed
    intervention_multiple: float = 1.0
    measured_observations: int = 5
    window_share: float = 0.5
    min_observations: int = 12
    max_points: int = 32
    confidence: float = 0.90
    gap: float = 0.05
    maintenance_multiple: float = DEFAULTS.maintenance_multiple

    def __post_init__(self) -> None:
        multiples = self.suspect_multiple, self.multiple, self.generalization_multiple
        if self.suspect_multiple <= 0 or list(multiples) != sorted(multiples) or self.floor_tokens < 1:
            raise RealmError(
                f"A level cap with suspect_multiple, multiple, generalization_multiple {multiples} and floor_tokens "
                f"{self.floor_tokens}.",
                "None of the three is smaller than the one before, the first is above 0; floor_tokens is 1 or more.",
            )
        if self.interventions_needed > len(set(self.interventions)):
            raise RealmError(
                f"{self.interventions_needed} interventions are needed and {len(set(self.interventions))} known.",
                "Name more in interventions, or need fewer.",
            )


@dataclass(frozen=True, slots=True)
class Observation:
    """One evaluation at the training level: held-out accuracy, and what was asked beside it.

    `tokens`: training tokens of the campaign up to its step. Where several skills are trained, those of this skill
    alone are the better count; one count throughout. `train_*`: problems of the level's train split; on memorizable
    levels, whose splits are one, they are like the held-out ones. `review_*`: problems of a mastered level.
    `level_share`, `mastered_share`: shares of the skill's training that went to the training level and to all mastered
    ones at this time; None where not known.
    """

    step: int
    tokens: int
    level: int
    n: int
    correct: int
    train_n: int = 0
    train_correct: int = 0
    review_level: int | None = None
    review_n: int = 0
    review_correct: int = 0
    level_share: float | None = None
    mastered_share: float | None = None

    def __post_init__(self) -> None:
        pairs = ((self.correct, self.n), (self.train_correct, self.train_n), (self.review_correct, self.review_n))
        if self.n < 1 or any(not 0 <= correct <= n for correct, n in pairs):
            raise RealmError(f"An observation with (correct, n) of {pairs}.", "n is 1 or more, correct 0 to n.")


@dataclass(frozen=True, slots=True)
class Promotion:
    """`level` was mastered at `step`, after `tokens` of the campaign.

    `review_correct` of `review_n` problems of levels mastered before were right, asked since the promotion before.
    """

    level: int
    step: int
    tokens: int
    review_n: int = 0
    review_correct: int = 0


@dataclass(frozen=True, slots=True)
class Intervention:
    """Tried while `level` was the training level. `ended_tokens` None: under way."""

    kind: InterventionKind
    level: int
    began_tokens: int
    ended_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Climb:
    """All that is known of one skill in one campaign. `skill` is its name as people read it.

    Observations of earlier levels, and from before the last promotion, are not looked at and may be left out.
    Promotions and interventions are all of the campaign's.
    `reopened_tokens`: when a verdict was last reopened; tokens and interventions count from there.
    """

    skill: str
    max_level: int
    observations: Sequence[Observation] = ()
    promotions: Sequence[Promotion] = ()
    interventions: Sequence[Intervention] = ()
    threshold: float = 0.80
    reopened_tokens: int | None = None

    @property
    def mastered_level(self) -> int:
        return max((each.level for each in self.promotions), default=0)

    @property
    def held_level(self) -> int:
        """The highest level that was mastered while those below had not lapsed (`has_lapsed`); 0 = none."""
        kept = (p.level for p in self.promotions if not has_lapsed(p.review_n, p.review_correct, self.threshold))
        return max(kept, default=0)

    @property
    def since_tokens(self) -> int:
        """Where counting begins: the last promotion, or the reopening after it."""
        return max([each.tokens for each in self.promotions] + [self.reopened_tokens or 0])


def has_lapsed(review_n: int, review_correct: int, threshold: float) -> bool:
    """Whether the 95 % Wilson interval of the accuracy on mastered levels lies below the threshold."""
    return review_n > 0 and wilson_interval(review_correct, review_n)[1] < threshold
