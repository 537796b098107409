"""What a worker is told to ask of a hero: one model a type of job, filled in when the job is claimed.

Does not know how problems are made, where weights lie or who answers.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realm.rules.job_payloads import MAX_PROMPT_CHARS, MAX_SEED, Id
from realm.rules.limits import MAX_PROBLEMS
from realm.rules.passives import PassiveMode

Number = Annotated[int, Field(ge=0, le=MAX_SEED)]
LevelNumber = Annotated[int, Field(ge=1, le=10_000)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(Part):
    """Whose answers are wanted: a checkpoint, or the snapshot of a battle at a step."""

    campaign_id: Id
    step: Number
    checkpoint_id: Id | None = None
    battle_id: Id | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.checkpoint_id is None) == (self.battle_id is None):
            raise ValueError("give one of checkpoint_id and battle_id")
        return self


class Task(Part):
    """`weights`: the first of these that can still be had. A snapshot is gone once newer ones took its place."""

    weights: Annotated[tuple[Weights, ...], Field(min_length=1, max_length=4)]


class SkillVersion(Part):
    """A skill as it is asked here: `fingerprint` is that of its YAML."""

    id: Id
    fingerprint: str
    max_level: LevelNumber


class EvalTask(Task):
    """`count` problems of a level, and of the mastered `review_level`, if there is one, `review_count` beside.

    (seed, fold) decides the problems; those of the review follow from `review_seed`. So many problems of the level that
    the hero was trained on as `train_count` says are asked beside, too: the first of a quest that was made with
    `train_seed`. `requested`: a person chose the level.
    """

    skill: SkillVersion
    level: LevelNumber
    count: Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]
    seed: Number
    fold: Number
    review_level: LevelNumber | None = None
    review_count: Annotated[int, Field(ge=0, le=MAX_PROBLEMS)] = 0
    review_seed: Number = 0
    train_count: Annotated[int, Field(ge=0, le=MAX_PROBLEMS)] = 0
    train_seed: Number = 0
    requested: bool = False


class ExamTask(Task):
    """The fixed panel `version`: `per_level` problems of every level of these skills."""

    skills: Annotated[tuple[SkillVersion, ...], Field(min_length=1)]
    version: str
    per_level: Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]


class PassiveTask(Task):
    """Every passive, by id with its version, asked with problems of `seed`."""

    mode: PassiveMode
    passives: dict[str, int]
    seed: Number


class PrimitiveTask(Task):
    """`count` problems of `seed` of each of these primitives."""

    primitives: Annotated[tuple[Id, ...], Field(min_length=1)]
    count: Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]
    seed: Number


class SparringTask(Task):
    """`count` problems of `seed` of a level's train split."""

    skill: SkillVersion
    level: LevelNumber
    count: Annotated[int, Field(ge=1, le=MAX_PROBLEMS)]
    seed: Number


class InferenceTask(Task):
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]
    max_tokens: Annotated[int, Field(ge=1, le=4096)]
