"""The measures that a condition may name: each a number of a campaign's record, with the words it is told in.

From which rows each is computed says `about`, the docstring of its function in measure_reads.py. Does not know how
conditions are written or combined.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import getdoc
from types import MappingProxyType
from typing import Final

from realm.rules import measure_reads as reads
from realm.rules.measure_reads import Arguments
from realm.rules.record import LONGEST_STREAK, CampaignRecord


@dataclass(frozen=True, slots=True)
class Known:
    """What arguments may name: skill id → its last level, and the ids of primitives and passives.

    `names` are shown in place of ids where there is one.
    """

    skills: Mapping[str, int]
    primitives: Collection[str]
    passives: Collection[str]
    names: Mapping[str, str] = field(default_factory=dict[str, str])


class Unit(StrEnum):
    """What kind of number a measure is: a whole one, hours, or a share of 1 that is shown as a percentage."""

    COUNT = "count"
    HOURS = "hours"
    ACCURACY = "accuracy"


Read = Callable[[CampaignRecord, Arguments], float | None]
Ceiling = Callable[[Known, Arguments], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure. `gte`, `gte_one` (for 1) and `lt` are the words of a condition on it; `takes` names its arguments.

    `ceiling`: the most that it can become, None where nothing bounds it.
    """

    read: Read
    unit: Unit
    takes: tuple[str, ...]
    gte: str
    gte_one: str
    lt: str
    ceiling: Ceiling | None

    @property
    def about(self) -> str:
        """From which rows it is computed."""
        return " ".join((getdoc(self.read) or "").split())


def _all_levels(known: Known, _: Arguments) -> float:
    return sum(known.skills.values())


def _last_level(known: Known, about: Arguments) -> float:
    return known.skills[about.skill]


def _longest_streak(_: Known, __: Arguments) -> float:
    return LONGEST_STREAK


def _one(_: Known, __: Arguments) -> float:
    return 1.0


def _count(
    read: Read, one: str, many: str, *takes: str, ceiling: Ceiling | None = None, unit: Unit = Unit.COUNT
) -> Measure:
    """A measure told as "at least 3 quests completed"."""
    return Measure(
        read, unit, takes, f"at least {{n}} {many}", f"at least 1 {one}", f"fewer than {{n}} {many}", ceiling
    )


def _accuracy(read: Read, noun: str, *takes: str) -> Measure:
    """A measure told as "exam accuracy at least 50 %"."""
    return Measure(read, Unit.ACCURACY, takes, f"{noun} at least {{n}}", f"{noun} 100 %", f"{noun} below {{n}}", _one)


def _phrase(read: Read, gte: str, lt: str, *takes: str, ceiling: Ceiling | None = None) -> Measure:
    return Measure(read, Unit.COUNT, takes, gte, gte, lt, ceiling)


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "steps": _count(reads.steps, "training step", "training steps"),
        "hero_level": _phrase(reads.hero_level, "hero level {n} or above", "hero level below {n}"),
        "tokens": _count(reads.tokens, "token trained on", "tokens trained on"),
        "examples": _count(reads.examples, "example trained on", "examples trained on"),
        "hours_trained": _count(reads.hours_trained, "hour of battle", "hours of battle", unit=Unit.HOURS),
        "training_days_streak": _count(reads.training_days_streak, "day with a battle", "days in a row with a battle"),
        "battles": _count(reads.battles, "battle", "battles"),
        "attempts": _count(reads.attempts, "attempt at a battle", "attempts at battles"),
        "quests_completed": _count(reads.quests_completed, "quest completed", "quests completed"),
        "posted_quests_completed": _count(
            reads.posted_quests_completed, "quest posted by a person completed", "quests posted by a person completed"
        ),
        "mastered_level": _phrase(
            reads.mastered_level,
            "{skill} level {n} mastered",
            "{skill} level {n} not mastered",
            "skill",
            ceiling=_last_level,
        ),
        "mastered_at_step": _phrase(
            reads.mastered_at_step,
            "{skill} level {level} mastered at step {n} or later",
            "{skill} level {level} mastered before step {n}",
            "skill",
            "level",
        ),
        "levels_mastered": _count(
            reads.levels_mastered, "level mastered", "levels mastered, all skills together", ceiling=_all_levels
        ),
        "skills_at_level": _count(
            reads.skills_at_level,
            "skill with level {level} mastered",
            "skills with level {level} mastered",
            "level",
            ceiling=lambda known, about: sum(last >= about.level for last in known.skills.values()),
        ),
        "ladders_exhausted": _count(
            reads.ladders_exhausted,
            "skill with every level mastered",
            "skills with every level mastered",
            ceiling=lambda known, _: len(known.skills),
        ),
        "levels_held": _count(
            reads.levels_held,
            "mastered level of {skill} at 80 % or above over its newest 100 problems",
            "mastered levels of {skill} at 80 % or above over their newest 100 problems",
            "skill",
            ceiling=_last_level,
        ),
        "best_accuracy": _accuracy(reads.best_accuracy, "best evaluation of {skill}", "skill"),
        "latest_accuracy": _accuracy(
            reads.latest_accuracy, "newest evaluation at the training level of {skill}", "skill"
        ),
        "level_best_accuracy": _accuracy(
            reads.level_best_accuracy, "best evaluation of {skill} level {level}", "skill", "level"
        ),
        "level_latest_accuracy": _accuracy(
            reads.level_latest_accuracy, "accuracy over the newest problems of {skill} level {level}", "skill", "level"
        ),
        "evaluation_streak": _count(
            reads.evaluation_streak,
            "evaluation of {skill} at 80 % or above",
            "evaluations of {skill} in a row at 80 % or above",
            "skill",
            ceiling=_longest_streak,
        ),
        "mastery_streak": _count(
            reads.mastery_streak,
            "level mastered with no battle failed between",
            "levels mastered with no battle failed between",
            ceiling=_all_levels,
        ),
        "levels_in_one_battle": _count(
            reads.levels_in_one_battle,
            "level mastered in a battle",
            "levels mastered in one battle",
            ceiling=_all_levels,
        ),
        "levels_in_three_evaluations": _count(
            reads.levels_in_three_evaluations,
            "level mastered with the first three evaluations at it",
            "levels mastered with the first three evaluations at them",
            ceiling=_all_levels,
        ),
        "evaluations": _count(reads.evaluations, "evaluation", "evaluations"),
        "problems": _count(reads.problems, "problem of evaluations answered", "problems of evaluations answered"),
        "exams": _count(reads.exams, "exam", "exams"),
        "exam_accuracy": _accuracy(reads.exam_accuracy, "exam accuracy"),
        "exam_records": _count(
            reads.exam_records, "exam better than all before it", "exams that were better than all before them"
        ),
        "checkpoints": _count(reads.checkpoints, "checkpoint in the ledger", "checkpoints in the ledger"),
        "checkpoints_copied": _count(
            reads.checkpoints_copied,
            "checkpoint with a copy in a stronghold",
            "checkpoints with a copy in a stronghold",
        ),
        "champions": _count(reads.champions, "champion in the ledger", "champions, present and former, in the ledger"),
        "primitive_accuracy": _accuracy(
            reads.primitive_accuracy, "accuracy over the newest outcomes of {primitive}", "primitive"
        ),
        "primitives_at": _count(
            reads.primitives_at,
            "primitive at {accuracy} or above over its newest outcomes",
            "primitives at {accuracy} or above over their newest outcomes",
            "accuracy",
            ceiling=lambda known, _: len(known.primitives),
        ),
        "primitives_measured": _count(
            reads.primitives_measured,
            "primitive with 50 outcomes",
            "primitives with 50 outcomes each",
            ceiling=lambda known, _: len(known.primitives),
        ),
        "primitive_outcomes": _count(reads.primitive_outcomes, "outcome of a primitive", "outcomes of primitives"),
        "passive_accuracy": _accuracy(reads.passive_accuracy, "best pool of the passive {passive}", "passive"),
        "passives_pooled": _count(
            reads.passives_pooled,
            "passive with ten results",
            "passives with ten results each",
            ceiling=lambda known, _: len(known.passives),
        ),
        "passive_results": _count(reads.passive_results, "result of a passive", "results of passives"),
        "sparring_sessions": _count(reads.sparring_sessions, "sparring session", "sparring sessions"),
        "mistakes_corrected": _count(
            reads.mistakes_corrected, "mistake right at the second try", "mistakes right at the second try"
        ),
    }
)
