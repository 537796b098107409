"""The level-up rule: evaluations in, skill state and what happened out. Does not know how problems are made or graded.

A level is mastered when the mean accuracy of the last three evaluations at the training level reaches the threshold,
each of a later training step, each on fresh problems and enough of them. The window of evaluations empties then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from typing import Any, Final

from realm.errors import RealmError

XP_PER_EVALUATION: Final = 10


@dataclass(frozen=True, slots=True)
class LevelRule:
    """What a skill asks for at each of its levels; comes from the skill's YAML."""

    max_level: int
    threshold: float = 0.80
    xp_multiplier: float = 1.0
    window: int = 3
    min_problems: int = 100
    folds: int = 3
    """Evaluations whose folds differ modulo this share no problem."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One graded batch of problems. (seed, fold) decides the problems; `id` is 0 until it is recorded.

    `review_correct` of `review_n` problems of the mastered `review_level`, asked beside, were right; they count for
    nothing but what is known of that level. So do `train_correct` of `train_n` problems of the level's train split, by
    which capacity is told from generalization. `level_share`, `mastered_share`: shares of the skill's training that
    went to the training level and to all mastered ones; None where another level was asked.
    """

    campaign_id: str
    skill_id: str
    level: int
    step: int
    n: int
    correct: int
    seed: int
    fold: int
    job_id: str
    created_at: datetime
    checkpoint_id: str | None = None
    battle_id: str | None = None
    duration_s: float = 0.0
    review_level: int | None = None
    review_n: int = 0
    review_correct: int = 0
    train_n: int = 0
    train_correct: int = 0
    level_share: float | None = None
    mastered_share: float | None = None
    id: int = 0

    def __post_init__(self) -> None:
        beside = (self.review_correct, self.review_n), (self.train_correct, self.train_n)
        if self.n < 1 or any(not 0 <= correct <= n for correct, n in ((self.correct, self.n), *beside)):
            raise RealmError(
                f"An evaluation has {self.correct} correct of n={self.n}, {self.review_correct} of n={self.review_n} "
                f"in its review, {self.train_correct} of n={self.train_n} of the train split.",
                "n is 1 or more, correct 0 to n.",
            )

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


@dataclass(frozen=True, slots=True)
class Exam:
    """One exam: the fixed panel of every level of every enabled skill. `id` is 0 until it is recorded.

    `skill_accuracies` is the mean over levels by skill id; `exam_accuracy` the mean over skills. `level_results` gives
    (n, correct) by skill id and level.
    """

    campaign_id: str
    step: int
    exam_version: str
    exam_accuracy: float
    skill_accuracies: Mapping[str, float]
    n: int
    job_id: str
    created_at: datetime
    checkpoint_id: str | None = None
    battle_id: str | None = None
    val_loss: float | None = None
    duration_s: float = 0.0
    level_results: Mapping[str, Mapping[int, tuple[int, int]]] = field(default_factory=dict[str, Mapping[int, Any]])
    id: int = 0


@dataclass(frozen=True, slots=True)
class SkillState:
    """Where a campaign stands in one skill. `window` holds the evaluations that count towards the next level.

    `last_accuracy` is that of the newest evaluation, by its step `last_step`, that was at the training level and had
    enough problems.
    """

    campaign_id: str
    skill_id: str
    max_level: int
    mastered_level: int = 0
    xp: int = 0
    window: tuple[Evaluation, ...] = field(default=())
    last_accuracy: float | None = None
    last_step: int | None = None

    @property
    def training_level(self) -> int:
        return min(self.mastered_level + 1, self.max_level)

    @property
    def ladder_exhausted(self) -> bool:
        """Every level is mastered."""
        return self.mastered_level >= self.max_level

    @property
    def window_mean(self) -> float | None:
        return float(_mean(self.window)) if self.window else None


class Change(StrEnum):
    COUNTED = "counted"
    NOT_COUNTED = "not_counted"
    LEVEL_MASTERED = "level_mastered"
    LADDER_EXHAUSTED = "ladder_exhausted"


@dataclass(frozen=True, slots=True)
class Happening:
    """One consequence of an evaluation. `detail` says why or by how much."""

    change: Change
    level: int
    detail: str


def wilson_interval(correct: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a proportion (E. B. Wilson, 1927); z = 1.96 gives 95 %."""
    if n < 1:
        raise RealmError(f"A Wilson interval of n={n}.", "n is 1 or more.")
    p = correct / n
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    centre = p + z * z / (2 * n)
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def xp_gained(evaluation: Evaluation, multiplier: float) -> int:
    """int(10 × multiplier × accuracy), multiplied before it is divided so that whole results stay whole."""
    return int(XP_PER_EVALUATION * multiplier * evaluation.correct / evaluation.n)


def window(evaluations: Sequence[Evaluation], level: int, size: int = 3) -> tuple[Evaluation, ...]:
    """The last `size` of the evaluations at `level`, oldest first."""
    return tuple(each for each in evaluations if each.level == level)[-size:]


def advance(state: SkillState, evaluation: Evaluation, rule: LevelRule) -> tuple[SkillState, tuple[Happening, ...]]:
    """The state after `evaluation`, and what happened. Every one gives XP; not every one counts for the level."""
    earned = replace(state, max_level=rule.max_level, xp=state.xp + xp_gained(evaluation, rule.xp_multiplier))
    level = earned.training_level
    if evaluation.level != level:
        return earned, (_not_counted(evaluation, f"the training level is {level}"),)
    newest = earned.last_step is None or evaluation.step >= earned.last_step
    if evaluation.n >= rule.min_problems and newest:
        earned = replace(earned, last_accuracy=evaluation.accuracy, last_step=evaluation.step)
    obstacle = _obstacle(earned, evaluation, rule)
    if obstacle:
        return earned, (_not_counted(evaluation, obstacle),)
    counted = replace(earned, window=window((*earned.window, evaluation), level, rule.window))
    mean = _mean(counted.window)
    text = f"mean of {len(counted.window)} is {float(mean):.3f}, threshold {rule.threshold:g}"
    happenings = [Happening(Change.COUNTED, level, text)]
    full = len(counted.window) == rule.window
    if counted.ladder_exhausted or not full or mean < Fraction(str(rule.threshold)):
        return counted, tuple(happenings)
    mastered = replace(counted, mastered_level=level, window=())
    happenings.append(Happening(Change.LEVEL_MASTERED, level, text))
    if mastered.ladder_exhausted:
        happenings.append(Happening(Change.LADDER_EXHAUSTED, level, f"{level} of {rule.max_level} levels mastered"))
    return mastered, tuple(happenings)


def _obstacle(state: SkillState, evaluation: Evaluation, rule: LevelRule) -> str:
    """Why an evaluation at the training level does not enter the window, or ""."""
    if evaluation.n < rule.min_problems:
        return f"{evaluation.n} problems, at least {rule.min_problems} are needed"
    before = window(state.window, evaluation.level, rule.window)
    if before and evaluation.step <= before[-1].step:
        return f"step {evaluation.step} is not beyond {before[-1].step}, which is in the window already"
    kept = before[1:] if len(before) == rule.window else before
    shared = next((each for each in kept if (each.fold - evaluation.fold) % rule.folds == 0), None)
    if shared is not None:
        return f"fold {evaluation.fold} has problems of fold {shared.fold}, which is in the window already"
    return ""


def _not_counted(evaluation: Evaluation, why: str) -> Happening:
    return Happening(Change.NOT_COUNTED, evaluation.level, why)


def _mean(evaluations: Sequence[Evaluation]) -> Fraction:
    return sum((Fraction(each.correct, each.n) for each in evaluations), Fraction()) / len(evaluations)
